"""Where the bytes of an archive come from: a file here, or ranges of one elsewhere."""

import mmap
from pathlib import Path
from typing import Protocol

from rewheel.wheels.errors import UnreadableFile

__all__ = ["ByteSource", "BytesSource", "FileSource"]


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

    Raises `UnreadableFile` when the file cannot be opened or mapped.
    """

    __slots__ = ("_map", "path", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map: mmap.mmap | None = None
        try:
            with path.open("rb") as file:
                self.size = file.seek(0, 2)
                if self.size:  # an empty file cannot be mapped
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    self.size = len(self._map)
        except (OSError, ValueError) as error:
            raise UnreadableFile(str(path), reason_of(error)) from error

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` bytes at `offset`, fewer only where the file ends."""
        return self._map[offset : offset + length] if self._map is not None else b""

    def close(self) -> None:
        """Unmap the file."""
        if self._map is not None:
            self._map.close()
            self._map = None
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
