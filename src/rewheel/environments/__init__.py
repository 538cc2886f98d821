"""Target environments: the interpreter's facts, wheel tags, where files go, and what is installed."""

from rewheel.environments.described import DescribedPython
from rewheel.environments.errors import (
    DamagedDistribution,
    EnvironmentsError,
    InterpreterError,
    InterpreterNotFound,
    InterpreterTooOld,
    InvalidTarget,
    NoEnvironment,
    UnknownPlatform,
)
from rewheel.environments.installed import InstalledDistribution, scan
from rewheel.environments.interpreter import Interpreter
from rewheel.environments.remembered import InterpreterCache
from rewheel.environments.scheme import Scheme
from rewheel.environments.tags import PlatformDescription
from rewheel.environments.target import Target, find_target

__all__ = [
    "DamagedDistribution",
    "DescribedPython",
    "EnvironmentsError",
    "InstalledDistribution",
    "Interpreter",
    "InterpreterCache",
    "InterpreterError",
    "InterpreterNotFound",
    "InterpreterTooOld",
    "InvalidTarget",
    "NoEnvironment",
    "PlatformDescription",
    "Scheme",
    "Target",
    "UnknownPlatform",
    "find_target",
    "scan",
]
