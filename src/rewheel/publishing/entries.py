"""The files of a release as far as an index has to know them, and releases made of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.metadata import CoreMetadata
from rewheel.variants import IndexFilename, VariantMetadata, WheelFilename

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Entry", "IndexEntry", "Release", "SdistEntry", "WheelEntry", "releases_of"]


@dataclass(frozen=True, slots=True)
class WheelEntry:
    """A wheel that is known by what it says of itself; whether it may be published, findings tell."""

    path: Path
    """Where it lies; for a wheel that is elsewhere just its name."""
    filename: WheelFilename
    version: "Version"
    metadata: bytes
    """Its METADATA."""
    core: CoreMetadata
    variants: VariantMetadata | None
    """What its `variant.json` says; None for a plain wheel, and for one whose own is not valid."""
    size: int
    sha256: str = ""
    """Hexadecimal; empty if nobody asked for it."""

    @property
    def requires_python(self) -> str:
        """Which Pythons it is for, as it is written."""
        return self.core.requires_python


@dataclass(frozen=True, slots=True)
class SdistEntry:
    """A source distribution that is known by what it says of itself."""

    path: Path
    project: str
    version: "Version"
    metadata: bytes
    """Its PKG-INFO."""
    core: CoreMetadata
    size: int
    sha256: str = ""
    """Hexadecimal; empty if nobody asked for it."""

    @property
    def requires_python(self) -> str:
        """Which Pythons it is for, as it is written."""
        return self.core.requires_python


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An index file (`foo-1.0-variants.json`)."""

    path: Path
    filename: IndexFilename
    version: "Version"
    variants: VariantMetadata | None
    """What it says; None when it is not valid."""


@dataclass(frozen=True, slots=True)
class Release:
    """All files of one version of one project."""

    project: str
    version: "Version"
    wheels: tuple[WheelEntry, ...]
    sdists: tuple[SdistEntry, ...]
    index_files: tuple[IndexEntry, ...]

    @property
    def variant_wheels(self) -> tuple[WheelEntry, ...]:
        """The wheels that have a label."""
        return tuple(wheel for wheel in self.wheels if wheel.filename.label)

    @property
    def is_listed(self) -> bool:
        """Whether an index has anything to list: an index file alone describes nothing."""
        return bool(self.wheels or self.sdists)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the wheels, each once, sorted."""
        return tuple(sorted({wheel.filename.label for wheel in self.variant_wheels}))


Entry = WheelEntry | SdistEntry | IndexEntry


def releases_of(entries: Iterable[Entry]) -> Iterator[Release]:
    """Group by project and PEP 440 version, so that 1.0 and 1.0.0 are one release."""
    groups: dict[tuple[str, Version], list[Entry]] = {}
    for entry in entries:
        project = entry.project if isinstance(entry, SdistEntry) else entry.filename.project
        groups.setdefault((project, entry.version), []).append(entry)
    for (project, version), members in sorted(groups.items(), key=lambda item: item[0]):
        yield Release(
            project,
            version,
            tuple(entry for entry in members if isinstance(entry, WheelEntry)),
            tuple(entry for entry in members if isinstance(entry, SdistEntry)),
            tuple(entry for entry in members if isinstance(entry, IndexEntry)),
        )
