"""Where the bytes of an archive come from: a file here, or ranges of one elsewhere."""

import mmap
import os
from pathlib import Path
from typing import BinaryIO, Protocol

from rewheel.wheels.errors import UnreadableFile

__all__ = ["ByteSource", "BytesSource", "FileSource"]


_LARGE = 1 << 18
"""Bytes from which on a piece is read instead of taken from the mapping."""


class ByteSource(Protocol):
    """Bytes that can be read at any place, such as a file or a URL that answers range requests."""

    @property
    def size(self) -> int:
        """The number of bytes in all."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` bytes at `offset`, fewer only where the source ends.

        May be called from several threads at once. Raises a `RewheelError` when the bytes cannot be had.
        """
        ...

    def close(self) -> None:
        """Release what the source holds; reading afterwards is an error. May be called twice."""
        ...


class FileSource:
    """A local file, mapped into memory so that many small reads cost no system call.

    Large pieces are read instead, where the system can: a mapping that is gone through would fill the memory
    with the whole file. Raises `UnreadableFile` when the file cannot be opened, mapped or read.
    """

    __slots__ = ("_file", "_map", "path", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map: mmap.mmap | None = None
        self._file: BinaryIO | None = None
        try:
            file = path.open("rb")
            try:
                self.size = file.seek(0, 2)
                if self.size:  # an empty file cannot be mapped
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    self.size = len(self._map)
            except BaseException:
                file.close()
                raise
        except (OSError, ValueError) as error:
            raise UnreadableFile(str(path), reason_of(error)) from error
        self._file = file

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` bytes at `offset`, fewer only where the file ends."""
        if length >= _LARGE and self._file is not None and hasattr(os, "pread"):
            return self._read(self._file.fileno(), offset, length)
        return self._map[offset : offset + length] if self._map is not None else b""

    def _read(self, descriptor: int, offset: int, length: int) -> bytes:
        try:
            data = os.pread(descriptor, length, offset)
            while len(data) < length and (
                more := os.pread(descriptor, length - len(data), offset + len(data))
            ):
                data += more
        except OSError as error:
            raise UnreadableFile(str(self.path), reason_of(error)) from error
        return data

    def close(self) -> None:
        """Unmap and close the file."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._file is not None:
            self._file.close()
            self._file = None
        self.size = 0


class BytesSource:
    """Bytes in memory, for archives that are small or not written yet."""

    __slots__ = ("_content", "size")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` bytes at `offset`, fewer only where they end."""
        return self._content[offset : offset + length]

    def close(self) -> None:
        """Let go of the bytes."""
        self._content, self.size = b"", 0


def reason_of(error: Exception) -> str:
    """Say what an operating system error means, without its number and path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
