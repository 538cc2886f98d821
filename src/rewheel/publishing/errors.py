"""What can be wrong with a folder that is about to be published.

RewheelError
    PublishingError
        InvalidSdist            a source distribution cannot be read
        UnusableDirectory       the folder cannot be read or written
        UnpublishableRelease    its wheels are invalid or contradict each other; `problems` says how
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rewheel.errors import RewheelError

__all__ = ["InvalidSdist", "Problem", "PublishingError", "UnpublishableRelease", "UnusableDirectory"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a maintainer should know about one file; `fatal` ones stop the publication.

    `code` names the kind of problem for programs and may be empty; `message` is for people.
    """

    file: str
    message: str
    code: str = ""
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


class PublishingError(RewheelError):
    """Publishing stopped; whatever was published before is still as it was."""


class InvalidSdist(PublishingError, ValueError):
    """The file is not a source distribution that can be read."""


class UnusableDirectory(PublishingError, OSError):
    """The folder, or a file in it, cannot be read or written."""

    def __init__(self, path: Path, error: OSError | str, *, hint: str = "") -> None:
        self.path = path
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else error
        super().__init__(f"{path}: {reason}", hint=hint)


class UnpublishableRelease(PublishingError, ValueError):
    """Wheels are invalid or contradict each other; nothing was written.

    `problems` holds everything that was found, the harmless things too, so that one look is enough to
    mend a release.
    """

    def __init__(self, directory: Path, problems: Sequence[Problem], *, hint: str = "") -> None:
        self.directory = directory
        self.problems = tuple(problems)
        fatal = [str(problem) for problem in self.problems if problem.fatal]
        count = "1 problem" if len(fatal) == 1 else f"{len(fatal)} problems"
        super().__init__("\n  ".join([f"{directory}: {count}, nothing was written", *fatal]), hint=hint)
