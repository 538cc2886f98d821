"""Reading a form with one file in it (RFC 7578) while it arrives: fields into memory, the file elsewhere."""

import re
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from python_multipart.multipart import parse_options_header

from rewheel.server.errors import Refused

__all__ = ["FormReader", "Sink"]

Sink = Callable[[bytes | memoryview], Awaitable[None]]
"""Takes the content of the file in, piece by piece."""

_MOST_FIELDS = 2000
_LONGEST_FIELD = 4 << 20
"""Bytes of one field; a README is one."""
_ALL_FIELDS = 16 << 20
_LONGEST_HEAD = 16_384
"""Bytes of the headers of one part."""

_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0-\x08\x0a-\x1f]*)")
_DISPOSITION = re.compile(rb'form-data; name="([^"\\]*)"(?:; filename="([^"\\]*)")?')
"""As every tool writes it that we know; others are read with more patience."""


class _State(Enum):
    BEGIN = auto()
    """Before the first line."""
    LIMIT = auto()
    """Behind a delimiter, which ends a part or the form."""
    HEAD = auto()
    """Before the headers of a part, their first line break included."""
    CONTENT = auto()
    END = auto()


class FormReader:
    """Takes pieces of a body in; hands the content of the file on to a sink, which is opened by `begin`.

    `begin` is called with the name of the file and the fields that came before it. Whatever is not such a
    form raises Refused (400).
    """

    def __init__(
        self, content_type: str, begin: Callable[[str, dict[str, list[str]]], Awaitable[Sink]]
    ) -> None:
        kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
            raise Refused(415, "this takes a form (multipart/form-data), as twine and `uv publish` send it")
        self._delimiter = b"\r\n--" + boundary
        self._begin = begin
        self._state = _State.BEGIN
        self._data = b""
        self._at = 0
        """What of the data has been read."""
        self._field = ""
        self._content = bytearray()
        self._sink: Sink | None = None
        self._total = 0
        self._count = 0
        self.fields: dict[str, list[str]] = {}
        self.file_parts = 0

    async def feed(self, piece: bytes) -> None:
        """Take in the next bytes of the body."""
        self._data = self._data[self._at :] + piece
        self._at = 0
        while await self._step():
            pass

    def finish(self) -> None:
        """Make sure that the form came to its end."""
        if self._state is not _State.END:
            raise Refused(400, "the form is incomplete: its end did not arrive", hint="upload it again")

    async def _step(self) -> bool:
        """Read on by one step; tell whether another one may be possible without more data."""
        match self._state:
            case _State.BEGIN:
                return self._read_begin()
            case _State.LIMIT:
                return self._read_limit()
            case _State.HEAD:
                return await self._read_head()
            case _State.CONTENT:
                return await self._read_content()
            case _State.END:  # what follows is not for us (RFC 2046, epilogue)
                self._at = len(self._data)
                return False

    def _read_begin(self) -> bool:
        first = self._delimiter[2:]
        if not first.startswith(self._data[: len(first)]):
            raise _malformed()
        if len(self._data) < len(first):
            return False
        self._at, self._state = len(first), _State.LIMIT
        return True

    def _read_limit(self) -> bool:
        """Tell by the two bytes behind a delimiter what it is; nothing of a form may merely look like one."""
        behind = self._data[self._at : self._at + 2]
        if len(behind) < 2:
            return False
        if behind == b"--":
            self._state = _State.END
        elif behind == b"\r\n":
            self._state = _State.HEAD
        else:
            raise _malformed()
        return True

    async def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n", self._at)
        if (len(self._data) if end < 0 else end) - self._at > _LONGEST_HEAD:
            raise Refused(400, "a header in the form is too long")
        if end < 0:
            return False
        lines = self._data[self._at : end].split(b"\r\n")[1:]
        self._at, self._state = end + 4, _State.CONTENT
        filename = self._take_headers(lines)
        if filename is not None:
            self.file_parts += 1
            if self.file_parts > 1 or self._field != "content":
                raise Refused(400, "the form has more than the one file, which is called 'content'")
            self._sink = await self._begin(filename, self.fields)
        return True

    def _take_headers(self, lines: list[bytes]) -> str | None:
        """Begin a part; return the name of its file, None if it is a field."""
        headers: dict[bytes, bytes] = {}
        for line in lines:
            header = _HEADER.fullmatch(line)
            if header is None or header[1].lower() in headers:
                raise _malformed()
            headers[header[1].lower()] = header[2]
        name, filename = _disposition(headers.get(b"content-disposition", b""))
        self._content, self._sink, self._field = bytearray(), None, name.decode("utf-8", "replace")
        return filename.decode("utf-8", "replace") if filename is not None else None

    async def _read_content(self) -> bool:
        data, begin = self._data, self._at
        end = data.find(self._delimiter, begin)
        if end >= 0:
            await self._take(data, begin, end)
            self._keep_field()
            self._at, self._state = end + len(self._delimiter), _State.LIMIT
            return True
        end = self._beginning(begin)
        await self._take(data, begin, end)
        self._at = end
        return False

    def _beginning(self, begin: int) -> int:
        """Return where the data ends, or where half a delimiter may begin, at its only CR."""
        data = self._data
        place = data.rfind(b"\r", max(begin, len(data) - len(self._delimiter) + 1))
        return place if place >= 0 and self._delimiter.startswith(data[place:]) else len(data)

    async def _take(self, data: bytes, begin: int, end: int) -> None:
        if self._sink is not None:
            if begin < end:  # a large file is not copied
                await self._sink(data if end - begin == len(data) else memoryview(data)[begin:end])
            return
        self._total += end - begin
        if len(self._content) + end - begin > _LONGEST_FIELD or self._total > _ALL_FIELDS:
            raise Refused(413, f"the field {self._field[:100]!r} of the form is too long")
        self._content += memoryview(data)[begin:end]

    def _keep_field(self) -> None:
        if self._sink is not None:
            self._sink = None
            return
        self._count += 1
        if self._count > _MOST_FIELDS:
            raise Refused(400, "the form has too many fields")
        self.fields.setdefault(self._field, []).append(self._content.decode("utf-8", "replace"))


def _disposition(value: bytes) -> tuple[bytes, bytes | None]:
    """Return what a part is called, and the name of its file, if it is one."""
    usual = _DISPOSITION.fullmatch(value)
    if usual is not None:
        return usual[1], usual[2]
    kind, options = parse_options_header(value)
    if kind != b"form-data" or b"name" not in options:
        raise Refused(400, "a part of the form has no name")
    return options[b"name"], options.get(b"filename")


def _malformed() -> Refused:
    return Refused(400, "the form is malformed")
