"""Getting a whole file onto the disk: resumed where the connection breaks, verified, and only then named."""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from rewheel.indexes.errors import FetchError, HashMismatch, Interrupted, TooLarge
from rewheel.indexes.hashes import Digest
from rewheel.indexes.partials import PartialFile, open_partial
from rewheel.indexes.ranges import validator_of
from rewheel.progress import Reporter

if TYPE_CHECKING:
    from rewheel.indexes.answers import Stream
    from rewheel.indexes.http import HttpClient

__all__ = ["DOWNLOAD_LIMIT", "Download", "Retrieved", "copy_verified", "identify"]

DOWNLOAD_LIMIT = 32 * 1024 * 1024 * 1024
"""Bytes above which no file is fetched, whatever the index says."""
_CHUNK = 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")


class Retrieved(NamedTuple):
    """A file on disk and the SHA-256 of its bytes in hexadecimal, whatever the index advertised."""

    path: Path
    sha256: str


class Download:
    """One download into one file; used once, by one thread."""

    def __init__(
        self,
        url: str,
        *,
        digest: Digest | None,
        name: str,
        size: int | None,
        http: "HttpClient",
        reporter: Reporter,
    ) -> None:
        """Name what to fetch; `digest` is verified, `name` and `size` are what the reporter hears."""
        self._url = url
        self._digest = digest
        self._name = name
        self._size = size
        self._http = http
        self._reporter = reporter
        self._validator = ""
        self._told = 0
        self._reset()

    def run(self, scratch: Path, target: Path, *, partials: Path | None = None) -> Retrieved:
        """Fetch, verify, and give the file its name `target`. Raises FetchError, or OSError for the disk.

        With a folder of `partials`, what an earlier command began is gone on with, and a failure leaves it
        for a later one. `scratch` is a name for a file in the making beside the target.
        """
        self._reporter.download_started(self._name, self._size)
        try:
            identity = str(self._digest) if self._digest is not None and self._digest.is_strong else ""
            partial = (
                open_partial(partials, self._url, identity=identity, size=self._size) if partials else None
            )
            if partial is None:
                self._fetch_anew(scratch, target)
            else:
                with partial:
                    self._go_on(partial, scratch, target)
            return Retrieved(target, self._sha256.hexdigest())
        finally:
            scratch.unlink(missing_ok=True)
            self._reporter.download_finished(self._name)

    def _partial(self, folder: Path) -> PartialFile | None:
        digest = self._digest
        identity = f"{digest.algorithm}:{digest.value}" if digest is not None and digest.is_strong else ""
        return open_partial(folder, self._url, identity=identity, size=self._size)

    def _fetch_anew(self, scratch: Path, target: Path) -> None:
        with scratch.open("wb") as file:
            self._complete(file)
        scratch.replace(target)

    def _go_on(self, partial: PartialFile, scratch: Path, target: Path) -> None:
        try:
            for chunk in partial.chunks():
                self._count(chunk)
            self._validator = partial.validator
            if self._done:
                self._reporter.detail(f"{self._name}: {self._done:,} bytes are here from an earlier attempt")
            self._complete(partial.file)
            partial.move(scratch, target)
        except (HashMismatch, TooLarge, OSError):
            partial.drop()
            raise
        except BaseException:
            partial.keep(self._sha256.hexdigest(), self._validator)
            raise

    def _complete(self, file: BinaryIO) -> None:
        """Fetch what is lacking, and verify the whole."""
        if self._done and self._digest is not None and self._hasher.hexdigest() == self._digest.value:
            return
        for is_last in (False, True):
            self._fetch(file)
            try:
                self._verify()
            except HashMismatch:
                # A broken copy on the way may be right the next time; twice wrong is wrong.
                if is_last:
                    raise
                self._restart(file)
            else:
                return

    def _fetch(self, file: BinaryIO) -> None:
        """Read to the end, going on where the connection broke as long as each try brings something new."""
        attempts = self._http.attempts()
        while True:
            before = self._done
            try:
                with self._http.stream(self._url, headers=self._resume_headers()) as stream:
                    if self._accept(stream, file):
                        self._receive(stream, file)
                        return
            except Interrupted as error:
                if error.status == 0:
                    raise  # no answer at all, in spite of the client's own retries
                if self._done > before:
                    attempts = self._http.attempts()
                attempts.again(error)

    def _resume_headers(self) -> dict[str, str]:
        if not self._done:
            return {}
        headers = {"Range": f"bytes={self._done}-"}
        if self._validator:
            headers["If-Range"] = self._validator
        return headers

    def _accept(self, stream: "Stream", file: BinaryIO) -> bool:
        """Check that the answer goes on where we are, or begins anew; false if it must be asked for again."""
        from rewheel.indexes.answers import check

        may_resume = self._validator or (self._digest is not None and self._digest.is_strong)
        if self._done and stream.status in {206, 416}:
            match = _CONTENT_RANGE.fullmatch(stream.headers.get("content-range", "").strip())
            if stream.status == 206 and match and int(match[1]) == self._done and may_resume:
                return True
            self._restart(file)
            return False
        check(stream)
        if stream.status != 200:
            raise FetchError(self._url, f"the server answered {stream.status} to a plain request")
        if self._done:
            self._restart(file)
        self._validator = validator_of(stream.headers)
        return True

    def _receive(self, stream: "Stream", file: BinaryIO) -> None:
        for chunk in stream.chunks():
            file.write(chunk)
            self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        if self._hasher is not self._sha256:
            self._hasher.update(chunk)
        self._done += len(chunk)
        if self._done > DOWNLOAD_LIMIT:
            raise TooLarge(self._url, DOWNLOAD_LIMIT)
        if self._done > self._told:
            self._reporter.download_advanced(self._name, self._done - self._told)
            self._told = self._done

    def _restart(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()
        self._reset()

    def _reset(self) -> None:
        self._done = 0
        self._sha256 = hashlib.sha256()
        is_other = self._digest is not None and self._digest.algorithm != "sha256"
        self._hasher = self._digest.new_hasher() if self._digest is not None and is_other else self._sha256

    def _verify(self) -> None:
        if self._digest is not None and self._hasher.hexdigest() != self._digest.value:
            raise HashMismatch(self._url, *self._digest, self._hasher.hexdigest())


def copy_verified(source: Path, scratch: Path, target: Path, *, digest: Digest | None, url: str) -> Retrieved:
    """Copy a local file, verified like a fetched one. Raises HashMismatch or OSError."""
    sha256 = hashlib.sha256()
    other = digest.new_hasher() if digest is not None and digest.algorithm != "sha256" else None
    try:
        with source.open("rb") as original, scratch.open("wb") as copy:
            while data := original.read(_CHUNK):
                sha256.update(data)
                if other is not None:
                    other.update(data)
                copy.write(data)
        actual = (other or sha256).hexdigest()
        if digest is not None and actual != digest.value:
            raise HashMismatch(url, *digest, actual)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    return Retrieved(target, sha256.hexdigest())


def identify(path: Path, digest: Digest) -> Retrieved | None:
    """Look whether the file is the one with this hash; None if it is not, or not there. Raises OSError."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if digest.algorithm != "sha256":
            file.seek(0)
        actual = (
            sha256
            if digest.algorithm == "sha256"
            else hashlib.file_digest(file, digest.algorithm).hexdigest()
        )
    return Retrieved(path, sha256) if actual == digest.value else None
