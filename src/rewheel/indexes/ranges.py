"""Reading parts of a wheel on a server: its tail in one request, then only the members that are wanted."""

import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rewheel.indexes.errors import FetchError, Offline, RangesUnsupported, TooLarge

if TYPE_CHECKING:
    from rewheel.indexes.answers import Response
    from rewheel.indexes.cache import Cache
    from rewheel.indexes.http import HttpClient

__all__ = ["RangeSource", "RemoteFile", "validator_of"]

_TAIL = 64 * 1024
"""Bytes of the first request: nearly always the whole directory of the archive, and its metadata too."""
_READ_AHEAD = 16 * 1024
"""Bytes of any later request at least; a member's header and its content are then one request."""
_READ_BEHIND = 8 * 1024
"""Bytes in front that come along: the members of dist-info are neighbours, and are read in any order."""
_READ_LIMIT = 64 * 1024 * 1024
_KEPT_LIMIT = 4 * 1024 * 1024
"""Bytes of one file that stay in memory; what was read first beyond that is read again if need be."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class _Part(NamedTuple):
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


class RemoteFile:
    """What has been read of one file on a server. Thread-safe.

    With an `identity`, a hash of the file that the index gave, what was read is also kept in the cache:
    bytes of a file with this hash are always the same.
    """

    def __init__(
        self,
        url: str,
        http: Callable[[], "HttpClient"],
        cache: "Cache",
        *,
        identity: str = "",
        size: int | None = None,
        offline: bool = False,
    ) -> None:
        """Read the tail. Raises FetchError, or RangesUnsupported when the server cannot do that."""
        self.url = url
        self.size = 0
        self._http = http
        self._cache = cache
        self._key = f"{url}\n{identity}" if identity else ""
        self._offline = offline
        self._parts: list[_Part] = []
        self._validator = ""
        self._lock = threading.Lock()
        if not self._recall():
            self._fetch_tail(size)
            self._remember()

    def read(self, offset: int, length: int) -> bytes:
        """Give the bytes, fewer only at the end of the file. Raises FetchError."""
        end = min(offset + length, self.size)
        if length > _READ_LIMIT:
            raise TooLarge(self.url, _READ_LIMIT)
        if offset < 0 or offset >= end:
            return b""
        with self._lock:
            found = self._find(offset, end)
            if found is None:
                self._fetch(offset, end)
                found = self._find(offset, end)
                self._forget()
        if found is None:
            raise FetchError(self.url, "the server gave other bytes than asked for")
        return found

    def _find(self, offset: int, end: int) -> bytes | None:
        """Put the range together from what is there; None if a byte is missing."""
        pieces = []
        while offset < end:
            part = next((part for part in self._parts if part.start <= offset < part.end), None)
            if part is None:
                return None
            piece = part.data[offset - part.start : end - part.start]
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def _fetch(self, offset: int, end: int) -> None:
        """Get the missing bytes and some more, but none around them that are there already."""
        earlier = [part.end for part in self._parts if part.end <= offset]
        start = max(0, offset - _READ_BEHIND, *earlier)
        later = [part.start for part in self._parts if part.start > offset]
        border = min(later, default=self.size)
        stop = min(max(end, offset + _READ_AHEAD), self.size)
        if border >= end or self._find(border, end) is not None:
            stop = min(stop, border)
        response = self._ask(f"bytes={start}-{stop - 1}")
        part = self._part(response)
        if part is None or part.start != start:
            raise FetchError(self.url, "changed while it was read", hint="try again")
        self._parts.append(part)
        self._remember()

    def _fetch_tail(self, size: int | None) -> None:
        response = self._ask(f"bytes=-{_TAIL}")
        part = self._part(response)
        if part is None or part.end != self.size:
            # The last bytes cannot be asked for without their number; some servers take "-n" for "0-n".
            total = size or self.size or _total_of(response) or self._measure()
            self.size = 0
            part = self._part(self._ask(f"bytes={max(0, total - _TAIL)}-{total - 1}"))
            if part is None or part.end != self.size:
                raise RangesUnsupported(self.url, total)
        self._parts.append(part)

    def _measure(self) -> int:
        """Ask for the first byte, to be told how many there are."""
        response = self._ask("bytes=0-0")
        total = _total_of(response)
        if response.status != 206 or not total:
            raise RangesUnsupported(self.url, None)
        return total

    def _ask(self, wanted: str) -> "Response":
        """Request a range. Raises RangesUnsupported when the whole file comes instead, without reading it."""
        if self._offline:
            raise Offline(self.url)
        from rewheel.indexes.answers import Response, check

        headers = {"Range": wanted}
        if self._validator:
            headers["If-Range"] = self._validator
        with self._http().stream(self.url, headers=headers) as stream:
            if stream.status == 200:
                raise RangesUnsupported(self.url, stream.length)
            if stream.status not in {206, 400, 416, 501}:
                check(stream)
            return Response(stream.status, stream.headers, stream.url, stream.read(_READ_LIMIT))

    def _part(self, response: "Response") -> _Part | None:
        """Understand a partial answer; the first one tells the size, and the later ones must agree."""
        if response.status != 206:
            return None
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if match is None:
            raise FetchError(self.url, "the server gave a part without saying which")
        start, last, total = (int(group) for group in match.groups())
        if last - start + 1 != len(response.body) or last >= total or self.size not in {0, total}:
            return None
        self.size = total
        self._validator = self._validator or validator_of(response.headers)
        return _Part(start, response.body)

    def _forget(self) -> None:
        """Let go of what was read first, except the tail."""
        while len(self._parts) > 2 and sum(len(p.data) for p in self._parts) > _KEPT_LIMIT:
            del self._parts[1]

    def _remember(self) -> None:
        if self._key:
            meta = {"size": self.size, "parts": [[part.start, len(part.data)] for part in self._parts]}
            self._cache.put("parts", self._key, meta, b"".join(part.data for part in self._parts))

    def _recall(self) -> bool:
        entry = self._cache.get("parts", self._key) if self._key else None
        if entry is None:
            return False
        try:
            size, position = int(entry.meta["size"]), 0
            for start, length in entry.meta["parts"]:
                self._parts.append(_Part(int(start), entry.body[position : position + length]))
                position += length
        except (KeyError, TypeError, ValueError):
            self._parts.clear()
            return False
        self.size = size
        return True


class RangeSource:
    """A byte source for the archive reader over a remote file; the file's parts outlive it."""

    __slots__ = ("_file", "size")

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.size = file.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` bytes at `offset`, fewer only where the file ends. Raises FetchError."""
        try:
            return self._file.read(offset, length)
        except RangesUnsupported as error:
            raise FetchError(self._file.url, "changed while it was read", hint="try again") from error

    def close(self) -> None:
        """Do nothing: no connection is held."""


def validator_of(headers: Mapping[str, str]) -> str:
    """Find what proves that a later answer is of the same bytes; a weak ETag does not."""
    etag = headers.get("etag", "")
    return etag if etag.startswith('"') else headers.get("last-modified", "")


def _total_of(response: "Response") -> int:
    """Read the file's size from an answer, also from one that gives nothing else."""
    match = re.fullmatch(
        r"bytes (?:\*|\d+-\d+)/(\d{1,18})", response.headers.get("content-range", "").strip()
    )
    return int(match[1]) if match else 0
