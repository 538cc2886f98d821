"""Where an upload waits: a file of its own, hashed and measured while it arrives."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import BinaryIO, Self

from anyio import to_thread

from rewheel.server.blobs.storage import trouble
from rewheel.server.errors import Refused

__all__ = ["Spool", "Spooled", "open_spool"]

_STEP = 1 << 20
"""Bytes that are gathered before a thread hashes and writes them."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that has arrived; it is alone in its folder."""

    path: Path
    sha256: str
    size: int

    def digest(self, algorithm: str) -> str:
        """Return another hex digest of it: `md5`, or `blake2_256` as the legacy interface calls it."""
        hasher = (
            hashlib.blake2b(digest_size=32)
            if algorithm == "blake2_256"
            else hashlib.new(algorithm, usedforsecurity=False)
        )
        with self.path.open("rb") as stream:
            while piece := stream.read(_STEP):
                hasher.update(piece)
        return hasher.hexdigest()


class Spool:
    """A file that is arriving. As a context manager it removes what nobody has taken away.

    `filename` is the name to come; it must be free of path separators. More than `limit` bytes are refused
    with 413 and the words of `too_large`.
    """

    def __init__(self, folder: Path, filename: str, *, limit: int, too_large: str = "") -> None:
        if not filename or filename in {".", ".."} or any(letter in filename for letter in "/\\\0"):
            raise Refused(400, "the name of the file cannot be used", kind="invalid-filename")
        self._folder = folder / token_hex(12)
        self._path = self._folder / filename
        self._limit = limit
        self._too_large = too_large or f"the file is larger than {limit} bytes"
        self._hash = hashlib.sha256()
        self._waiting = bytearray()
        self._stream: BinaryIO | None = None
        self.size = 0
        """Bytes that have arrived."""

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, mode=0o700)
            self._stream = self._path.open("xb")
        except OSError as error:
            raise trouble(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def write(self, piece: bytes) -> None:
        """Take in what has arrived; raises Refused for too much, or when the disk is full."""
        self.size += len(piece)
        if self.size > self._limit:
            raise Refused(413, self._too_large, kind="file-too-large")
        self._waiting += piece
        if len(self._waiting) >= _STEP:
            await to_thread.run_sync(self._flush)

    async def finish(self) -> Spooled:
        """Close the file and say what has arrived."""
        await to_thread.run_sync(self._close)
        return Spooled(self._path, self._hash.hexdigest(), self.size)

    def _flush(self) -> None:
        assert self._stream is not None
        self._hash.update(self._waiting)
        try:
            self._stream.write(self._waiting)
        except OSError as error:
            raise trouble(error) from error
        self._waiting = bytearray()

    def _close(self) -> None:
        self._flush()
        assert self._stream is not None
        try:
            self._stream.close()
        except OSError as error:
            raise trouble(error) from error


@contextmanager
def open_spool(folder: Path, filename: str, *, limit: int, too_large: str = "") -> Iterator[Spool]:
    """Give a spool that vanishes at the end, with the file unless it was moved into the storage."""
    with Spool(folder, filename, limit=limit, too_large=too_large) as spool:
        yield spool
