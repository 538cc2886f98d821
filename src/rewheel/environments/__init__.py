"""Target environments: the interpreter's facts, wheel tags, where files go, and what is installed."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
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

_HOMES = {
    "DamagedDistribution": "errors",
    "DescribedPython": "described",
    "EnvironmentsError": "errors",
    "InstalledDistribution": "installed",
    "Interpreter": "interpreter",
    "InterpreterCache": "remembered",
    "InterpreterError": "errors",
    "InterpreterNotFound": "errors",
    "InterpreterTooOld": "errors",
    "InvalidTarget": "errors",
    "NoEnvironment": "errors",
    "PlatformDescription": "tags",
    "Scheme": "scheme",
    "Target": "target",
    "UnknownPlatform": "errors",
    "find_target": "target",
    "scan": "installed",
}

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

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
