"""What every storage of blobs can do."""

import errno
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from rewheel.server.errors import Refused

__all__ = ["RENEWAL", "STEP", "Blobs", "Entry", "key_of", "sha256_of", "trouble"]

STEP = 1 << 18
"""Bytes of one piece of a stream."""

RENEWAL = timedelta(hours=1)
"""Age from which on a blob that is put again is made young again: nobody then takes it for an orphan."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A blob as the storage lists it."""

    sha256: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """Keeps bytes under the hex SHA-256 of them. Whoever puts them has computed it.

    A blob never changes. Every method raises Refused, with 503 or 507, when the storage cannot do it.
    May be used by several threads and processes at once.
    """

    def put(self, sha256: str, path: Path, *, along: Mapping[str, bytes] | None = None) -> None:
        """Keep what the file holds, safe from power failures; the file itself may be gone afterwards.

        Putting what is there already changes nothing. `along` are small contents to be kept with it, by their
        hashes, which takes less time than one by one.
        """

    def put_bytes(self, sha256: str, content: bytes) -> None:
        """Keep `content`, likewise."""

    def put_several(self, contents: Mapping[str, bytes]) -> None:
        """Keep small contents by their hashes, which takes less time than one by one."""

    def size(self, sha256: str) -> int | None:
        """Return the size in bytes; None if there is no such blob."""

    def path(self, sha256: str) -> Path | None:
        """Return where the blob is a file of this computer, for the kernel to send; None if it is not.

        The file need not exist.
        """

    def stream(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to and without `end`; raises LookupError for no such blob."""

    def delete(self, sha256: str) -> None:
        """Forget a blob, if it is there."""

    def delete_old(self, sha256: str, before: datetime) -> bool:
        """Forget a blob that was last put before a moment; tell whether it was.

        Not every storage can keep apart who puts the same content at that very moment: the catalog does
        (`catalog/loose.py`).
        """

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield all bytes, for those who wait in a thread; raises LookupError if there is no such blob."""

    def entries(self) -> Iterator[Entry]:
        """Yield every blob, in no order."""

    def check(self) -> None:
        """Ask the storage for a sign of life."""

    def close(self) -> None:
        """Let go of connections."""


def key_of(sha256: str) -> str:
    """Return the path of a blob inside of its storage; at most 256 folders, however many blobs there are."""
    return f"sha256/{sha256[:2]}/{sha256[2:]}"


def sha256_of(key: str) -> str | None:
    """Return whose path it is; None if it is not that of a blob."""
    parts = key.split("/")
    digest = "".join(parts[-2:])
    is_blob = len(parts) >= 2 and len(parts[-2]) == 2 and len(digest) == 64
    return digest if is_blob and all(letter in "0123456789abcdef" for letter in digest) else None


def trouble(error: OSError) -> Refused:
    """Say what it means for a request that the disk does not do what it should."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Refused(
            507,
            "the server's disk is full; nothing was changed",
            hint="tell its operator, and try again later",
            kind="storage-full",
        )
    return Refused(
        503,
        f"the server's storage cannot be used at the moment: {error.strerror or 'input/output error'}",
        hint="tell its operator, and try again later",
        kind="storage-unavailable",
    )
