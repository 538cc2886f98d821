"""Reading zip archives from strangers: little of them, fast, and never what could do harm."""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, Self

from rewheel.wheels.directory import DEFLATED, TAIL, Limits, Member, read_directory
from rewheel.wheels.errors import InvalidArchive
from rewheel.wheels.inflate import DamagedDataError, checksum, inflate, inflate_stream
from rewheel.wheels.source import ByteSource, FileSource

__all__ = ["Archive"]

_LOCAL = struct.Struct("<4s5H3L2H")  # APPNOTE 4.3.7
_SIGNATURE = b"PK\x03\x04"
_LARGEST_DESCRIPTOR = 24  # bytes; APPNOTE 4.3.9, with signature and 64-bit sizes
_STEP = 1 << 20  # bytes that a stream reads at once
_HAS_DESCRIPTOR = 0x0008
_COMPARED_FLAGS = 0x0001 | 0x0040 | 0x0800  # encryption and the encoding of the name
_FULL32 = 0xFFFFFFFF
_ZIP64 = 0x0001
_DEFAULT_LIMITS = Limits()


class Archive:
    """A zip archive whose directory has been checked; members are checked when they are read.

    Opening costs one read of at most 64 KiB at the end of the source, which also answers for the members
    that lie there; a longer directory costs a second read, and each other member one. An archive may be read
    by several threads at once. Every method raises `InvalidArchive` when the archive lies or is damaged.
    """

    __slots__ = ("_source", "_tail", "_tail_offset", "members", "name")

    members: Mapping[str, Member]
    """By name, in the order of the directory."""

    def __init__(self, source: ByteSource, name: str, limits: Limits = _DEFAULT_LIMITS) -> None:
        self.name = name
        self._source = source
        size = source.size
        self._tail_offset = size - min(size, TAIL)
        self._tail = b""
        self._tail = self._read(self._tail_offset, size - self._tail_offset)
        self.members = MappingProxyType(read_directory(self._read, size, name, limits))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the archive at `path`; raises `UnreadableFile` if that is not possible."""
        return cls.over(FileSource(path), path.name)

    @classmethod
    def over(cls, source: ByteSource, name: str) -> Self:
        """Read an archive from `source`, which then belongs to it; `name` is what errors call it."""
        try:
            return cls(source, name)
        except BaseException:
            source.close()
            raise

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """The archive's own size in bytes."""
        return self._source.size

    def __contains__(self, name: object) -> bool:
        return name in self.members

    def member(self, name: str) -> Member:
        """Return the member called `name`; raises `InvalidArchive` if there is none."""
        member = self.members.get(name)
        return member if member is not None else self._refuse(f"it has no {name!r}")

    def read(self, name: str, *, limit: int | None = None) -> bytes:
        """Return the content of a member, refusing one of more than `limit` bytes."""
        member = self.member(name)
        if limit is not None and member.size > limit:
            self._refuse(f"{name!r} is too large: {member.size} bytes, at most {limit} are read")
        return self.content(member)

    def content(self, member: Member) -> bytes:
        """Return the content of a member of this archive."""
        # One read takes everything up to the next member, unless hostile padding makes that absurd.
        expected = _LOCAL.size + len(member.raw_name) + member.compressed_size
        length = min(member.end - member.offset, expected + 0xFFFF + _LARGEST_DESCRIPTOR)
        data = self._read(member.offset, length)
        start = self._check_local(member, data)
        packed = memoryview(data)[start : start + member.compressed_size]
        try:
            content = inflate(packed, member.size) if member.method == DEFLATED else bytes(packed)
        except DamagedDataError as error:
            self._refuse(f"{member.name!r} is broken: {error}")
        if checksum(content) != member.crc:
            self._refuse(f"{member.name!r} is broken: its checksum does not match")
        return content

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member in pieces of at most about 1 MiB.

        The checksum can only be compared at the end: what was yielded counts once the iteration is over.
        """
        member = self.member(name)
        if member.size <= _STEP and member.compressed_size <= _STEP:
            yield self.read(name)
            return
        crc = 0
        pieces = self.raw(member)
        try:
            for piece in inflate_stream(pieces, member.size) if member.method == DEFLATED else pieces:
                crc = checksum(piece, crc)
                yield piece
        except DamagedDataError as error:
            self._refuse(f"{name!r} is broken: {error}")
        if crc != member.crc:
            self._refuse(f"{name!r} is broken: its checksum does not match")

    def beginning(self, name: str, length: int) -> bytes:
        """Return the first `length` bytes of a member, fewer if it has fewer; no checksum is compared."""
        member = self.member(name)
        pieces: list[bytes] = []
        left = min(length, member.size)
        raw = self.raw(member, step=length)
        try:
            for piece in inflate_stream(raw, member.size) if member.method == DEFLATED else raw:
                pieces.append(piece[:left])
                left -= len(pieces[-1])
                if not left:
                    break
        except DamagedDataError as error:
            self._refuse(f"{name!r} is broken: {error}")
        return b"".join(pieces)

    def raw(self, member: Member, *, step: int = _STEP) -> Iterator[bytes]:
        """Yield a member's data as they are stored, still compressed, in pieces of at most `step` bytes."""
        header = min(member.end - member.offset, _LOCAL.size + len(member.raw_name) + 0xFFFF)
        position = member.offset + self._check_local(member, self._read(member.offset, header))
        end = position + member.compressed_size
        while position < end:
            length = min(step, end - position)
            yield self._read(position, length)
            position += length

    def _read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes, from the tail that is already here if they are there."""
        start = offset - self._tail_offset
        if start >= 0 and self._tail:
            data = self._tail[start : start + length]
        elif self._tail and start + length > 0:  # the rest is here
            data = self._source.read_at(offset, -start)
            data += self._tail[: length + start] if len(data) == -start else b""
        else:
            data = self._source.read_at(offset, length) if length else b""
        if len(data) != length:
            self._refuse("it is truncated")
        return data

    def _check_local(self, member: Member, data: bytes) -> int:
        """Compare the local header at the start of `data` with the directory; return where the data start."""
        if len(data) < _LOCAL.size:
            self._refuse(f"the header of {member.name!r} is damaged")
        if data[4:28] == member.repeated and data[:4] == _SIGNATURE:
            name_end = _LOCAL.size + len(member.raw_name)
            begin: int = name_end + data[28] + (data[29] << 8)
            if (
                data[_LOCAL.size : name_end] == member.raw_name
                and member.offset + begin + member.compressed_size <= member.end
            ):
                return begin
        signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(
            data
        )
        start: int = _LOCAL.size + name_length + extra_length
        if signature != _SIGNATURE or member.offset + start + member.compressed_size > member.end:
            self._refuse(f"the header of {member.name!r} is damaged")
        if _FULL32 in (size, packed):
            extra = data[_LOCAL.size + name_length : start]
            size, packed = self._wide(member, extra, size, packed)
        same = (
            data[_LOCAL.size : _LOCAL.size + name_length] == member.raw_name
            and method == member.method
            and (flags ^ member.flags) & _COMPARED_FLAGS == 0
        )
        sizes = (crc, packed, size)
        declared = (member.crc, member.compressed_size, member.size)
        if sizes != declared and not (
            flags & _HAS_DESCRIPTOR
            and all(there in (0, here) for there, here in zip(sizes, declared, strict=True))
        ):
            same = False
        if not same:
            self._refuse(f"{member.name!r} is described in two different ways")
        return start

    def _wide(self, member: Member, extra: bytes, size: int, packed: int) -> tuple[int, int]:
        """Return the 64-bit sizes of a local header; both stand there whenever one does (APPNOTE 4.5.3)."""
        position = 0
        while position + 4 <= len(extra):
            kind, length = struct.unpack_from("<HH", extra, position)
            if kind == _ZIP64 and length >= 16 and position + 20 <= len(extra):
                wide_size, wide_packed = struct.unpack_from("<2Q", extra, position + 4)
                return wide_size if size == _FULL32 else size, wide_packed if packed == _FULL32 else packed
            position += 4 + length
        return self._refuse(f"the 64-bit sizes of {member.name!r} are damaged")

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidArchive(self.name, reason)
