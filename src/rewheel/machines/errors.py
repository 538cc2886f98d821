"""What can go wrong with machines, drawn once.

RewheelError
  MachinesError
    MachineFileError    a machine file that cannot be read, understood or written
"""

from pathlib import Path

from rewheel.errors import RewheelError

__all__ = ["MachineFileError", "MachinesError"]


class MachinesError(RewheelError):
    """A question about a machine that could not be answered."""


class MachineFileError(MachinesError, ValueError):
    """A machine file that cannot be read, understood or written; `problem` says why."""

    def __init__(self, path: Path, problem: str, *, hint: str = "") -> None:
        super().__init__(f"machine file {path}: {problem}", hint=hint)
        self.path = path
        self.problem = problem
