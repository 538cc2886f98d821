"""`/files/`: distributions and their metadata, whole or in parts."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256 as new_sha256

from starlette.types import Message, Receive, Scope, Send

from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.catalog import files
from rewheel.server.catalog.hosting import find_rim
from rewheel.server.errors import Refused
from rewheel.server.reading.conditions import http_date, is_current, may_use_range
from rewheel.server.reading.ranges import ByteRanges, Part, Unsatisfiable, parse_ranges
from rewheel.server.services import Services
from rewheel.wheels import wheel_name

__all__ = ["Blob", "Downloads", "content_type"]

_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_METADATA = ".metadata"
_PROVENANCE = ".provenance"
_MOST_KNOWN = 10_000
"""Addresses whose files are remembered."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What is to be sent, as it is in the storage."""

    sha256: str
    size: int
    content_type: str
    modified: datetime
    filename: str = ""
    """Of a distribution, whose downloads are counted; empty for metadata."""

    @property
    def etag(self) -> str:
        """The strong validator: the content itself."""
        return f'"{self.sha256}"'


class Downloads:
    """Files as an ASGI application, which answers below `/files/`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: OrderedDict[str, tuple[int, Blob]] = OrderedDict()

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
        path = scope["path"].removeprefix("/files/")
        if path.endswith(_PROVENANCE):
            return await self._services.run(self._provenance, path.removesuffix(_PROVENANCE), scope)
        blob = await self._blob(path)
        if blob is None:
            return text_answer(404, "there is no such file")
        return await self.respond(scope, send, blob)

    async def _blob(self, path: str) -> "Blob | None":
        """Look a file up, unless nothing has changed since it was looked up last."""
        mark = self._services.freshness.mark()
        kept = self._known.get(path)
        if kept is not None and kept[0] == mark:
            return kept[1]
        parts = path.split("/")
        if len(parts) != 4:
            return None
        blob = await self._services.run(self._find, "".join(parts[:3]), parts[3])
        if blob is not None and mark is not None:
            self._known[path] = (mark, blob)
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return blob

    def _provenance(self, path: str, scope: Scope) -> Answer:
        """Answer with the provenance of a file (PEP 740); it is not said to stay as it is."""
        parts, document = path.split("/"), None
        if len(parts) == 4:
            with self._services.database.read() as connection:
                document = files.find_provenance(connection, "".join(parts[:3]), parts[3])
        if document is None:
            return text_answer(404, "there are no attestations of such a file")
        body = document.encode()
        etag = f'"{new_sha256(body).hexdigest()}"'
        headers = [(b"etag", etag.encode()), (b"cache-control", b"max-age=0, must-revalidate")]
        if is_current(header(scope, b"if-none-match"), "", etag=etag):
            return Answer(304, headers=headers)
        return Answer(200, body, [(b"content-type", b"application/json"), *headers])

    def _find(self, sha256: str, name: str) -> Blob | None:
        """Look a file up: who knows its address gets it while it is public, and not longer."""
        filename = name.removesuffix(_METADATA)
        if filename.endswith(".rim"):
            return self._find_rim(sha256, filename, is_metadata=filename != name)
        with self._services.database.read() as connection:
            stored = files.find_stored(connection, filename)
        if stored is None or stored.sha256 != sha256 or stored.stage_id is not None:
            return None
        if not stored.status.offers_files:
            raise Refused(403, f"the project of {filename} is quarantined; its files are not offered")
        if filename == name:
            if stored.external_url is not None:
                return None
            return Blob(stored.sha256, stored.size, content_type(name), stored.uploaded_at, filename)
        return self._metadata(name, stored.metadata_sha256, stored.uploaded_at)

    def _find_rim(self, sha256: str, name: str, *, is_metadata: bool) -> Blob | None:
        """Look up what is kept of a wheel that lies elsewhere (PEP 759)."""
        wheel = wheel_name(name)
        with self._services.database.read() as connection:
            rim = find_rim(connection, wheel)
        if rim is None or rim.sha256 != sha256:
            return None
        if not rim.status.offers_files:
            raise Refused(403, f"the project of {wheel} is quarantined; its files are not offered")
        if is_metadata:
            return self._metadata(name, rim.metadata_sha256, rim.uploaded_at)
        size = self._services.blobs.size(rim.sha256)
        if size is None:
            raise _missing(name)
        return Blob(rim.sha256, size, content_type(name), rim.uploaded_at)

    def _metadata(self, name: str, sha256: str | None, modified: datetime) -> Blob | None:
        if sha256 is None:
            return None
        size = self._services.blobs.size(sha256)
        if size is None:
            raise _missing(name)
        return Blob(sha256, size, "text/plain; charset=utf-8", modified)

    async def respond(
        self, scope: Scope, send: Send, blob: Blob, control: tuple[bytes, bytes] = _FOR_EVER
    ) -> Answer | None:
        """Send a blob, whole or in parts, or return the answer that says why not; `control` is for caches."""
        headers = [
            (b"etag", blob.etag.encode()),
            (b"last-modified", http_date(blob.modified).encode()),
            control,
            (b"accept-ranges", b"bytes"),
        ]
        conditions = header(scope, b"if-none-match"), header(scope, b"if-modified-since")
        if is_current(*conditions, etag=blob.etag, modified=blob.modified):
            return Answer(304, headers=headers)
        parts: Sequence[Part] = ()
        wanted = header(scope, b"range") if scope["method"] == "GET" else ""
        if wanted and may_use_range(header(scope, b"if-range"), etag=blob.etag, modified=blob.modified):
            try:
                parts = parse_ranges(wanted, blob.size)
            except Unsatisfiable:
                headers.append((b"content-range", f"bytes */{blob.size}".encode()))
                return Answer(416, headers=headers)
        await self._send(scope, send, blob, parts, headers)
        if scope["method"] == "GET" and blob.filename and not (parts and parts[0].start):
            self._services.downloads.count(blob.filename)
        return None

    async def _send(
        self,
        scope: Scope,
        send: Send,
        blob: Blob,
        parts: Sequence[Part],
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        whole = Part(0, blob.size)
        if len(parts) > 1:
            several = ByteRanges(blob.content_type, blob.size, parts)
            headers += several.headers
            body = self._several(blob, several)
        else:
            part = parts[0] if parts else whole
            headers += [
                (b"content-type", blob.content_type.encode()),
                (b"content-length", str(part.length).encode()),
            ]
            if parts:
                headers.append((b"content-range", part.content_range(blob.size).encode()))
            body = self._services.blobs.stream(blob.sha256, part.start, part.end)
        start: Message = {
            "type": "http.response.start",
            "status": 206 if parts else 200,
            "headers": headers,
        }
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
        elif not parts and await self._send_path(scope, send, start, blob):
            pass
        else:
            await _stream(send, start, body)

    async def _send_path(self, scope: Scope, send: Send, start: Message, blob: Blob) -> bool:
        """Let the web server send the file by itself, if it can and the file is one of this computer."""
        path = self._services.blobs.path(blob.sha256)
        if path is None or "http.response.pathsend" not in scope.get("extensions", {}):
            return False
        if not await self._services.run(path.is_file):
            raise _missing("the file")
        await send(start)
        await send({"type": "http.response.pathsend", "path": str(path)})
        return True

    async def _several(self, blob: Blob, several: ByteRanges) -> AsyncIterator[bytes]:
        for head, part in several.pieces:
            yield head
            async for piece in self._services.blobs.stream(blob.sha256, part.start, part.end):
                yield piece
        yield several.end


async def _stream(send: Send, start: Message, body: AsyncIterator[bytes]) -> None:
    """Send a body piece by piece; nothing is promised before the first one is there."""
    try:
        first = await anext(body, b"")
    except LookupError as error:
        raise _missing("the file") from error
    await send(start)
    await send({"type": "http.response.body", "body": first, "more_body": True})
    async for piece in body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def content_type(name: str) -> str:
    """Return the media type of a distribution."""
    return "application/gzip" if name.endswith(".gz") else "application/zip"


def _missing(name: str) -> Refused:
    return Refused(
        500,
        f"{name} is in the catalog, but not in the storage",
        hint="tell the operator, who finds such damage with `rewheel index verify`",
        kind="blob-missing",
    )
