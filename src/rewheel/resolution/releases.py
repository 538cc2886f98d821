"""The files of a project page, sorted into releases: one version of a project, as one source offers it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from packaging.version import Version

from rewheel.variants import IndexFilename, InvalidFilename, WheelFilename, normalize_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.indexes import File, ProjectPage, Source
    from rewheel.resolution.building import Buildable

__all__ = ["Release", "WheelFile", "parse_version", "releases_of", "tag_rank"]


Item = TypeVar("Item")

_SDIST_EXTENSIONS = (".tar.gz", ".zip")
_PLAIN_DASHES = 4
"""In the name of a wheel that has neither build tag nor label."""
_LONGEST = 4096
_INVALID = -1
"""Stands for the rank of what is no end of a wheel's name."""
_VISIBLE = re.compile(r"[0-9A-Za-z.!+_]+\Z")
"""What the letters of a version (PEP 440) are, which leaves no room for those that a name must not have."""


class WheelFile(NamedTuple):
    """A wheel of a release; `tag_rank` is the place of its best tag on the target, `None` if none fits."""

    file: "File"
    filename: WheelFilename
    tag_rank: int | None


@dataclass(slots=True)
class Release:
    """One version of a project in one source; sources are never mixed inside a release.

    What is in it is made when somebody looks at it: of most releases of a page nobody ever does.
    """

    project: str
    version: Version
    source: "Source"
    wheels: Sequence[WheelFile] = ()
    index_file: "File | None" = None
    sdists: Sequence["File"] = ()
    sources: "Buildable | None" = None
    """What a requirement names that has to be built; such a release has nothing else."""
    direct_url: Mapping[str, Any] | None = None
    """What PEP 610 records of `sources`."""
    may_have_labels: bool = True
    """Whether the names of its wheels have more parts than that of a plain wheel without a build tag."""

    @property
    def key(self) -> tuple[str, Version, str]:
        """What tells this release from every other one in a resolution."""
        return (self.project, self.version, self.source.name)

    @property
    def is_yanked(self) -> bool:
        """Whether every file of the release is withdrawn, PEP 592."""
        files = [*(wheel.file for wheel in self.wheels), *self.sdists]
        return bool(files) and all(file.yanked is not None for file in files)

    @property
    def yank_reason(self) -> str:
        """Why it was withdrawn, in its maintainers' words; empty if they gave none."""
        files = [*(wheel.file for wheel in self.wheels), *self.sdists]
        return next((file.yanked for file in files if file.yanked), "")


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


class _Deferred(Sequence[Item]):
    """Something that is listed when it is first looked at."""

    __slots__ = ("_items", "_list")

    def __init__(self, items: "Callable[[], list[Item]]") -> None:
        self._list = items
        self._items: list[Item] | None = None

    def _all(self) -> list[Item]:
        if self._items is None:
            self._items = self._list()
        return self._items

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, number: int) -> Item: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Item]: ...

    def __getitem__(self, number: int | slice) -> Item | Sequence[Item]:
        return self._all()[number]

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all())


class _Numbers(NamedTuple):
    """Which files of a page are of one version, by their places on it."""

    wheels: list[int]
    sdists: list[int]
    index_files: list[int]


def releases_of(
    page: "ProjectPage", tags: Mapping[str, int], tails: "dict[str, int | None] | None" = None
) -> dict[Version, Release]:
    """Sort the page's files by version; what belongs to another project or has no valid name is left out.

    The variants index file belongs to the release whose version is equal to its own, not only written alike
    (PEP 825, index file name); of two such files the first listed counts. `tails` remembers from page to page
    what the ends of wheels' names mean: thousands of files share a few of them.
    """
    ranks = tails if tails is not None else {}
    names = page.names
    versions: dict[Version, _Numbers] = {}
    by_text: dict[str, _Numbers | None] = {}
    owned: dict[str, bool] = {}
    for number, name in enumerate(names):
        kind, text = 0, ""
        if name.endswith(".whl"):
            text = _wheel_version(name, page.project, owned, ranks, tags)
        elif name.endswith("-variants.json"):
            kind, text = 2, _index_file_version(name, page.project)
        else:
            kind, text = 1, _sdist_version(name, page.project, owned)
        if not text:
            continue
        if text in by_text:
            numbers = by_text[text]
        else:
            version = parse_version(text)
            numbers = by_text[text] = (
                versions.setdefault(version, _Numbers([], [], [])) if version is not None else None
            )
        if numbers is not None:
            numbers[kind].append(number)
    return {
        version: _release(page, version, numbers, ranks)
        for version, numbers in versions.items()
        if numbers.wheels or numbers.sdists
    }


def _release(
    page: "ProjectPage", version: Version, numbers: _Numbers, ranks: Mapping[str, int | None]
) -> Release:
    files, names = page.files, page.names

    def wheels() -> list[WheelFile]:
        return [
            WheelFile(files[n], WheelFilename.parse(names[n]), ranks[_tail(names[n])]) for n in numbers.wheels
        ]

    return Release(
        page.project,
        version,
        page.source,
        wheels=_Deferred(wheels),
        index_file=files[numbers.index_files[0]] if numbers.index_files else None,
        sdists=_Deferred(lambda: [files[number] for number in numbers.sdists]),
        may_have_labels=any(names[number].count("-") > _PLAIN_DASHES for number in numbers.wheels),
    )


def _wheel_version(
    name: str,
    project: str,
    owned: dict[str, bool],
    ranks: dict[str, int | None],
    tags: Mapping[str, int],
) -> str:
    """Return the version in a wheel's name; empty if the name is not valid or that of another project.

    A name is valid if its end would be so after any other beginning, which saves looking at each of them.
    """
    distribution, _, rest = name.partition("-")
    version, _, tail = rest.partition("-")
    if distribution not in owned:
        owned[distribution] = bool(distribution) and normalize_project(distribution) == project
    if not owned[distribution] or not version or len(name) > _LONGEST or not _VISIBLE.match(version):
        return ""
    if tail not in ranks:
        try:
            ranks[tail] = tag_rank(WheelFilename.parse(f"a-1-{tail}"), tags)
        except InvalidFilename:
            ranks[tail] = _INVALID
    return version if ranks[tail] != _INVALID else ""


def _tail(name: str) -> str:
    """Return what follows the version in a wheel's name."""
    return name.split("-", 2)[2]


def _index_file_version(name: str, project: str) -> str:
    try:
        parsed = IndexFilename.parse(name)
    except InvalidFilename:
        return ""
    return parsed.version if parsed.project == project else ""


def _sdist_version(name: str, project: str, owned: dict[str, bool]) -> str:
    for extension in _SDIST_EXTENSIONS:
        if name.endswith(extension):
            stem, _, version = name.removesuffix(extension).rpartition("-")
            if stem not in owned:
                owned[stem] = bool(stem) and normalize_project(stem) == project
            return version if owned[stem] else ""
    return ""
