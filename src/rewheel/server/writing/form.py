"""Reading a form with one file in it (RFC 7578) while it arrives: fields into memory, the file elsewhere."""

from collections.abc import Awaitable, Callable

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from rewheel.server.errors import Refused

__all__ = ["FormReader", "Sink"]

Sink = Callable[[bytes], Awaitable[None]]
"""Takes the content of the file in, piece by piece."""

_MOST_FIELDS = 2000
_LONGEST_FIELD = 4 << 20
"""Bytes of one field; a README is one."""
_ALL_FIELDS = 16 << 20
_LONGEST_HEADER = 4096
"""Bytes of one of the headers of a part."""


class FormReader:
    """Takes pieces of a body in; hands the content of the file on to a sink, which is opened by `begin`.

    `begin` is called with the name of the file and the fields that came before it. Whatever is not such a
    form raises Refused (400).
    """

    def __init__(
        self, content_type: str, begin: Callable[[str, dict[str, list[str]]], Awaitable[Sink]]
    ) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not boundary or len(boundary) > 200:
            raise Refused(415, "this takes a form (multipart/form-data), as twine and `uv publish` send it")
        try:
            self._parser = PushMultipartParser(boundary, max_header_size=_LONGEST_HEADER)
        except MultipartError as error:
            raise _malformed() from error
        self._begin = begin
        self._field = ""
        self._content = bytearray()
        self._sink: Sink | None = None
        self._total = 0
        self._count = 0
        self.fields: dict[str, list[str]] = {}
        self.file_parts = 0

    async def feed(self, piece: bytes) -> None:
        """Take in the next bytes of the body, at least one."""
        try:
            for event in self._parser.parse(piece):
                if isinstance(event, MultipartSegment):
                    await self._open(event)
                elif event is not None:
                    await self._take(event)
                else:
                    self._end_part()
        except MultipartError as error:
            raise _malformed() from error

    def finish(self) -> None:
        """Make sure that the form came to its end."""
        try:
            self._parser.close()
        except MultipartError as error:
            raise Refused(
                400, "the form is incomplete: its end did not arrive", hint="upload it again"
            ) from error

    async def _open(self, part: MultipartSegment) -> None:
        if sum(name == "Content-Disposition" for name, _ in part.headerlist) != 1:
            raise _malformed()
        if not part.name:
            raise Refused(400, "a part of the form has no name")
        self._field = part.name
        if part.filename is None:
            return
        self.file_parts += 1
        if self.file_parts > 1 or part.name != "content":
            raise Refused(400, "the form has more than the one file, which is called 'content'")
        self._sink = await self._begin(part.filename, self.fields)

    async def _take(self, data: bytes) -> None:
        if self._sink is not None:
            await self._sink(data)
            return
        self._total += len(data)
        if len(self._content) + len(data) > _LONGEST_FIELD or self._total > _ALL_FIELDS:
            raise Refused(413, f"the field {self._field[:100]!r} of the form is too long")
        self._content += data

    def _end_part(self) -> None:
        if self._sink is not None:
            self._sink = None
            return
        self._count += 1
        if self._count > _MOST_FIELDS:
            raise Refused(400, "the form has too many fields")
        self.fields.setdefault(self._field, []).append(self._content.decode("utf-8", "replace"))
        self._content = bytearray()


def _malformed() -> Refused:
    return Refused(400, "the form is malformed")
