"""What the index that a release is meant for accepts: sizes, platform tags, versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from rewheel.errors import UsageError
from rewheel.publishing.entries import Entry, IndexEntry, WheelEntry
from rewheel.publishing.findings import Collector, Finding

__all__ = ["NO_LIMITS", "PYPI", "Limits", "check_limits", "size_shown"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
_SIZE = re.compile(r"([0-9]{1,12})\s*([kmg]i?)?b?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an index accepts; None stands for no limit, sizes are in bytes."""

    file: int | None = None
    project: int | None = None
    is_public: bool = False
    """Whether it refuses what only makes sense at home: linux_* tags and local versions."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `none`, `pypi`, or `FILE[,PROJECT]` such as `1GiB,50GiB`; raises UsageError."""
        if text == "none":
            return cls()
        if text == "pypi":
            return cls(file=100 << 20, project=10 << 30, is_public=True)
        file, _, project = text.partition(",")
        return cls(file=_size(file, text), project=_size(project, text) if project else None)


NO_LIMITS = Limits()
PYPI = Limits.parse("pypi")
"""The limits that a project on PyPI begins with."""


def _size(text: str, whole: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"--limits {whole!r}: {text.strip()!r} is not a size",
            hint="write pypi, none, or the largest FILE and PROJECT, such as 500MiB,20GiB",
        )
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


def check_limits(entries: Iterable[Entry], limits: Limits) -> list[Finding]:
    """Compare files with what the index accepts; what it holds of the project already is not known here."""
    found = Collector("")
    totals: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry, IndexEntry):
            continue
        project = entry.filename.project if isinstance(entry, WheelEntry) else entry.project
        totals[project] = totals.get(project, 0) + entry.size
        name = entry.path.name
        if limits.file is not None and entry.size > limits.file:
            message = f"has {size_shown(entry.size)}, the index takes {size_shown(limits.file)}"
            found.add("RW151", message, file=name)
        if limits.is_public:
            _check_public(entry, name, found)
    for project, total in totals.items():
        if limits.project is not None and total > limits.project:
            message = f"has {size_shown(total)} here alone, the index takes {size_shown(limits.project)}"
            found.add("RW152", message, file=project)
    return list(found)


def _check_public(entry: Entry, name: str, found: Collector) -> None:
    if entry.version.local is not None:
        found.add("RW154", f"is of the local version {entry.version}", file=name)
    if isinstance(entry, WheelEntry):
        refused = [tag for tag in entry.filename.platform.split(".") if tag.startswith("linux_")]
        if refused:
            found.add("RW153", f"has the platform tag {refused[0]}", file=name)


def size_shown(size: int) -> str:
    """Write a size for people, in the units that indexes state their limits in."""
    for unit, count in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= count:
            return f"{size / count:.1f} {unit}"
    return f"{size} bytes"
