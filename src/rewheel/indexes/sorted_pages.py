"""Pages as they are kept once they were read: sorted by version, so that a later run reads what it looks at.

A page has thousands of files, and a resolution looks at those of a few versions. So a page that is met again
unchanged is kept in another form beside the document: a line of JSON with what holds for the whole page and
with the versions, newest first, what they sort by, and where the wheels, source distributions and index files
of each begin; then for each of them a JSON list with its files, and one with the files of no version. Most of
these lists are in an entry of their own, which is read only if somebody looks at an old version.
None of it depends on the computer. It is good for one document only, that with the SHA-256 in its entries.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from rewheel.indexes.files import File, ProjectPage, RimPlace
from rewheel.indexes.groups import Group
from rewheel.indexes.listing import Listing
from rewheel.indexes.sorted_groups import SortedGroups, bits_of
from rewheel.indexes.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.indexes.cache import Cache
    from rewheel.indexes.documents import Document
    from rewheel.indexes.source import Source

__all__ = ["SortedPages"]

_KIND = "pages-3"
"""Of entries in the cache; the number changes with their form."""
_KIND_OF_OLD = f"{_KIND}-old"
"""Of the entries with the files of older versions."""
_NEAR = 24 * 1024
"""Bytes of files of the newest versions that are kept with the versions; few resolutions look further."""
_SMALLEST = 4096
"""Bytes of a page below which reading it again costs no more."""


class SortedPages:
    """Pages of one source in the cache. Whatever is wrong with an entry, it counts as missing."""

    def __init__(self, cache: "Cache", source: "Source") -> None:
        self._cache = cache
        self._source = source

    def find(
        self, project: str, document: "Document", read_again: "Callable[[], ProjectPage]"
    ) -> ProjectPage | None:
        """Give the page that was kept of this very document, whose body is not needed; None if none was.

        `read_again` reads the document: when the files of an old version are asked for, and are damaged.
        """
        body = self._get(_KIND, project, document)
        if body is None:
            return None

        def old() -> bytes:
            found = self._get(_KIND_OF_OLD, project, document)
            return found if found is not None else self._put(read_again(), document)

        try:
            return _read(body, old, project, self._source, redact(document.url))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def keep(self, page: ProjectPage, document: "Document") -> None:
        """Keep what was read of a document."""
        if len(document.body) >= _SMALLEST:
            self._put(page, document)

    def _get(self, kind: str, project: str, document: "Document") -> bytes | None:
        entry = self._cache.get(kind, f"{document.url}\n{project}")
        is_it = entry is not None and entry.meta.get("document") == document.digest
        return entry.body if entry is not None and is_it else None

    def _put(self, page: ProjectPage, document: "Document") -> bytes:
        """Write what is kept of a page, and return the part with the old versions."""
        key, meta = f"{document.url}\n{page.project}", {"document": document.digest}
        body, old = _written(page)
        if old:
            self._cache.put(_KIND_OF_OLD, key, meta, old)
        self._cache.put(_KIND, key, meta, body)
        return old


# Writing


def _written(page: ProjectPage) -> tuple[bytes, bytes]:
    groups = SortedGroups.of(page.groups)
    pieces: list[bytes] = []
    spelled: dict[int, str] = {}
    firsts, sdists, index_files, places = [0], [], [], [0]
    withdrawn: list[bool] = []
    rest = set(range(len(page.files)))
    for place, group in enumerate(groups):
        numbers = [*group.wheels, *group.sdists, *group.index_files]
        pieces.append(_rows(page.files, numbers))
        if group.version != groups.versions[place]:
            spelled[place] = group.version
        sdists.append(firsts[-1] + len(group.wheels))
        index_files.append(sdists[-1] + len(group.sdists))
        firsts.append(firsts[-1] + len(numbers))
        places.append(places[-1] + len(pieces[-1]))
        withdrawn.append(all(page.files[number].yanked is not None for number in group.distributions))
        rest.difference_update(numbers)
    pieces.append(_rows(page.files, sorted(rest)))
    lengths = [*places[1:], places[-1] + len(pieces[-1])]
    near = next((place for place, length in enumerate(lengths, 1) if length >= _NEAR), len(pieces))
    head = [
        " ".join(groups.versions),
        # Keys have blanks in them, which versions have not.
        "\t".join(groups.keys),
        spelled,
        [hex(each) for each in (groups.early, groups.labelled, bits_of(withdrawn))],
        [firsts, sdists, index_files, places],
        [len(rest), lengths[-1], lengths[near - 1]],
        [page.status, page.status_reason, page.tracks, page.alternate_locations, page.versions],
    ]
    return b"".join([_json(head), b"\n", *pieces[:near]]), b"".join(pieces[near:])


def _rows(files: Sequence[File], numbers: Iterable[int]) -> bytes:
    return _json([_row(files[number]) for number in numbers])


def _row(file: File) -> Sequence[Any]:
    return (
        file.filename,
        file.url,
        file.hashes,
        file.requires_python,
        file.yanked,
        file.size,
        file.upload_time,
        file.core_metadata,
        file.rim,
    )


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


# Reading


def _read(body: bytes, old: "Callable[[], bytes]", project: str, source: "Source", url: str) -> ProjectPage:
    end = body.index(b"\n")
    joined, joined_keys, spelled, sets, counted, (count, length, near), about = json.loads(body[:end])
    versions, keys = joined.split(), joined_keys.split("\t") if joined_keys else []
    early, labelled, withdrawn = (int(each, 16) for each in sets)
    firsts, sdists, index_files, places = counted
    if len(keys) != len(versions) or {len(firsts), len(places)} != {len(sdists) + 1, len(versions) + 1}:
        raise ValueError(len(versions))
    start = end + 1
    if len(index_files) != len(sdists) or start + near != len(body) or not near <= length:
        raise ValueError(near)

    def group(number: int) -> Group:
        return Group(
            spelled.get(str(number), versions[number]),
            range(firsts[number], sdists[number]),
            range(sdists[number], index_files[number]),
            range(index_files[number], firsts[number + 1]),
            bool(labelled >> number & 1),
        )

    rows = _Rows(body[start:], old, firsts, [*places, length], firsts[-1] + count)
    status, reason, tracks, locations, known = about
    return ProjectPage(
        project,
        Listing(_Names(rows), lambda number: _file(rows.row(number), source)),
        source,
        url,
        tuple(known),
        status,
        reason,
        tuple(tracks),
        tuple(locations),
        SortedGroups(versions, keys, group, early=early, labelled=labelled, withdrawn=withdrawn),
    )


class _Rows:
    """What is known of the files, read list by list when one of its files is looked at."""

    def __init__(
        self,
        near: bytes,
        old: "Callable[[], bytes]",
        firsts: Sequence[int],
        places: Sequence[int],
        count: int,
    ) -> None:
        """Take the number of the first file, and the place of the first byte, of each list of files.

        The places count from the beginning of `near`, and go on in what `old` gives, up to the last of them.
        """
        self._near = near
        self._find_old = old
        self._old: bytes | None = None
        self._numbers = firsts
        self._places = places
        self._read: dict[int, Sequence[Sequence[Any]]] = {}
        self.count = count

    def row(self, number: int) -> Sequence[Any]:
        """Give what is known of a file."""
        part = bisect_right(self._numbers, number) - 1
        rows = self._read.get(part)
        if rows is None:
            rows = self._read[part] = json.loads(self._between(self._places[part], self._places[part + 1]))
        return rows[number - self._numbers[part]]

    def _between(self, first: int, behind: int) -> bytes:
        if behind <= len(self._near):
            return self._near[first:behind]
        if self._old is None:
            self._old = self._find_old()
        return self._old[first - len(self._near) : behind - len(self._near)]


class _Names(Sequence[str]):
    """The names of the files."""

    __slots__ = ("_rows",)

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return self._rows.count

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[str]: ...

    def __getitem__(self, number: int | slice) -> str | Sequence[str]:
        if isinstance(number, slice):
            rows = self._rows
            return [rows.row(each)[0] for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        name: str = self._rows.row(number % len(self))[0]
        return name

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))


def _file(row: Sequence[Any], source: "Source") -> File:
    name, url, hashes, requires_python, yanked, size, upload_time, core_metadata, rim = row
    place = RimPlace(*rim) if rim is not None else None
    return File(name, url, hashes, requires_python, yanked, size, upload_time, core_metadata, source, place)
