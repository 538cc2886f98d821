"""The files of a project page, sorted into releases: one version of a project, as one source offers it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rewheel.indexes.groups import tail_of
from rewheel.values import mutable
from rewheel.variants import WheelFilename

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.indexes import File, ProjectPage, Source
    from rewheel.resolution.building import Buildable

__all__ = ["Release", "Releases", "WheelFile", "releases_of", "tag_rank"]


_TAG_PARTS = 3
"""Of a plain wheel's name behind the version: Python, ABI, platform."""
Item = TypeVar("Item")


class WheelFile:
    """A wheel of a release; `tag_rank` is the place of its best tag on the target, `None` if none fits.

    Of most wheels nothing matters but that they do not fit, so the rest is found out when it is asked for.
    """

    __slots__ = ("_file", "_filename", "_find", "name", "tag_rank")

    def __init__(
        self,
        name: str,
        tag_rank: int | None,
        find: "Callable[[], File]",
        filename: WheelFilename | None = None,
    ) -> None:
        """Take the file's name, which is valid, and what gives the file."""
        self.name = name
        self.tag_rank = tag_rank
        self._find = find
        self._file: File | None = None
        self._filename = filename

    @property
    def file(self) -> "File":
        """The file, as the index lists it."""
        if self._file is None:
            self._file = self._find()
        return self._file

    @property
    def filename(self) -> WheelFilename:
        """The parts of its name."""
        if self._filename is None:
            self._filename = WheelFilename.parse(self.name)
        return self._filename


@mutable
class Release:
    """One version of a project in one source; sources are never mixed inside a release.

    What is in it is made when somebody looks at it: of most releases of a page nobody ever does.
    """

    project: str
    version: str
    """As PEP 440 normalises it."""
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
    def key(self) -> tuple[str, str, str]:
        """What tells this release from every other one in a resolution."""
        return (self.project, self.version, self.source.name)

    @property
    def index_file(self) -> "File | None":
        """The variants index file, if there is one (PEP 825)."""
        return self.index_files[0] if self.index_files else None

    @property
    def has_wheel(self) -> bool:
        """Whether a wheel fits the target's tags."""
        return any(wheel.tag_rank is not None for wheel in self.wheels)

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


class Releases:
    """What one page offers, the newest version first; each release is made when somebody asks for it."""

    __slots__ = ("_names", "_page", "_ranks", "_tags", "groups")

    def __init__(
        self, page: "ProjectPage", tags: Mapping[str, int], tails: "dict[str, int | None] | None" = None
    ) -> None:
        """`tails` remembers from page to page what the ends of wheels' names mean on the target.

        Thousands of files share a few of them.
        """
        self._page = page
        self._tags = tags
        self._ranks = tails if tails is not None else {}
        self._names = page.names
        self.groups = page.releases

    def __len__(self) -> int:
        return len(self.groups)

    def release(self, number: int) -> Release:
        """Make the release with a number. Of two variants index files of it the first listed counts."""
        page, group = self._page, self.groups[number]
        return Release(
            page.project,
            self.groups.versions[number],
            page.source,
            wheels=_Deferred(partial(self._wheels, group.wheels)) if group.wheels else (),
            index_files=_Deferred(partial(self._files, group.index_files)) if group.index_files else (),
            sdists=_Deferred(partial(self._files, group.sdists)) if group.sdists else (),
            may_have_labels=group.may_have_labels,
        )

    def is_withdrawn(self, number: int) -> bool:
        """Tell whether every file of a release is yanked, PEP 592."""
        if self.groups.withdrawn is not None:
            return bool(self.groups.withdrawn >> number & 1)
        return all(file.yanked is not None for file in self._files(self.groups[number].distributions))

    def _files(self, numbers: Sequence[int]) -> list["File"]:
        return [self._page.files[number] for number in numbers]

    def _wheels(self, numbers: Sequence[int]) -> list[WheelFile]:
        files, names = self._page.files, self._names
        if isinstance(numbers, range):
            listed = names[numbers.start : numbers.stop]
        else:
            listed = [names[number] for number in numbers]
        return [
            WheelFile(name, self._rank(name), partial(files.__getitem__, number))
            for number, name in zip(numbers, listed, strict=True)
        ]

    def _rank(self, name: str) -> int | None:
        tail = tail_of(name)
        if tail not in self._ranks:
            parts = tail.removesuffix(".whl").split("-")
            is_plain = len(parts) == _TAG_PARTS and tail.endswith(".whl")
            filename = WheelFilename("", "", "", *parts) if is_plain else WheelFilename.parse(name)
            self._ranks[tail] = tag_rank(filename, self._tags)
        return self._ranks[tail]


def releases_of(
    page: "ProjectPage", tags: Mapping[str, int], tails: "dict[str, int | None] | None" = None
) -> list[Release]:
    """Give all the releases that a page has files of, the newest first."""
    found = Releases(page, tags, tails)
    return [found.release(number) for number in range(len(found))]
