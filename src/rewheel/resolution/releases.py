"""The files of a project page, sorted into releases: one version of a project, as one source offers it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from rewheel.indexes.groups import parse_version, tail_of
from rewheel.values import mutable
from rewheel.variants import WheelFilename

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    from rewheel.indexes import File, ProjectPage, Source
    from rewheel.indexes.groups import Group
    from rewheel.resolution.building import Buildable

__all__ = ["Release", "WheelFile", "parse_version", "releases_of", "tag_rank"]


Item = TypeVar("Item")


class WheelFile(NamedTuple):
    """A wheel of a release; `tag_rank` is the place of its best tag on the target, `None` if none fits."""

    file: "File"
    filename: WheelFilename
    tag_rank: int | None


@mutable
class Release:
    """One version of a project in one source; sources are never mixed inside a release.

    What is in it is made when somebody looks at it: of most releases of a page nobody ever does.
    """

    project: str
    version: "Version"
    source: "Source"
    wheels: Sequence[WheelFile] = ()
    index_files: Sequence["File"] = ()
    sdists: Sequence["File"] = ()
    sources: "Buildable | None" = None
    """What a requirement names that has to be built; such a release has nothing else."""
    direct_url: Mapping[str, Any] | None = None
    """What PEP 610 records of `sources`."""
    may_have_labels: bool = True
    """Whether the names of its wheels have more parts than that of a plain wheel without a build tag."""

    @property
    def key(self) -> "tuple[str, Version, str]":
        """What tells this release from every other one in a resolution."""
        return (self.project, self.version, self.source.name)

    @property
    def index_file(self) -> "File | None":
        """The variants index file, if there is one (PEP 825)."""
        return self.index_files[0] if self.index_files else None

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


def releases_of(
    page: "ProjectPage", tags: Mapping[str, int], tails: "dict[str, int | None] | None" = None
) -> "dict[Version, Release]":
    """Give the releases that a page has files of.

    Of two variants index files of a release the first listed counts. `tails` remembers from page to page
    what the ends of wheels' names mean on the target: thousands of files share a few of them.
    """
    ranks = tails if tails is not None else {}
    found = {}
    for group in page.groups:
        version = parse_version(group.version)
        if version is not None:
            found[version] = _release(page, version, group, tags, ranks)
    return found


def _release(
    page: "ProjectPage",
    version: "Version",
    group: "Group",
    tags: Mapping[str, int],
    ranks: dict[str, int | None],
) -> Release:
    def files(numbers: Sequence[int]) -> list["File"]:
        return [page.files[number] for number in numbers]

    def wheels() -> list[WheelFile]:
        found = []
        for file in files(group.wheels):
            filename, tail = WheelFilename.parse(file.filename), tail_of(file.filename)
            if tail not in ranks:
                ranks[tail] = tag_rank(filename, tags)
            found.append(WheelFile(file, filename, ranks[tail]))
        return found

    return Release(
        page.project,
        version,
        page.source,
        wheels=_Deferred(wheels) if group.wheels else (),
        index_files=_Deferred(partial(files, group.index_files)) if group.index_files else (),
        sdists=_Deferred(partial(files, group.sdists)) if group.sdists else (),
        may_have_labels=group.may_have_labels,
    )
