"""Writing zip archives reproducibly: the same members in the same order are the same bytes, everywhere."""

import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rewheel.wheels.archive import Archive
from rewheel.wheels.directory import DEFLATED, STORED, Member
from rewheel.wheels.errors import UnreadableFile
from rewheel.wheels.source import reason_of

__all__ = ["UNIX", "ArchiveWriter", "replacing"]

_EARLIEST = 315532800  # 1980-01-01, the first day that zip knows
_LATEST = 4354819198  # 2107-12-31 23:59:58, the last second
_UTF8 = 0x0800
_KEPT_FLAGS = 0x0006  # how well a deflated member was compressed
UNIX = 3
"""The system whose permissions members have."""
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class ArchiveWriter:
    """Writes an archive to a binary file from its beginning; `finish` completes it.

    Every member gets the same time: `epoch` in seconds since 1970 (what SOURCE_DATE_EPOCH means), or the
    first moment that zip can express. Errors of the file are passed on as `OSError`.
    """

    def __init__(self, file: BinaryIO, *, epoch: int | None = None) -> None:
        self._file = file
        self._position = 0
        self._directory: list[bytes] = []
        moment = time.gmtime(min(max(_EARLIEST if epoch is None else epoch, _EARLIEST), _LATEST))
        self._date = (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
        self._time = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2

    def add(self, name: str, content: bytes, *, mode: int = 0o100644) -> None:
        """Write a new member, deflated if that makes it smaller; `mode` 0 means unknown."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        method = DEFLATED
        if len(packed) >= len(content):
            method, packed = STORED, content
        crc = zlib.crc32(content)
        member = Member(
            name, len(content), len(packed), crc, method, 0, 0, b"", (mode or 0o100644) << 16, UNIX, b"", 0
        )
        self._begin(member)
        self._write(packed)

    def copy(self, archive: Archive, member: Member) -> None:
        """Copy a member of another archive without unpacking it, with its mode.

        Raises `InvalidArchive` if the other archive is damaged; the content itself is not checked.
        """
        self._begin(member)
        for piece in archive.raw(member):
            self._write(piece)

    def finish(self) -> None:
        """Write the directory, which makes the file an archive."""
        start = self._position
        for entry in self._directory:
            self._write(entry)
        size, count = self._position - start, len(self._directory)
        if count >= _FULL16 or start >= _FULL32 or size >= _FULL32:
            wide = (44, 45, 45, 0, 0, count, count, size, start)
            end = self._position
            self._write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", *wide))
            self._write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        counts = (min(count, _FULL16),) * 2
        places = (min(size, _FULL32), min(start, _FULL32))
        self._write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *counts, *places, 0))

    def _begin(self, member: Member) -> None:
        """Write the local header and remember the entry of the directory."""
        name = member.name.encode("utf-8")
        flags = (member.flags & _KEPT_FLAGS) | (0 if member.name.isascii() else _UTF8)
        sizes, offset = (member.size, member.compressed_size), self._position
        large = max(sizes) >= _FULL32
        extra = struct.pack("<2H2Q", 1, 16, *sizes) if large else b""
        narrow = (_FULL32, _FULL32) if large else (member.compressed_size, member.size)
        version = 45 if large or offset >= _FULL32 else 20
        common = (flags, member.method, self._time, self._date, member.crc, *narrow, len(name))
        self._write(struct.pack("<4s5H3L2H", b"PK\x03\x04", version, *common, len(extra)) + name + extra)
        if offset >= _FULL32:
            extra = struct.pack(
                f"<2H{3 if large else 1}Q", 1, 24 if large else 8, *(sizes if large else ()), offset
            )
            offset = _FULL32
        rest = (len(extra), 0, 0, 0, member.external_attributes, offset)
        entry = struct.pack(
            "<4s4B4H3L5H2L", b"PK\x01\x02", version, member.system, version, 0, *common, *rest
        )
        self._directory.append(entry + name + extra)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._position += len(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` at once when the block ends well, and vanishes otherwise.

    Folders on the way are made. Raises `UnreadableFile` when the system does not let us write.
    """
    temporary = path.with_name(f".{path.name[:60]}-{os.urandom(6).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UnreadableFile(str(path), reason_of(error), action="write") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
