"""What can keep sources from becoming a wheel.

BuildsError
    InvalidProject         the sources do not say, or say wrongly, how they are built (also a ValueError)
    UnsafeSources          an archive of sources would reach outside its folder or swallow the disk
    RepositoryError        git could not give what was named
    BuildFailed            the build backend failed; `log` is the file with all that it printed
    CircularBuild          building a project needs the project itself to be built first
    PassthroughConflict    what is installed is not what the sources require for their build
"""

from pathlib import Path

from rewheel.errors import RewheelError

__all__ = [
    "BuildFailed",
    "BuildsError",
    "CircularBuild",
    "InvalidProject",
    "PassthroughConflict",
    "RepositoryError",
    "UnsafeSources",
]


class BuildsError(RewheelError):
    """No wheel could be made."""


class InvalidProject(BuildsError, ValueError):
    """What the sources say about their build cannot be used."""


class UnsafeSources(BuildsError, ValueError):
    """An archive of sources that must not be unpacked."""

    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(f"{archive} can't be unpacked: {reason}", hint="ask its author to repair it")
        self.archive = archive
        self.reason = reason


class RepositoryError(BuildsError):
    """A repository or a revision could not be had."""


class BuildFailed(BuildsError):
    """A build backend failed; the end of what it printed is part of the message."""

    def __init__(
        self, what: str, reason: str, *, tail: str = "", log: Path | None = None, hint: str = ""
    ) -> None:
        lines = "".join(f"\n  | {line}" for line in tail.splitlines())
        where = f"\n  all of its output: {log}" if log is not None else ""
        super().__init__(
            f"{what} could not be built: {reason}{lines}{where}",
            hint=hint
            or "the output tells what its build needs; a version with a wheel for this platform needs none",
        )
        self.reason = reason
        self.tail = tail
        self.log = log


class CircularBuild(BuildsError):
    """Building a project comes down to building it first; `chain` names who needs whom."""

    def __init__(self, chain: tuple[str, ...]) -> None:
        super().__init__(
            f"building {chain[0]} needs itself to be built: {' needs '.join(chain)}",
            hint=f"allow wheels of {chain[-1]}, or install what the build needs and use --no-build-isolation",
        )
        self.chain = chain


class PassthroughConflict(BuildsError):
    """An installed package that a build is to see is not of a version that the build accepts."""
