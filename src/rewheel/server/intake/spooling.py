"""Where an upload waits: a file of its own, hashed and measured while it arrives."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from anyio import to_thread

from rewheel.server.blobs.storage import trouble
from rewheel.server.errors import Refused

__all__ = ["Spool", "Spooled", "open_spool"]

_STEP = 1 << 21
"""Bytes that are gathered before a thread hashes and writes them."""

_MOST_PIECES = 1024
"""Pieces that are gathered at most: clients may send byte after byte."""

_READ = 1 << 18
"""Bytes that are read at once."""


class _Hasher(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that has arrived; it is alone in its folder, unless it is small."""

    path: Path
    """Where it is, or would be; its last part is the name of the file."""
    sha256: str
    size: int
    digests: Mapping[str, str] = field(default_factory=dict)
    """Other hex digests that were computed while it arrived, by algorithm."""
    content: bytes | None = None
    """The file itself, if it is a small wheel: then there is nothing at `path`."""

    def digest(self, algorithm: str) -> str:
        """Return another hex digest of it: `md5`, or `blake2_256` as the legacy interface calls it."""
        known = self.digests.get(algorithm)
        if known is not None:
            return known
        hasher = _hasher(algorithm)
        if self.content is not None:
            hasher.update(self.content)
            return hasher.hexdigest()
        with self.path.open("rb") as stream:
            while piece := stream.read(_READ):
                hasher.update(piece)
        return hasher.hexdigest()


class Spool:
    """A file that is arriving. As a context manager it removes what nobody has taken away.

    `filename` is the name to come; it must be free of path separators. More than `limit` bytes are refused
    with 413 and the words of `too_large`. `digests` are computed while it arrives besides its SHA-256.
    """

    def __init__(
        self,
        folder: Path,
        filename: str,
        *,
        limit: int,
        too_large: str = "",
        digests: Sequence[str] = (),
    ) -> None:
        if not filename or filename in {".", ".."} or any(letter in filename for letter in "/\\\0"):
            raise Refused(400, "the name of the file cannot be used", kind="invalid-filename")
        self._folder = folder / token_hex(12)
        self._path = self._folder / filename
        self._limit = limit
        self._too_large = too_large or f"the file is larger than {limit} bytes"
        self._hash = hashlib.sha256()
        self._hashes = {algorithm: _hasher(algorithm) for algorithm in digests}
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._stream: BinaryIO | None = None
        self.size = 0
        """Bytes that have arrived."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def discard(self) -> None:
        """Remove what nobody has taken away; more than once does no harm."""
        stream, self._stream, self._waiting = self._stream, None, []
        if stream is None:
            return
        with suppress(OSError):
            stream.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._folder.rmdir()

    async def write(self, piece: bytes) -> None:
        """Take in what has arrived; raises Refused for too much, or when the disk is full."""
        self.size += len(piece)
        if self.size > self._limit:
            raise Refused(413, self._too_large, kind="file-too-large")
        self._waiting.append(piece)
        self._waiting_size += len(piece)
        if self._waiting_size >= _STEP or len(self._waiting) >= _MOST_PIECES:
            await to_thread.run_sync(self._flush)

    def finish(self) -> Spooled:
        """Close the file and say what has arrived. This waits for the disk, unless it is a small wheel."""
        content: bytes | None = None
        if self._stream is None and self._path.suffix == ".whl":
            content = b"".join(self._waiting)
            self._compute(content)
        else:
            self._flush()
            try:
                self._opened().close()
            except OSError as error:
                raise trouble(error) from error
        digests = {algorithm: hasher.hexdigest() for algorithm, hasher in self._hashes.items()}
        return Spooled(self._path, self._hash.hexdigest(), self.size, digests, content)

    def _compute(self, piece: bytes) -> None:
        self._hash.update(piece)
        for hasher in self._hashes.values():
            hasher.update(piece)

    def _flush(self) -> None:
        stream = self._opened()
        pieces, self._waiting, self._waiting_size = self._waiting, [], 0
        for piece in pieces:
            self._compute(piece)
            try:
                stream.write(piece)
            except OSError as error:
                raise trouble(error) from error

    def _opened(self) -> BinaryIO:
        """Return the file, which is made when there is something to write: small uploads wait in memory."""
        if self._stream is None:
            try:
                self._folder.mkdir(parents=True, mode=0o700)
                self._stream = self._path.open("xb")
            except OSError as error:
                raise trouble(error) from error
        return self._stream


def _hasher(algorithm: str) -> _Hasher:
    if algorithm == "blake2_256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(algorithm, usedforsecurity=False)


@contextmanager
def open_spool(folder: Path, filename: str, *, limit: int, too_large: str = "") -> Iterator[Spool]:
    """Give a spool that vanishes at the end, with the file unless it was moved into the storage."""
    with Spool(folder, filename, limit=limit, too_large=too_large) as spool:
        yield spool
