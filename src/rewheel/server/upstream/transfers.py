"""Files on their way from an upstream index: to this server's disk, and to all who wait for them, at once."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread

from rewheel.indexes import FetchError, HashMismatch, IndexesError, Interrupted, TooLarge
from rewheel.indexes.answers import check
from rewheel.server.blobs.storage import STEP
from rewheel.server.upstream.fetching import Fetcher
from rewheel.server.upstream.listing import Listed

__all__ = ["FILE_LIMIT", "Transfer"]

_LOG = logging.getLogger("rewheel.server.upstream")

FILE_LIMIT = 32 << 30
"""Bytes above which no file is fetched, whatever an upstream index says."""
_RESUMES = 5
"""How often a connection that breaks in the middle is taken up again."""
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")


class Transfer:
    """One file that arrives in `path`, which is made at once.

    Any number of readers follow it, and none gets its end before it is verified.

    A reader that leaves does not stop it: the file is kept for the next one.
    """

    def __init__(self, file: Listed, path: Path, fetcher: Fetcher) -> None:
        self.file = file
        self.path = path
        path.touch(exist_ok=False)
        self._fetcher = fetcher
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._received = 0
        self.size: int | None = None
        """Bytes of the whole file, once its beginning has arrived and if the index says so."""
        self.sha256 = ""
        """Of what arrived; empty until it is complete and verified."""
        self.failure: Exception | None = None
        self._has_begun = False
        self.is_over = False
        """Whether nobody new may read it."""
        self.put_away = asyncio.Event()
        """Set when the file is kept for good, or cannot be."""

    def run(self) -> None:
        """Fetch the file, in a thread. What goes wrong is kept as `failure`, for all readers."""
        hasher = hashlib.sha256()
        try:
            with self.path.open("wb") as target:
                for attempt in range(_RESUMES + 1):
                    try:
                        self._fetch(target.write, hasher.update, target.flush)
                        break
                    except Interrupted:
                        if attempt == _RESUMES:
                            raise
            sha256 = hasher.hexdigest()
            if self.file.sha256 and sha256 != self.file.sha256:
                raise HashMismatch(self.file.url, "sha256", self.file.sha256, sha256)
            self.sha256 = sha256
        except (IndexesError, OSError) as error:
            _LOG.warning("%s did not come from upstream: %s", self.file.filename, error)
            self.failure = error
        finally:
            self._tell()

    def _fetch(
        self, write: Callable[[bytes], object], update: Callable[[bytes], object], flush: Callable[[], object]
    ) -> None:
        start = self._received
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._fetcher.stream(self.file.url, headers) as stream:
            check(stream)
            if start:
                found = _RANGE.match(stream.headers.get("content-range", ""))
                if stream.status != 206 or found is None or int(found[1]) != start:
                    raise FetchError(self.file.url, "it cannot be resumed where it broke")
            elif not self._has_begun:
                self.size = stream.length
                self._has_begun = True
            self._tell()
            for piece in stream.chunks():
                if self._received + len(piece) > FILE_LIMIT:
                    raise TooLarge(self.file.url, FILE_LIMIT)
                write(piece)
                flush()
                update(piece)
                self._received += len(piece)
                self._tell()

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def begun(self) -> None:
        """Wait until it is known how the index answers; raises what went wrong before the first byte."""
        while not (self._has_begun or self.failure or self.sha256):
            await self._news.wait()
        if self.failure is not None and not self._received:
            raise self.failure

    def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive, the last of them only when the whole is verified.

        Raises what went wrong, so that whoever passes them on hangs up instead of ending well. The file is
        opened now: it may be moved away later.
        """
        return self._follow(self.path.open("rb"))

    async def _follow(self, stream: BinaryIO) -> AsyncIterator[bytes]:
        with stream as source:
            sent = 0
            while True:
                news = self._news
                is_done = bool(self.sha256)
                # One byte is held back: nobody can take for complete what turns out to be wrong.
                ready = self._received if is_done else self._received - 1
                if sent < ready:
                    piece = await to_thread.run_sync(source.read, min(STEP, ready - sent))
                    sent += len(piece)
                    yield piece
                elif is_done:
                    return
                elif self.failure is not None:
                    raise self.failure
                else:
                    await news.wait()
