"""Pages as they are kept once they were read: sorted by version, so that a later run reads what it looks at.

A page has thousands of files, and a resolution looks at those of a few versions. So a page that is met again
unchanged is kept in another form beside the document: a line of JSON with what holds for the whole page and,
newest version first, how many wheels, source distributions and index files each version has and how many
bytes they take; then for each of them a JSON list with its files, and one with the files of no version.
None of it depends on the computer. It is good for one document only, that with the SHA-256 in its entry.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from rewheel.indexes.files import File, ProjectPage, RimPlace
from rewheel.indexes.groups import Group, parse_version
from rewheel.indexes.listing import Listing
from rewheel.indexes.urls import redact

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.indexes.cache import Cache
    from rewheel.indexes.documents import Document
    from rewheel.indexes.source import Source

__all__ = ["SortedPages"]

_KIND = "pages-1"
"""Of entries in the cache; the number changes with their form."""
_SMALLEST = 4096
"""Bytes of a page below which reading it again costs no more."""


class SortedPages:
    """Pages of one source in the cache. Whatever is wrong with an entry, it counts as missing."""

    def __init__(self, cache: "Cache", source: "Source") -> None:
        self._cache = cache
        self._source = source

    def find(self, project: str, document: "Document") -> ProjectPage | None:
        """Give the page that was kept of this very document, whose body is not needed; None if none was."""
        entry = self._cache.get(_KIND, f"{document.url}\n{project}")
        if entry is None or entry.meta.get("document") != document.digest:
            return None
        try:
            return _read(entry.body, project, self._source, redact(document.url))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def keep(self, page: ProjectPage, document: "Document") -> None:
        """Keep what was read of a document."""
        if len(document.body) >= _SMALLEST:
            key = f"{document.url}\n{page.project}"
            self._cache.put(_KIND, key, {"document": document.digest}, _written(page))


# Writing


def _written(page: ProjectPage) -> bytes:
    groups = sorted(page.groups, key=_newness, reverse=True)
    pieces: list[bytes] = []
    described: list[Sequence[Any]] = []
    rest = set(range(len(page.files)))
    for group in groups:
        numbers = [*group.wheels, *group.sdists, *group.index_files]
        pieces.append(_rows(page.files, numbers))
        described.append(
            [
                group.version,
                len(group.wheels),
                len(group.sdists),
                len(group.index_files),
                group.may_have_labels,
                len(pieces[-1]),
            ]
        )
        rest.difference_update(numbers)
    pieces.append(_rows(page.files, sorted(rest)))
    head = {
        "versions": page.versions,
        "status": [page.status, page.status_reason],
        "tracks": page.tracks,
        "alternate-locations": page.alternate_locations,
        "groups": described,
        "rest": [len(rest), len(pieces[-1])],
    }
    return b"".join([_json(head), b"\n", *pieces])


def _newness(group: Group) -> "Version":
    version = parse_version(group.version)
    assert version is not None  # else it would be no group
    return version


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


def _read(body: bytes, project: str, source: "Source", url: str) -> ProjectPage:
    end = body.index(b"\n")
    head = json.loads(body[:end])
    groups: list[Group] = []
    parts: list[tuple[int, int]] = []
    """Number of the first file, and place of the first byte, of each list of files."""
    number, place = 0, end + 1
    for version, wheels, sdists, index_files, may_have_labels, length in head["groups"]:
        parts.append((number, place))
        first_sdist = number + wheels
        first_index_file = first_sdist + sdists
        behind = first_index_file + index_files
        groups.append(
            Group(
                version,
                range(number, first_sdist),
                range(first_sdist, first_index_file),
                range(first_index_file, behind),
                may_have_labels,
            )
        )
        number, place = behind, place + length
    count, length = head["rest"]
    parts.append((number, place))
    if place + length != len(body):
        raise ValueError(place)
    rows = _Rows(body, parts, number + count)
    status, reason = head["status"]
    return ProjectPage(
        project,
        Listing(_Names(rows), lambda number: _file(rows.row(number), source)),
        source,
        url,
        tuple(head["versions"]),
        status,
        reason,
        tuple(head["tracks"]),
        tuple(head["alternate-locations"]),
        groups,
    )


class _Rows:
    """What is known of the files, read list by list when one of its files is looked at."""

    def __init__(self, body: bytes, parts: Sequence[tuple[int, int]], count: int) -> None:
        self._body = body
        self._numbers = [number for number, _ in parts]
        self._places = [*(place for _, place in parts), len(body)]
        self._read: dict[int, Sequence[Sequence[Any]]] = {}
        self.count = count

    def row(self, number: int) -> Sequence[Any]:
        """Give what is known of a file."""
        part = bisect_right(self._numbers, number) - 1
        rows = self._read.get(part)
        if rows is None:
            rows = self._read[part] = json.loads(self._body[self._places[part] : self._places[part + 1]])
        return rows[number - self._numbers[part]]


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
            return [self[each] for each in range(*number.indices(len(self)))]
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
