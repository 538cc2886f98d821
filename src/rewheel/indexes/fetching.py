"""The client: everything that can be had of a file that an index offers, from wherever it is nearest."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from rewheel.indexes.cache import Cache
from rewheel.indexes.claims import claim, identity_of, read_local, verify
from rewheel.indexes.credentials import Credentials
from rewheel.indexes.documents import PAGE_LIMIT, Document, Documents
from rewheel.indexes.errors import (
    HashMismatch,
    IndexesError,
    NotFound,
    Offline,
    RangesUnsupported,
)
from rewheel.indexes.files import File
from rewheel.indexes.hashes import Digest, best_digest
from rewheel.indexes.keyring import Keyring
from rewheel.indexes.once import Once
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.urls import local_path
from rewheel.indexes.workers import Workers
from rewheel.progress import SILENT, Reporter

if TYPE_CHECKING:
    from rewheel.indexes.answers import Response
    from rewheel.indexes.downloads import Retrieved
    from rewheel.indexes.http import Body, HttpClient
    from rewheel.indexes.ranges import RemoteFile
    from rewheel.wheels.source import ByteSource

__all__ = ["Client"]

METADATA_LIMIT = 16 * 1024 * 1024
"""Bytes of a METADATA file above which it is refused."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Client:
    """Reads files of indexes and directories; a context manager. Thread-safe.

    Nothing is opened before it is needed: local files never load the HTTP modules, and a fresh cache never
    opens a connection. Raises IndexesError everywhere, and never anything else for what others sent.
    """

    def __init__(
        self,
        settings: HttpSettings | None = None,
        *,
        cache: Cache | None = None,
        offline: bool = False,
        reporter: Reporter = SILENT,
        whole_limit: int = 64 * 1024 * 1024,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use the cache given, else one that lives as long as the client.

        `whole_limit` is the size in bytes up to which a wheel is fetched whole for its metadata, where the
        server cannot give parts. `sleep` is what waits between retries.
        """
        self.settings = settings or HttpSettings()
        self.reporter = reporter
        self.offline = offline
        self._cache = cache
        self._own_cache: Cache | None = None
        self._whole_limit = whole_limit
        self._sleep = sleep
        self._credentials = Credentials(
            self.settings.netrc,
            Keyring(self.settings.keyring, self.settings.environ, reporter=reporter),
        )
        self._http: HttpClient | None = None
        self._lock = threading.Lock()
        self._workers = Workers(self.settings.connections)
        self._remote: Once[str, RemoteFile | Path] = Once()
        self._metadata: Once[str, bytes | None] = Once()
        self._seen: dict[tuple[str, str], Document] = {}

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Hang up, give up what was started in advance, and remove what was only meant for this run."""
        if self._http is not None:
            self._http.close()
        self._workers.close()
        for found in self._remote.values():
            if isinstance(found, Path):
                found.unlink(missing_ok=True)
        if self._own_cache is not None:
            self._own_cache.close()

    # What other rooms ask for

    def fetch(self, file: File, *, limit: int = METADATA_LIMIT) -> bytes:
        """Read a small file, such as an index file, whole; verified if a hash is advertised.

        Raises NotFound, HashMismatch, TooLarge, Offline or another FetchError.
        """
        return self._fetch(file.url, file.digest, identity=identity_of(file.digest), limit=limit)

    def metadata(self, file: File) -> bytes | None:
        """Read the METADATA that lies beside a wheel (PEP 658), verified; None if the index offers none.

        Raises HashMismatch or another FetchError; a file that is offered but absent is as good as none.
        """
        if not (file.core_metadata or (file.rim is not None and file.rim.core_metadata)):
            return None
        return self._metadata.get(claim(file), lambda: self._fetch_metadata(file))

    def open_wheel(self, file: File, *, whole: bool = False) -> "ByteSource":
        """Open a wheel for reading parts of it: from disk, from the cache, or by range requests.

        A server without range requests makes it fetch the whole wheel if that is small enough, or whatever
        its size if `whole` allows it. Raises RangesUnsupported if it is not, or another FetchError; reading
        from the source may raise them too. A local file that cannot be read raises the wheels room's
        UnreadableFile.
        """
        from rewheel.wheels import FileSource

        path = self.local_path(file)
        if path is not None:
            return FileSource(path)
        from rewheel.indexes.external import blaming
        from rewheel.indexes.ranges import RangeSource

        with blaming(file, self.fetch):
            found = self._remote.get(claim(file), lambda: self._open_remote(file, whole=whole))
        return FileSource(found) if isinstance(found, Path) else RangeSource(found)

    def download(self, file: File, into: Path) -> Path:
        """Put the file into the folder `into` under its name, verified, and give its path.

        It appears there complete or not at all; one that is there already is kept if it has the right hash.
        Raises HashMismatch or another IndexesError.
        """
        return self.retrieve(file, into).path

    def retrieve(self, file: File, into: Path) -> "Retrieved":
        """Do as `download` does, and also give the SHA-256 of the bytes."""
        target = into / file.filename
        try:
            into.mkdir(parents=True, exist_ok=True)
            return self._retrieve(file, target)
        except OSError as error:
            raise IndexesError(
                f"{target}: cannot be written: {error.strerror or error}",
                hint="check the folder's permissions and the space that is left",
            ) from error

    def local_path(self, file: File) -> Path | None:
        """Give the path of a file that is on this computer already. Raises NotFound if it is gone."""
        if not file.is_local:
            return None
        path = local_path(file.url)
        if path is None or not path.is_file():
            raise NotFound(file.url, "there is no such file")
        return path

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply the function to every item in threads, and give the results in the items' order.

        Raises the first failure in that order. May be used inside a function that runs so.
        """
        return self._workers.map(function, items)

    def map_calmly(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do as `map` does, but without threads for as long as everything was found in the cache."""
        return self._workers.map_calmly(function, items)

    def prefetch(self, files: Iterable[File]) -> None:
        """Start, once the network is needed, to fetch what `metadata` and `open_wheel` will be asked for."""
        for file in files:
            if not file.is_local:
                self._workers.submit(self._warm, file)

    def submit(self, function: Callable[[Item], object], item: Item) -> None:
        """Start the function on the item in a thread, once the network is needed; nobody hears of it."""
        self._workers.submit(function, item)

    def wake(self) -> None:
        """Begin with what was started in advance: the network is needed."""
        if not self.offline:
            self._client()

    def document(self, url: str, *, accept: str = "*/*", limit: int) -> Document:
        """Fetch a page, or what else may change under its URL, through the cache. Raises FetchError."""
        return self._see(url, accept, limit)

    def known_document(self, url: str, *, accept: str = "*/*") -> Document | None:
        """Give a page without its body if it is good without asking anybody; None if it is not."""
        known = self._documents().known(url, accept=accept)
        if known is not None:
            self._seen[url, accept] = known
        return known

    def remembers(self, url: str, *, accept: str = "*/*") -> bool:
        """Tell whether there was a document at a URL when it was last asked for, however long ago."""
        return self._documents().was_there(url, accept=accept)

    def pages_seen(self) -> list[tuple[str, str, str]]:
        """List all that `document` gave, by URL and accepted types, with its digest."""
        return [(url, accept, page.digest) for (url, accept), page in dict(self._seen).items()]

    def are_unchanged(self, pages: Iterable[tuple[str, str, str]]) -> bool:
        """Tell whether documents, as `pages_seen` lists them, are what they were; raises FetchError."""
        documents = self._documents()
        stale = []
        for url, accept, digest in pages:
            known = documents.known(url, accept=accept)
            if known is None:
                stale.append((url, accept, digest))
            elif known.digest != digest:
                return False
        return all(self.map(lambda page: self._see(page[0], page[1], PAGE_LIMIT).digest == page[2], stale))

    def send(self, url: str, body: "Body", *, login: str = "", method: str = "POST") -> "Response":
        """Send a body, once; arguments, answer and errors are those of `HttpClient.send`."""
        if self.offline:
            raise Offline(url)
        return self._client().send(url, body, login=login, method=method)

    def learn(self, url: str) -> str:
        """Remember the login in a URL of the user's, and give the URL without it. Raises ValueError."""
        return self._credentials.learn(url, named=True)

    # How it is done

    @property
    def cache(self) -> Cache:
        """Where answers are kept."""
        with self._lock:
            if self._cache is None:
                try:
                    self._cache = self._own_cache = Cache.temporary()
                except OSError as error:
                    raise IndexesError(
                        f"no temporary folder can be made: {error.strerror or error}"
                    ) from error
            return self._cache

    def _client(self) -> "HttpClient":
        with self._lock:
            if self._http is not None:
                return self._http
            from rewheel.indexes.http import HttpClient

            http = self._http = HttpClient(self.settings, credentials=self._credentials, sleep=self._sleep)
        self._workers.wake()
        return http

    def _see(self, url: str, accept: str, limit: int) -> Document:
        document = self._documents().get(url, accept=accept, limit=limit)
        # Without the body, which would have to be kept in memory for a digest that is hardly ever asked for.
        self._seen[url, accept] = document._replace(body=b"", sha256=document.digest)
        return document

    def _documents(self) -> Documents:
        return Documents(self._client, self.cache, offline=self.offline)

    def _warm(self, file: File) -> None:
        try:
            if self.metadata(file) is None:
                self._remote.get(claim(file), lambda: self._open_remote(file))
        except IndexesError:
            pass  # whoever needs it will meet the same failure, and can tell what it is for

    def _fetch(self, url: str, digest: Digest | None, *, identity: str, limit: int) -> bytes:
        """Fetch a small file; with an `identity`, which names its content for good, only once."""
        if url.startswith("file:"):
            return read_local(url, digest, limit)
        if not identity:
            document = self._see(url, "*/*", limit)
            if not document.exists:
                raise NotFound(url, "not found", status=404)
            verify(document.body, digest, url)
            return document.body
        entry = self.cache.get("files", f"{url}\n{identity}")
        if entry is not None and len(entry.body) <= limit:
            return entry.body
        if self.offline:
            raise Offline(url)
        from rewheel.indexes.answers import check

        response = self._client().get(url, limit=limit)
        check(response)
        try:
            verify(response.body, digest, url)
        except HashMismatch:
            # A cache on the way may still have an older one.
            response = self._client().get(url, limit=limit, headers={"Cache-Control": "no-cache"})
            check(response)
            verify(response.body, digest, url)
        self.cache.put("files", f"{url}\n{identity}", {}, response.body)
        return response.body

    def _fetch_metadata(self, file: File) -> bytes | None:
        place = file.rim if file.rim is not None and file.rim.core_metadata else file
        address, query, rest = place.url.partition("?")
        url = f"{address}.metadata{query}{rest}"
        digest = best_digest(place.core_metadata) if not isinstance(place.core_metadata, bool) else None
        identity = identity_of(digest) or identity_of(file.digest)
        try:
            return self._fetch(url, digest, identity=identity, limit=METADATA_LIMIT)
        except NotFound as error:
            self.reporter.detail(f"{error}, although the index offers it")
            return None

    def _open_remote(self, file: File, *, whole: bool = False) -> "RemoteFile | Path":
        """Read the wheel's tail, or where that cannot be, the whole of it into a file for this run."""
        from rewheel.indexes.ranges import RemoteFile

        try:
            return RemoteFile(
                file.url,
                self._client,
                self.cache,
                identity=identity_of(file.digest),
                size=file.size,
                offline=self.offline,
            )
        except RangesUnsupported as error:
            size = error.length if error.length is not None else file.size
            if not whole and (size is None or size > self._whole_limit):
                raise RangesUnsupported(file.url, size) from error
        except Offline:
            pass  # its parts were never read, but the whole wheel may have been
        return self._fetch_whole(file)

    def _fetch_whole(self, file: File) -> Path:
        scratch = self.cache.scratch()
        try:
            scratch.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return self._retrieve(file, scratch).path
        except OSError as error:
            raise IndexesError(f"{scratch.parent}: cannot be written: {error.strerror or error}") from error

    def _retrieve(self, file: File, target: Path) -> "Retrieved":
        """Find or fetch the file. Raises FetchError, or OSError when the disk fails."""
        from rewheel.indexes.downloads import Download, copy_verified, identify
        from rewheel.indexes.external import blaming

        digest = file.digest
        scratch = self.cache.scratch(target.parent)
        if (local := self.local_path(file)) is not None:
            return copy_verified(local, scratch, target, digest=digest, url=file.url)
        is_sure = digest is not None and digest.is_strong
        if digest is not None and is_sure:
            if (found := identify(target, digest)) is not None:
                return found
            if (kept := self.cache.find_download(digest)) is not None:
                try:
                    return copy_verified(kept, scratch, target, digest=digest, url=file.url)
                except HashMismatch:
                    self.cache.drop_download(digest)
        if self.offline:
            raise Offline(file.url)
        download = Download(
            file.url,
            digest=digest,
            name=file.filename,
            size=file.size,
            http=self._client(),
            reporter=self.reporter,
        )
        with blaming(file, self.fetch):
            retrieved = download.run(scratch, target, partials=self.cache.directory / "partial")
        if digest is not None and is_sure:
            self.cache.keep_download(digest, target)
        return retrieved
