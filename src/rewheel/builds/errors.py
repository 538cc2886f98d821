"""What can keep sources from becoming a wheel.

BuildsError
    InvalidProject         the sources do not say, or say wrongly, how they are built (also a ValueError)
        InvalidDeclaration     pyproject.toml declares what can't be built; `problems` has each with its line
    UnknownLabels          a variant was asked for that the project does not declare (also a LookupError)
    UnsafeSources          an archive of sources would reach outside its folder or swallow the disk
    RepositoryError        git could not give what was named
    BuildFailed            the build backend failed; `log` is the file with all that it printed
    CircularBuild          building a project needs the project itself to be built first
    ConflictingWheels      two interpreters made different wheels of one name
    PassthroughConflict    what is installed is not what the sources require for their build
"""

from collections.abc import Sequence
from pathlib import Path

from rewheel.errors import RewheelError

__all__ = [
    "BuildFailed",
    "BuildsError",
    "CircularBuild",
    "ConflictingWheels",
    "InvalidDeclaration",
    "InvalidProject",
    "PassthroughConflict",
    "RepositoryError",
    "UnknownLabels",
    "UnsafeSources",
]

_SHOWN = 20
"""How many mistakes of one file are told at once."""


class BuildsError(RewheelError):
    """No wheel could be made."""


class InvalidProject(BuildsError, ValueError):
    """What the sources say about their build cannot be used."""


class InvalidDeclaration(InvalidProject):
    """A pyproject.toml with mistakes about its variants, all of them at once."""

    def __init__(self, place: str, problems: Sequence[tuple[int, str]], *, hint: str = "") -> None:
        """`problems` are pairs of a line, from 1, and what is wrong there."""
        told = [f"{place}:{line}: {text}" for line, text in sorted(problems)]
        more = f"\n  and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        super().__init__("\n  ".join(told[:_SHOWN]) + more, hint=hint)
        self.place = place
        self.problems = tuple(sorted(problems))


class UnknownLabels(BuildsError, LookupError):
    """Variants that a project does not declare."""

    def __init__(self, place: str, labels: Sequence[str], known: Sequence[str]) -> None:
        listed = ", ".join(known)
        has = f"it has {listed}" if known else "it has no table [variant]"
        super().__init__(
            f"{place} declares no variant {', '.join(map(repr, labels))}; {has}",
            hint="declare it in [variant.variants]" if known else "`rewheel variant init` writes a first one",
        )
        self.labels = tuple(labels)
        self.known = tuple(known)


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


class ConflictingWheels(BuildsError):
    """Two builds of one run gave different files the same name."""

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"two interpreters made different wheels called {filename}",
            hint="build for one interpreter at a time, or let the backend give them tags of their own",
        )
        self.filename = filename
