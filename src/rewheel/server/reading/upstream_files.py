"""`/upstream/`: files of other indexes, kept here from the first time that somebody wants them."""

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256 as new_sha256
from secrets import token_hex

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection
from starlette.types import Receive, Scope, Send

from rewheel.indexes import IndexesError, NotFound
from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.blobs.storage import trouble
from rewheel.server.catalog import loose, projects, upstreams as catalog
from rewheel.server.catalog.moments import now
from rewheel.server.errors import Refused
from rewheel.server.keeping import keep
from rewheel.server.reading.downloads import Blob, Downloads, content_type
from rewheel.server.services import Services
from rewheel.server.upstream import Listed, Upstreams
from rewheel.server.upstream.transfers import Transfer

__all__ = ["UpstreamFiles"]

_LOG = logging.getLogger("rewheel.server.upstream")
_METADATA = ".metadata"
_TEXT = "text/plain; charset=utf-8"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,198}[a-z0-9])?")
_AT_ONCE = 16
"""Files that one process fetches at the same time."""
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_BRIEFLY = (b"cache-control", b"no-cache")
_PASSED_ON = ("content-range", "content-length", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a path asks for."""

    upstream: str
    project: str
    sha256: str
    """As the upstream index promises it; empty if it does not."""
    filename: str
    is_metadata: bool


class UpstreamFiles:
    """Files of upstream indexes as an ASGI application, which answers below `/upstream/`."""

    def __init__(self, services: Services, downloads: Downloads) -> None:
        self._services = services
        self._downloads = downloads
        self._transfers: dict[tuple[str, str, str], Transfer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = CapacityLimiter(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, send)
        except Refused as refused:
            answer = refusal(refused)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send) -> Answer | None:
        if scope["method"] not in {"GET", "HEAD"}:
            return text_answer(405, "this can only be read", {"Allow": "GET, HEAD"})
        asked = _parsed(scope["path"].removeprefix("/upstream/"))
        if asked is None or self._services.upstreams is None:
            return text_answer(404, "there is no such file")
        being_kept = self._transfers.get(_key(asked))
        if being_kept is not None and being_kept.is_over:
            await being_kept.put_away.wait()
        blob, project = await self._services.run(self._kept, asked)
        is_local, tracks = project is not None, project.tracks if project is not None else ()
        if not any(
            upstream.name == asked.upstream
            for upstream in self._upstreams.rules.asked(asked.project, is_local=is_local, tracks=tracks)
        ):
            return text_answer(404, f"{asked.filename} is not offered from {asked.upstream}")
        if blob is not None:
            return await self._downloads.respond(scope, send, blob)
        found = await to_thread.run_sync(
            partial(self._upstreams.at, asked.upstream, asked.project, is_local=is_local, tracks=tracks)
        )
        listed = found.listing.find(asked.filename, asked.sha256) if found is not None else None
        if listed is None:
            return text_answer(404, f"{asked.upstream} has no {asked.filename} of this hash")
        if asked.is_metadata:
            return await self._metadata(scope, send, asked, listed)
        return await self._file(scope, send, asked, listed)

    @property
    def _upstreams(self) -> Upstreams:
        assert self._services.upstreams is not None
        return self._services.upstreams

    def _kept(self, asked: _Asked) -> tuple[Blob | None, projects.Project | None]:
        """Find what is here: of the file that this address stands for, and of a project of that name."""
        with self._services.database.read() as connection:
            kept = _same(connection, asked)
            project = projects.find(connection, asked.project)
        blob = self._blob(asked, kept) if kept is not None else None
        if blob is not None and kept is not None and not kept.is_use_noted:
            with suppress(Refused), self._services.database.write() as connection:
                catalog.touch_file(connection, asked.upstream, asked.filename)
        return blob, project

    def _blob(self, asked: _Asked, kept: catalog.KeptFile) -> Blob | None:
        digest = kept.metadata_sha256 if asked.is_metadata else kept.cached_sha256
        size = self._services.blobs.size(digest) if digest is not None else None
        if digest is None or size is None:
            return None
        kind = _TEXT if asked.is_metadata else content_type(asked.filename)
        return Blob(digest, size, kind, kept.kept_at)

    # Metadata (PEP 658): small, whole, and kept

    async def _metadata(self, scope: Scope, send: Send, asked: _Asked, listed: Listed) -> Answer | None:
        if listed.metadata_sha256 is None:
            return text_answer(404, f"{asked.upstream} has no metadata of {asked.filename}")
        try:
            content = await to_thread.run_sync(self._upstreams.fetcher.small, _beside(listed.url))
        except IndexesError as error:
            raise _gone(asked, error) from error
        digest = new_sha256(content).hexdigest()
        if listed.metadata_sha256 and digest != listed.metadata_sha256:
            raise Refused(502, f"the metadata of {asked.filename} came damaged from {asked.upstream}")
        await self._services.run(self._keep_metadata, asked, listed, content, digest)
        return await self._downloads.respond(scope, send, Blob(digest, len(content), _TEXT, now()))

    def _keep_metadata(self, asked: _Asked, listed: Listed, content: bytes, digest: str) -> None:
        def change(connection: Connection, renewed: Mapping[str, datetime]) -> None:
            kept = _same(connection, asked)
            cached = kept.cached_sha256 if kept is not None else None
            size = kept.size if cached is not None and kept is not None else listed.size
            file = catalog.KeptFile(asked.project, asked.sha256, cached, size, digest, now())
            catalog.keep_file(connection, asked.upstream, asked.filename, file)
            loose.hold(connection, [digest], renewed)

        keep(self._services.database, partial(self._services.blobs.put_bytes, digest, content), change)

    # Files: passed on while they arrive

    async def _file(self, scope: Scope, send: Send, asked: _Asked, listed: Listed) -> Answer | None:
        headers = [(b"content-type", content_type(asked.filename).encode()), (b"accept-ranges", b"bytes")]
        headers.append(_FOR_EVER if asked.sha256 else _BRIEFLY)
        if asked.sha256:
            headers.append((b"etag", f'"{asked.sha256}"'.encode()))
        if scope["method"] == "HEAD" and listed.size is not None:
            headers.append((b"content-length", str(listed.size).encode()))
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return None
        wanted = header(scope, b"range")
        if wanted and scope["method"] == "GET" and await self._part(send, asked, listed, wanted, headers):
            return None
        transfer = self._transfers.get(_key(asked))
        if transfer is None or transfer.is_over:
            transfer = self._start(asked, listed)
        reader = transfer.read()
        try:
            await transfer.begun()
        except (IndexesError, OSError) as error:
            raise _gone(asked, error) from error
        if transfer.size is not None:
            headers.append((b"content-length", str(transfer.size).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "GET":
            async for piece in reader:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return None

    def _start(self, asked: _Asked, listed: Listed) -> Transfer:
        spool = self._services.spool
        try:
            spool.mkdir(parents=True, exist_ok=True, mode=0o700)
            transfer = Transfer(listed, spool / f"upstream-{token_hex(12)}", self._upstreams.fetcher)
        except OSError as error:
            raise trouble(error) from error
        self._transfers[_key(asked)] = transfer
        task = asyncio.create_task(self._carry_out(asked, transfer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return transfer

    async def _carry_out(self, asked: _Asked, transfer: Transfer) -> None:
        """Fetch the file, and keep it if nothing went wrong; those who read it go on meanwhile."""
        try:
            await to_thread.run_sync(transfer.run, limiter=self._slots)
            # From here on nobody new opens the file, which is about to be moved: they wait until it was.
            transfer.is_over = True
            if transfer.sha256 and not transfer.file.is_index_file:
                await self._services.run(self._keep, asked, transfer)
        finally:
            if self._transfers.get(_key(asked)) is transfer:
                del self._transfers[_key(asked)]
            transfer.put_away.set()
            await to_thread.run_sync(partial(transfer.path.unlink, missing_ok=True))

    def _keep(self, asked: _Asked, transfer: Transfer) -> None:
        size = transfer.path.stat().st_size

        def change(connection: Connection, renewed: Mapping[str, datetime]) -> None:
            kept = _same(connection, asked)
            metadata = kept.metadata_sha256 if kept is not None else None
            file = catalog.KeptFile(asked.project, asked.sha256, transfer.sha256, size, metadata, now())
            catalog.keep_file(connection, asked.upstream, asked.filename, file)
            loose.hold(connection, [transfer.sha256], renewed)

        try:
            put = partial(self._services.blobs.put, transfer.sha256, transfer.path)
            keep(self._services.database, put, change)
        except Refused as refused:
            _LOG.warning("%s could not be kept: %s", asked.filename, refused.message)

    async def _part(
        self, send: Send, asked: _Asked, listed: Listed, wanted: str, headers: list[tuple[bytes, bytes]]
    ) -> bool:
        """Pass on a part of a file that is not here, as clients read the tails of large wheels."""
        if not re.fullmatch(r"bytes=[0-9,\- ]{1,100}", wanted):
            return False
        fetcher = self._upstreams.fetcher
        try:
            stream = await to_thread.run_sync(partial(fetcher.stream, listed.url, {"Range": wanted}))
        except IndexesError as error:
            raise _gone(asked, error) from error
        try:
            if stream.status != 206:
                return False
            passed = [
                (name.encode(), value.encode("latin-1"))
                for name, value in _passed_on(stream.headers).items()
                if not any(name.encode() == known for known, _ in headers)
            ]
            await send({"type": "http.response.start", "status": 206, "headers": [*headers, *passed]})
            pieces = stream.chunks()
            while piece := await to_thread.run_sync(next, pieces, b""):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await to_thread.run_sync(stream.close)
        return True


def _parsed(path: str) -> _Asked | None:
    parts = path.strip("/").split("/")
    if len(parts) != 4:
        return None
    upstream, project, sha256, name = parts
    filename = name.removesuffix(_METADATA)
    if not _NAME.fullmatch(project) or not re.fullmatch(r"-|[0-9a-f]{64}", sha256) or not filename:
        return None
    return _Asked(upstream, project, sha256.strip("-"), filename, filename != name)


def _key(asked: _Asked) -> tuple[str, str, str]:
    return asked.upstream, asked.filename, asked.sha256


def _same(connection: Connection, asked: _Asked) -> catalog.KeptFile | None:
    """Find what is here of the very file that is asked for."""
    kept = catalog.find_file(connection, asked.upstream, asked.filename)
    is_same = kept is not None and (kept.project, kept.sha256) == (asked.project, asked.sha256)
    return kept if is_same else None


def _beside(url: str) -> str:
    """Return the URL of the metadata beside a file, in front of a query if there is one."""
    address, query, rest = url.partition("?")
    return f"{address}{_METADATA}{query}{rest}"


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _PASSED_ON if name in headers}


def _gone(asked: _Asked, error: Exception) -> Refused:
    """Say why a file is not to be had, without the addresses that only operators need."""
    if isinstance(error, OSError):
        return trouble(error)
    if isinstance(error, NotFound):
        return Refused(404, f"{asked.upstream} lists {asked.filename}, but does not have it")
    return Refused(
        502,
        f"{asked.filename} cannot be had from {asked.upstream} at the moment",
        hint="try again later",
        kind="upstream-unavailable",
        headers={"Retry-After": "30"},
    )
