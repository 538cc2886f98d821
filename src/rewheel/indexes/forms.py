"""What is sent to indexes: documents, files, and forms with one file (RFC 7578), never whole in memory."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["DocumentBody", "FileBody", "UploadForm"]

_PIECE = 1 << 18  # bytes that are read and sent at once


class DocumentBody:
    """A JSON document, or nothing at all."""

    def __init__(self, document: Mapping[str, Any] | None, content_type: str = "application/json") -> None:
        self.content_type = content_type
        self._content = json.dumps(document).encode() if document is not None else b""
        self.length = len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        if self._content:
            yield self._content


class FileBody:
    """The bytes of a file; `advanced` is told how many more of them were sent."""

    content_type = "application/octet-stream"

    def __init__(self, path: Path, *, advanced: Callable[[int], None] = lambda _: None) -> None:
        self._path = path
        self._advanced = advanced
        self.length = path.stat().st_size

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
                self._advanced(len(piece))


class UploadForm:
    """Fields and a file; can be gone through again when the first try fails.

    `content` is the file's path, or its bytes. `advanced` is told how many more bytes of it were sent.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        filename: str,
        content: Path | bytes,
        *,
        advanced: Callable[[int], None] = lambda _: None,
    ) -> None:
        boundary = f"rewheel-{os.urandom(16).hex()}"
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._content = content
        self._advanced = advanced
        parts = [_field(boundary, name, value) for name, value in fields]
        parts.append(
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="content"; filename="{_quoted(filename)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        self._head = b"".join(parts)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self.length = len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        left = self._size
        for piece in self._pieces():
            left -= len(piece)
            yield piece
            self._advanced(len(piece))
        if left:
            message = "the file changed while it was sent"
            raise ValueError(message)
        yield self._tail

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self._content, bytes):
            yield from (
                self._content[start : start + _PIECE] for start in range(0, len(self._content), _PIECE)
            )
            return
        with self._content.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _field(boundary: str, name: str, value: str) -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
    ).encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
