"""Blobs in an object store: S3 and whatever speaks like it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError

from rewheel.server.blobs.storage import RENEWAL, STEP, Entry, key_of, sha256_of
from rewheel.server.errors import Refused

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["ObjectBlobs"]

_PART = 16 << 20
"""Bytes of one part of a large upload."""


class ObjectBlobs:
    """Keeps each blob as an object; large ones are sent in parts and appear when the last one is there."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    def put(self, sha256: str, path: Path, *, along: Mapping[str, bytes] | None = None) -> None:
        """Send the file, unless the object is there."""
        for digest, content in (along or {}).items():
            self.put_bytes(digest, content)
        if self._is_young(sha256):
            return
        with _spoken():
            obstore.put(self._store, key_of(sha256), path, chunk_size=_PART, max_concurrency=4)

    def put_bytes(self, sha256: str, content: bytes) -> None:
        """Send the content, unless the object is there."""
        if self._is_young(sha256):
            return
        with _spoken():
            obstore.put(self._store, key_of(sha256), content, use_multipart=False)

    def put_several(self, contents: Mapping[str, bytes]) -> None:
        """Send the contents one by one."""
        for sha256, content in contents.items():
            self.put_bytes(sha256, content)

    def _is_young(self, sha256: str) -> bool:
        """Tell whether the object is there and need not be written again; see `RENEWAL`."""
        with _spoken():
            try:
                written = obstore.head(self._store, key_of(sha256))["last_modified"]
            except (NotFoundError, FileNotFoundError):
                return False
        return datetime.now(UTC) - written < RENEWAL

    def size(self, sha256: str) -> int | None:
        """Ask for the object's size."""
        with _spoken():
            try:
                return int(obstore.head(self._store, key_of(sha256))["size"])
            except (NotFoundError, FileNotFoundError):
                return None

    def path(self, sha256: str) -> Path | None:
        """Return None: the bytes come from elsewhere."""
        del sha256
        return None

    async def stream(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Pass the bytes on as they arrive."""
        if start >= end:
            return
        with _spoken():
            try:
                found = await obstore.get_async(self._store, key_of(sha256), options={"range": (start, end)})
            except (NotFoundError, FileNotFoundError) as error:
                raise LookupError(sha256) from error
            async for piece in found.stream(min_chunk_size=STEP):
                yield bytes(piece)

    def delete(self, sha256: str) -> None:
        """Remove the object."""
        with _spoken(), suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self._store, key_of(sha256))

    def delete_old(self, sha256: str, before: datetime) -> bool:
        """Look, and remove the object at once; between the two S3 keeps nobody from putting it again."""
        with _spoken(), suppress(NotFoundError, FileNotFoundError):
            if obstore.head(self._store, key_of(sha256))["last_modified"] < before:
                obstore.delete(self._store, key_of(sha256))
                return True
        return False

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the object."""
        with _spoken():
            try:
                found = obstore.get(self._store, key_of(sha256))
            except (NotFoundError, FileNotFoundError) as error:
                raise LookupError(sha256) from error
            for piece in found.stream(min_chunk_size=STEP):
                yield bytes(piece)

    def entries(self) -> Iterator[Entry]:
        """List the store, page by page."""
        with _spoken():
            for page in obstore.list(self._store, "sha256/"):
                for item in page:
                    sha256 = sha256_of(str(item["path"]))
                    if sha256 is not None:
                        yield Entry(sha256, int(item["size"]), item["last_modified"])

    def check(self) -> None:
        """Ask for an object that is not there."""
        self.size("0" * 64)

    def close(self) -> None:
        """Do nothing: connections end with the store."""


@contextmanager
def _spoken() -> Iterator[None]:
    """Say in words that the store does not answer, without the addresses and keys in its messages."""
    try:
        yield
    except BaseError as error:
        raise Refused(
            503,
            "the storage cannot be reached at the moment",
            hint="try again in a moment",
            kind="storage-unavailable",
            headers={"Retry-After": "5"},
        ) from error
