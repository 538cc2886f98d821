"""The files of a project page, sorted into releases: one version of a project, as one source offers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from rewheel.variants import IndexFilename, InvalidFilename, WheelFilename, normalize_project

if TYPE_CHECKING:
    from rewheel.indexes import File, ProjectPage, Source
    from rewheel.resolution.building import Buildable

__all__ = ["Release", "WheelFile", "parse_version", "releases_of", "tag_rank"]


_SDIST_EXTENSIONS = (".tar.gz", ".zip")


class WheelFile(NamedTuple):
    """A wheel of a release; `tag_rank` is the place of its best tag on the target, `None` if none fits."""

    file: "File"
    filename: WheelFilename
    tag_rank: int | None


@dataclass(slots=True)
class Release:
    """One version of a project in one source; sources are never mixed inside a release."""

    project: str
    version: Version
    source: "Source"
    wheels: list[WheelFile] = field(default_factory=list)
    index_file: "File | None" = None
    sdists: list["File"] = field(default_factory=list)
    sources: "Buildable | None" = None
    """What a requirement names that has to be built; such a release has nothing else."""
    direct_url: Mapping[str, Any] | None = None
    """What PEP 610 records of `sources`."""

    @property
    def key(self) -> tuple[str, Version, str]:
        """What tells this release from every other one in a resolution."""
        return (self.project, self.version, self.source.name)

    @property
    def is_yanked(self) -> bool:
        """Whether every file of the release is withdrawn, PEP 592."""
        files = [wheel.file for wheel in self.wheels] + self.sdists
        return bool(files) and all(file.yanked is not None for file in files)


@lru_cache(maxsize=65536)
def parse_version(text: str) -> Version | None:
    """Return the PEP 440 version, or `None` for text that is none."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return None


def tag_rank(filename: WheelFilename, tags: Mapping[str, int]) -> int | None:
    """Return the rank of the wheel's best tag on a target, 0 being the best, or `None` if none fits."""
    return min((rank for tag in filename.tags() if (rank := tags.get(tag)) is not None), default=None)


def releases_of(page: "ProjectPage", tags: Mapping[str, int]) -> dict[Version, Release]:
    """Sort the page's files by version; what belongs to another project or has no valid name is left out.

    The variants index file belongs to the release whose version is equal to its own, not only written alike
    (PEP 825, index file name); of two such files the first listed counts.
    """
    releases: dict[Version, Release] = {}
    index_files: list[tuple[Version, File]] = []
    for file in page.files:
        name = file.filename
        if name.endswith(".whl"):
            wheel = _wheel(file, page.project, tags)
            version = parse_version(wheel.filename.version) if wheel else None
            if wheel is not None and version is not None:
                _release(releases, page, version).wheels.append(wheel)
        elif name.endswith("-variants.json"):
            version = _index_file_version(name, page.project)
            if version is not None:
                index_files.append((version, file))
        elif (version := _sdist_version(name, page.project)) is not None:
            _release(releases, page, version).sdists.append(file)
    for version, file in index_files:
        found = releases.get(version)
        if found is not None and found.index_file is None:
            found.index_file = file
    return releases


def _release(releases: dict[Version, Release], page: "ProjectPage", version: Version) -> Release:
    found = releases.get(version)
    if found is None:
        found = releases[version] = Release(page.project, version, page.source)
    return found


def _wheel(file: "File", project: str, tags: Mapping[str, int]) -> WheelFile | None:
    try:
        filename = WheelFilename.parse(file.filename)
    except InvalidFilename:
        return None
    return WheelFile(file, filename, tag_rank(filename, tags)) if filename.project == project else None


def _index_file_version(name: str, project: str) -> Version | None:
    try:
        parsed = IndexFilename.parse(name)
    except InvalidFilename:
        return None
    return parse_version(parsed.version) if parsed.project == project else None


def _sdist_version(name: str, project: str) -> Version | None:
    for extension in _SDIST_EXTENSIONS:
        if name.endswith(extension):
            stem, _, version = name.removesuffix(extension).rpartition("-")
            return parse_version(version) if stem and normalize_project(stem) == project else None
    return None
