"""Reading a form with one file in it (RFC 7578) while it arrives: fields into memory, the file elsewhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from rewheel.server.errors import Refused

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["FormReader"]

_MOST_FIELDS = 2000
_LONGEST_FIELD = 4 << 20
"""Bytes of one field; a README is one."""
_ALL_FIELDS = 16 << 20


@dataclass(slots=True)
class _Part:
    name: str = ""
    filename: str | None = None
    content: bytearray = field(default_factory=bytearray)


class FormReader:
    """Takes pieces of a body in; hands the content of the file on to `file`, which is opened by `begin`.

    `begin` is called with the name of the file and the fields that came before it. Whatever is not such a
    form raises Refused (400).
    """

    def __init__(
        self,
        content_type: str,
        begin: Callable[[str, dict[str, list[str]]], Awaitable[Callable[[bytes], Awaitable[None]]]],
    ) -> None:
        kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
            raise Refused(415, "this takes a form (multipart/form-data), as twine and `uv publish` send it")
        self._parser = MultipartParser(boundary, _callbacks(self))
        self._begin = begin
        self._events: list[tuple[str, bytes]] = []
        self._part = _Part()
        self._header = [bytearray(), bytearray()]
        self._sink: Callable[[bytes], Awaitable[None]] | None = None
        self._total = 0
        self._is_complete = False
        self.fields: dict[str, list[str]] = {}
        self.file_parts = 0

    async def feed(self, piece: bytes) -> None:
        """Take in the next bytes of the body."""
        self._events.clear()
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise Refused(400, "the form is malformed") from error
        for kind, data in self._events:
            await self._handle(kind, data)

    def finish(self) -> None:
        """Make sure that the form came to its end."""
        if not self._is_complete:
            raise Refused(400, "the form is incomplete: its end did not arrive", hint="upload it again")

    def note(self, kind: str, data: bytes = b"") -> None:
        """Remember what the parser has seen, in its order."""
        self._events.append((kind, data))

    async def _handle(self, kind: str, data: bytes) -> None:
        match kind:
            case "part":
                self._part, self._sink = _Part(), None
                self._header = [bytearray(), bytearray()]
            case "name" | "value":
                self._header[kind == "value"] += data
                if len(self._header[0]) + len(self._header[1]) > 16_384:
                    raise Refused(400, "a header in the form is too long")
            case "header":
                self._take_header()
            case "body":
                if self._part.filename is not None:
                    await self._open_file()
            case "data":
                await self._take(data)
            case "over":
                self._keep_field()
            case "end":
                self._is_complete = True

    def _take_header(self) -> None:
        name, value = (bytes(part) for part in self._header)
        self._header = [bytearray(), bytearray()]
        if name.lower() != b"content-disposition":
            return
        kind, options = parse_options_header(value)
        if kind != b"form-data" or b"name" not in options:
            raise Refused(400, "a part of the form has no name")
        self._part.name = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            self._part.filename = options[b"filename"].decode("utf-8", "replace")

    async def _open_file(self) -> None:
        self.file_parts += 1
        if self.file_parts > 1 or self._part.name != "content":
            raise Refused(400, "the form has more than the one file, which is called 'content'")
        assert self._part.filename is not None
        self._sink = await self._begin(self._part.filename, self.fields)

    async def _take(self, data: bytes) -> None:
        if self._sink is not None:
            await self._sink(data)
            return
        self._total += len(data)
        self._part.content += data
        if len(self._part.content) > _LONGEST_FIELD or self._total > _ALL_FIELDS:
            raise Refused(413, f"the field {self._part.name[:100]!r} of the form is too long")

    def _keep_field(self) -> None:
        if self._sink is not None:
            self._sink = None
            return
        values = self.fields.setdefault(self._part.name, [])
        values.append(self._part.content.decode("utf-8", "replace"))
        if sum(map(len, self.fields.values())) > _MOST_FIELDS:
            raise Refused(400, "the form has too many fields")


def _callbacks(reader: FormReader) -> "MultipartCallbacks":
    """Let the parser, which cannot wait, only note what it finds."""

    def noting(kind: str) -> Callable[..., None]:
        def with_data(data: bytes, start: int, end: int) -> None:
            reader.note(kind, data[start:end])

        return with_data

    def marking(kind: str) -> Callable[..., None]:
        return lambda: reader.note(kind)

    return {
        "on_part_begin": marking("part"),
        "on_header_field": noting("name"),
        "on_header_value": noting("value"),
        "on_header_end": marking("header"),
        "on_headers_finished": marking("body"),
        "on_part_data": noting("data"),
        "on_part_end": marking("over"),
        "on_end": marking("end"),
    }
