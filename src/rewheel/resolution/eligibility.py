"""What rules a wheel out before variants are looked at: tags, Python, yanking, hashes (PEP 825)."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from rewheel.metadata.clauses import Clauses
from rewheel.metadata.version_keys import read
from rewheel.resolution.choice import Status, WheelVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewheel.indexes import File
    from rewheel.resolution.releases import Release, WheelFile

__all__ = ["Fitting", "Refused", "eligible_sdist", "eligible_wheels", "python_allows"]


class Fitting(Protocol):
    """What wheels have to fit: a target, or a Python on a described platform."""

    @property
    def tags(self) -> Mapping[str, int]:
        """Every wheel tag that can be used, with its rank."""
        ...

    @property
    def platforms(self) -> frozenset[str]:
        """The platform parts of the tags."""
        ...

    @property
    def markers(self) -> Mapping[str, str]:
        """The environment of dependency specifiers."""
        ...


_SDISTS = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
"""Forms of source distributions, the best first; all but the first are of before PEP 625."""


class Refused(Iterable[WheelVerdict]):
    """The wheels that are out. Why most of them are is said only if somebody asks: their tags do not fit."""

    def __init__(self, target: "Fitting") -> None:
        self._target = target
        self._foreign: list[WheelFile] = []
        self._verdicts: list[WheelVerdict] = []

    def add(self, wheel: "WheelFile", status: Status, reason: str) -> None:
        """Refuse a wheel for a reason."""
        self._verdicts.append(WheelVerdict(wheel.file, wheel.filename, status, reason))

    def add_foreign(self, wheel: "WheelFile") -> None:
        """Refuse a wheel none of whose tags fits."""
        self._foreign.append(wheel)

    def __iter__(self) -> "Iterator[WheelVerdict]":
        for wheel in self._foreign:
            reason = f"{_foreign_part(wheel, self._target)} does not fit this target"
            yield WheelVerdict(wheel.file, wheel.filename, Status.WRONG_PLATFORM, reason)
        yield from self._verdicts


def eligible_wheels(
    release: "Release", target: "Fitting", *, allowed_hashes: Collection[str] | None, pinned: bool
) -> tuple[list["WheelFile"], Refused]:
    """Split a release's wheels into those that variants decide among and those that are out.

    `pinned` says that a requirement names exactly this version: then, if there is nothing better, yanked
    files are taken (PEP 592). `allowed_hashes` of `None` allows any.
    """
    eligible: list[WheelFile] = []
    yanked: list[WheelFile] = []
    refused = Refused(target)
    for wheel in release.wheels:
        if wheel.tag_rank is None:
            refused.add_foreign(wheel)
            continue
        obstacle = _file_obstacle(wheel.file, target, allowed_hashes)
        if obstacle is not None:
            refused.add(wheel, *obstacle)
        elif wheel.file.yanked is not None:
            yanked.append(wheel)
        else:
            eligible.append(wheel)
    if pinned and not eligible:
        return yanked, refused
    for wheel in yanked:
        reason = f"yanked: {wheel.file.yanked}" if wheel.file.yanked else "yanked"
        refused.add(wheel, Status.YANKED, reason)
    return eligible, refused


def eligible_sdist(
    release: "Release", target: "Fitting", *, allowed_hashes: Collection[str] | None, pinned: bool
) -> "File | None":
    """Return the source distribution of a release that may be built, by the rules that wheels go by."""
    fitting = [file for file in release.sdists if _file_obstacle(file, target, allowed_hashes) is None]
    found = [file for file in fitting if file.yanked is None] or (fitting if pinned else [])
    return min(found, key=lambda file: _form(file.filename), default=None)


def _form(filename: str) -> int:
    return next((place for place, end in enumerate(_SDISTS) if filename.endswith(end)), len(_SDISTS))


@lru_cache(maxsize=1024)
def python_allows(requires_python: str, python: str) -> bool:
    """Tell whether a Requires-Python admits an interpreter; nonsense in it is no obstacle, as for pip."""
    try:
        clauses = Clauses.parse(",".join(filter(None, map(str.strip, requires_python.split(",")))))
    except ValueError:  # no clauses, or a number too long for Python
        return True
    return read(python) is not None and clauses.contain(python)


def _file_obstacle(
    file: "File", target: "Fitting", allowed_hashes: Collection[str] | None
) -> tuple[Status, str] | None:
    required = file.requires_python
    python = target.markers["python_full_version"]
    if required and not python_allows(required, python):
        return Status.WRONG_PYTHON, f"requires Python {required}; the target has {python}"
    if allowed_hashes is not None:
        algorithms = {entry.partition(":")[0] for entry in allowed_hashes}
        offered = {f"{name}:{digest}" for name, digest in file.hashes.items() if name in algorithms}
        if offered and offered.isdisjoint(allowed_hashes):
            return Status.WRONG_HASH, "its hash is not among those allowed"
    return None


def _foreign_part(wheel: "WheelFile", target: "Fitting") -> str:
    """Name the part of the wheel's tag that rules it out, the platform if it is to blame."""
    filename = wheel.filename
    if target.platforms.isdisjoint(filename.platform.split(".")):
        return f"platform {filename.platform}"
    return f"{filename.python}-{filename.abi}"
