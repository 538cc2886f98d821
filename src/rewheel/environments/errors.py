"""What can be wrong with the environment that a command is for.

EnvironmentsError
    NoEnvironment              nothing says which environment is meant (also a LookupError)
    InvalidTarget              what was named cannot be installed into
    UnknownPlatform            a described platform has no wheel tags
    InterpreterError           the interpreter does not answer
        InterpreterNotFound    ... because there is none (also a LookupError)
        InterpreterTooOld      ... because its Python is too old
    DamagedDistribution        an installed distribution lacks a file that is needed
"""

from rewheel.errors import RewheelError

__all__ = [
    "DamagedDistribution",
    "EnvironmentsError",
    "InterpreterError",
    "InterpreterNotFound",
    "InterpreterTooOld",
    "InvalidTarget",
    "NoEnvironment",
    "UnknownPlatform",
]


class EnvironmentsError(RewheelError):
    """Something about a Python environment went wrong."""


class NoEnvironment(EnvironmentsError, LookupError):
    """Nothing says which environment is meant."""


class InvalidTarget(EnvironmentsError):
    """What was named cannot be installed into."""


class UnknownPlatform(EnvironmentsError):
    """A described platform is none that wheels are made for."""


class InterpreterError(EnvironmentsError):
    """The interpreter `executable` does not answer; `reason` is a sentence fragment."""

    def __init__(self, executable: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{executable}: {reason}", hint=hint)
        self.executable = executable
        self.reason = reason


class InterpreterNotFound(InterpreterError, LookupError):
    """There is no such interpreter."""


class InterpreterTooOld(InterpreterError):
    """The interpreter is a Python, but one that this tool does not install into."""


class DamagedDistribution(EnvironmentsError):
    """The installed distribution `name` lacks a file that is needed, or the file cannot be read."""

    def __init__(self, name: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{name} is damaged: {reason}", hint=hint)
        self.name = name
        self.reason = reason
