"""`/files/`: distributions and their metadata, whole or in parts."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from starlette.types import Message, Receive, Scope, Send

from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.catalog import files
from rewheel.server.errors import Refused
from rewheel.server.reading.conditions import http_date, is_current, may_use_range
from rewheel.server.reading.ranges import Part, Unsatisfiable, parse_ranges
from rewheel.server.services import Services

__all__ = ["Downloads"]

_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_METADATA = ".metadata"


@dataclass(frozen=True, slots=True)
class _Blob:
    """What is to be sent."""

    sha256: str
    size: int
    content_type: str
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


class Downloads:
    """Files as an ASGI application, mounted at `/files`."""

    def __init__(self, services: Services) -> None:
        self._services = services

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
        path = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        parts = path.split("/")
        if len(parts) != 4:
            return text_answer(404, "there is no such file")
        blob = await self._services.run(self._find, "".join(parts[:3]), parts[3])
        if blob is None:
            return text_answer(404, "there is no such file")
        return await self._respond(scope, send, blob)

    def _find(self, sha256: str, name: str) -> _Blob | None:
        """Look a file up: who knows its address gets it while it is public, and not longer."""
        filename = name.removesuffix(_METADATA)
        with self._services.database.read() as connection:
            stored = files.find_stored(connection, filename)
        if stored is None or stored.sha256 != sha256 or stored.stage_id is not None:
            return None
        if not stored.status.offers_files:
            raise Refused(403, f"the project of {filename} is quarantined; its files are not offered")
        if filename == name:
            if stored.external_url is not None:
                return None
            return _Blob(stored.sha256, stored.size, _content_type(name), stored.uploaded_at)
        if stored.metadata_sha256 is None:
            return None
        size = self._services.blobs.size(stored.metadata_sha256)
        if size is None:
            raise _missing(name)
        return _Blob(stored.metadata_sha256, size, "text/plain; charset=utf-8", stored.uploaded_at)

    async def _respond(self, scope: Scope, send: Send, blob: _Blob) -> Answer | None:
        headers = [
            (b"etag", blob.etag.encode()),
            (b"last-modified", http_date(blob.modified).encode()),
            _FOR_EVER,
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
        return None

    async def _send(
        self,
        scope: Scope,
        send: Send,
        blob: _Blob,
        parts: Sequence[Part],
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        content_type = blob.content_type.encode()
        if len(parts) > 1:
            boundary = token_hex(16)
            pieces = [(_part_head(part, blob, boundary), part) for part in parts]
            end = f"\r\n--{boundary}--\r\n".encode()
            length = sum(len(head) + part.length for head, part in pieces) + len(end)
            content_type = f"multipart/byteranges; boundary={boundary}".encode()
            body = self._several(blob, pieces, end)
        else:
            part = parts[0] if parts else Part(0, blob.size)
            length = part.length
            body = self._services.blobs.stream(blob.sha256, part.start, part.end)
            if parts:
                headers.append((b"content-range", part.content_range(blob.size).encode()))
        headers += [(b"content-type", content_type), (b"content-length", str(length).encode())]
        status = 206 if parts else 200
        start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        await _stream(send, start, body)

    async def _several(
        self, blob: _Blob, pieces: Sequence[tuple[bytes, Part]], end: bytes
    ) -> AsyncIterator[bytes]:
        for head, part in pieces:
            yield head
            async for piece in self._services.blobs.stream(blob.sha256, part.start, part.end):
                yield piece
        yield end


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


def _part_head(part: Part, blob: _Blob, boundary: str) -> bytes:
    return (
        f"\r\n--{boundary}\r\n"
        f"content-type: {blob.content_type}\r\n"
        f"content-range: {part.content_range(blob.size)}\r\n\r\n"
    ).encode()


def _content_type(name: str) -> str:
    return "application/gzip" if name.endswith(".gz") else "application/zip"


def _missing(name: str) -> Refused:
    return Refused(
        500,
        f"{name} is in the catalog, but not in the storage",
        hint="tell the operator, who finds such damage with `rewheel index verify`",
        kind="blob-missing",
    )
