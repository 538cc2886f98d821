"""The central directory of a zip archive: what its members are and where, before any of them is read."""

import stat
import struct
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple, NoReturn

from rewheel.values import frozen
from rewheel.wheels.errors import InvalidArchive
from rewheel.wheels.names import folded, unsafe_reason

__all__ = ["DEFLATED", "STORED", "TAIL", "Limits", "Member", "read_directory"]

STORED, DEFLATED = 0, 8
TAIL = 1 << 16
"""How many bytes one read of the tail takes: it usually holds the whole directory and the dist-info files."""

_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64 = struct.Struct("<4sQ2H2L4Q")  # APPNOTE 4.3.14
_LOCATOR64 = struct.Struct("<4sLQL")  # APPNOTE 4.3.15
_ENTRY = struct.Struct("<4s4B4H3L5H2L")  # APPNOTE 4.3.12
_LOCAL_SIZE = 30
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_REFUSED_FLAGS = _ENCRYPTED | _PATCHED
_UTF8 = 0x0800
_UNICODE_PATH = 0x7075
_FILE_KINDS = (0, stat.S_IFREG >> 12)
"""The first four bits of a mode that tells nothing, and of that of a file."""
_SIZE, _OFFSET = 1, 6
"""The places of these among the fields of a member."""
_ZIP64 = 0x0001


@frozen
class Limits:
    """How much of an archive we believe; sizes in bytes."""

    members: int = 200_000
    directory: int = 64 << 20
    unpacked: int = 64 << 30
    ratio: int = 200
    """Unpacked to packed size of the whole archive, from 1 GiB unpacked on."""


class Member(NamedTuple):
    """One entry of the archive; sizes and offsets in bytes."""

    name: str
    size: int
    compressed_size: int
    crc: int
    method: int
    flags: int
    offset: int
    """Where the local header starts."""
    raw_name: bytes
    external_attributes: int
    system: int
    """The system whose attributes `external_attributes` are: 3 is Unix."""
    repeated: bytes
    """What the local header repeats, word for word if its writer is like most; empty if it cannot."""
    end: int
    """Where the next member or the directory starts: nothing of this one lies beyond."""

    @property
    def mode(self) -> int:
        """Unix file type and permissions, 0 if the archive does not tell."""
        return self.external_attributes >> 16

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory entry."""
        return self.name.endswith("/")

    @property
    def is_executable(self) -> bool:
        """Whether this is a regular file with an execute permission."""
        mode = self.external_attributes >> 16
        return bool(mode & 0o111) and stat.S_ISREG(mode)

    @property
    def is_symlink(self) -> bool:
        """Whether this is a symbolic link; never true for an archive that was accepted."""
        return stat.S_ISLNK(self.external_attributes >> 16)


_Entry = tuple[str, int, int, int, int, int, int, bytes, int, int, bytes]
"""A member without its end, which is known when all are."""


class _End(NamedTuple):
    entries: int
    size: int
    offset: int


def read_directory(
    read: Callable[[int, int], bytes], size: int, name: str, limits: Limits
) -> dict[str, Member]:
    """Read and check the central directory of the archive `name` of `size` bytes.

    `read(offset, length)` gives exact bytes. Raises `InvalidArchive` for anything that another reader might
    see differently or that must never be unpacked: ambiguous or overlapping structures, duplicate names or
    names that differ only in case, unsafe names, encryption, links, unknown compression, absurd sizes.
    """
    reader = _DirectoryReader(read, size, name, limits)
    return reader.members(reader.end())


class _DirectoryReader:
    def __init__(self, read: Callable[[int, int], bytes], size: int, name: str, limits: Limits) -> None:
        self._read = read
        self._size = size
        self._name = name
        self._limits = limits

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidArchive(self._name, reason)

    def end(self) -> _End:
        """Find the end record, with its 64-bit companion, and the directory's place."""
        size = self._size
        length = min(size, TAIL)
        tail = self._read(size - length, length)
        at = self._end_position(tail)
        if at < 0 and size > TAIL:  # the record and the longest comment are a little longer than the tail
            length = min(size, _END.size + _FULL16)
            tail = self._read(size - length, length)
            at = self._end_position(tail)
        if at < 0:
            self._refuse("not a zip archive, or truncated: it has no end record")
        _, disk, first_disk, here, count, directory_size, offset, _ = _END.unpack_from(tail, at)
        end = _End(count, directory_size, offset)
        position = size - length + at
        if disk not in (0, _FULL16) or first_disk not in (0, _FULL16) or here != count:
            self._refuse("the archive is split over several disks")
        if position >= _LOCATOR64.size:
            locator = self._read(position - _LOCATOR64.size, _LOCATOR64.size)
            if locator.startswith(b"PK\x06\x07"):
                return self._end64(locator, position - _LOCATOR64.size, end)
        if _FULL32 in (directory_size, offset) or count == _FULL16:
            self._refuse("its 64-bit end record is missing")
        return self._checked(end, position)

    def _end_position(self, tail: bytes) -> int:
        """Find the one end record whose comment reaches exactly to the end of the file, or -1."""
        found = []
        at = tail.rfind(b"PK\x05\x06")
        while at >= 0:
            if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail):
                found.append(at)
            at = tail.rfind(b"PK\x05\x06", 0, at)
        if len(found) > 1:  # readers that search forwards and backwards would see two archives
            self._refuse("it has several end records, so its content is ambiguous")
        return found[0] if found else -1

    def _end64(self, locator: bytes, position: int, end: _End) -> _End:
        """Read the 64-bit end record at the place that `locator` tells; it must agree with the short one."""
        _, disk, at, disks = _LOCATOR64.unpack(locator)
        if disk != 0 or disks > 1 or not 0 <= at <= position - _END64.size:
            self._refuse("its 64-bit end record is misplaced")
        record = self._read(at, _END64.size)
        signature, length, _, _, disk, first_disk, here, count, size, offset = _END64.unpack(record)
        if signature != b"PK\x06\x06" or at + length + 12 != position or disk or first_disk or here != count:
            self._refuse("its 64-bit end record is damaged")
        for short, full, wide in zip(end, (_FULL16, _FULL32, _FULL32), (count, size, offset), strict=True):
            if short not in (wide, full):
                self._refuse("its two end records contradict each other")
        return self._checked(_End(count, size, offset), at)

    def _checked(self, end: _End, position: int) -> _End:
        if end.offset + end.size != position:
            self._refuse("there are foreign bytes before, inside or after its directory")
        if end.entries > self._limits.members or end.entries * _ENTRY.size > end.size:
            self._refuse(f"it claims {end.entries} members")
        if end.size > self._limits.directory:
            self._refuse(f"its directory claims {end.size} bytes")
        return end

    def members(self, end: _End) -> dict[str, Member]:
        """Read the directory's entries and check them against each other."""
        data = self._read(end.offset, end.size)
        entries: dict[str, _Entry] = {}
        position = 0
        for _ in range(end.entries):
            if position + _ENTRY.size > end.size or data[position : position + 4] != b"PK\x01\x02":
                self._refuse("its directory is damaged")
            entry, position = self._entry(data, position)
            if entry[0] in entries:
                self._refuse(f"it has {entry[0]!r} twice")
            entries[entry[0]] = entry
        if position != end.size:
            self._refuse("its directory is longer than its entries")
        self._check_names(entries)
        self._check_sizes(entries.values())
        return self._bounded(entries, end.offset)

    def _entry(self, data: bytes, position: int) -> tuple[_Entry, int]:
        """Read one entry; return it and where the next one starts."""
        (
            _, _, system, _, _, flags, method, _, _, crc, packed, size,
            name_length, extra_length, comment_length, disk, _, external, offset,
        ) = _ENTRY.unpack_from(data, position)  # fmt: skip
        name_start = position + _ENTRY.size
        name_end = name_start + name_length
        following = name_end + extra_length + comment_length
        if following > len(data):
            self._refuse("its directory is damaged")
        raw_name = data[name_start:name_end]
        try:
            # What is ASCII is the same in both encodings.
            name = raw_name.decode("utf-8" if flags & _UTF8 or raw_name.isascii() else "cp437")
        except UnicodeDecodeError:
            self._refuse(f"the member name {raw_name!r} is not UTF-8 as claimed")
        repeated = data[position + 6 : position + 30] if _FULL32 not in (packed, size) else b""
        if extra_length:
            extra = data[name_end : name_end + extra_length]
            size, packed, offset = self._wide(name, extra, size, packed, offset)
        if disk not in (0, _FULL16):
            self._refuse("the archive is split over several disks")
        if reason := unsafe_reason(name):
            self._refuse(f"the member name {name[:200]!r} {reason}")
        entry = (name, size, packed, crc, method, flags, offset, raw_name, external, system, repeated)
        if (
            flags & _REFUSED_FLAGS
            or method != DEFLATED
            or external >> 28 not in _FILE_KINDS
            or name.endswith("/")
        ):
            self._check(entry)
        return entry, following

    def _wide(self, name: str, extra: bytes, *narrow: int) -> tuple[int, int, int]:
        """Replace the sizes and offset that are too big for 32 bits by those of the extra field."""
        values = list(narrow)
        wanted = [index for index, value in enumerate(narrow) if value == _FULL32]
        position = 0
        while position + 4 <= len(extra):
            kind, length = struct.unpack_from("<HH", extra, position)
            position += 4
            if kind == _ZIP64 and wanted:
                if length < 8 * len(wanted) or position + length > len(extra):
                    self._refuse(f"the 64-bit sizes of {name!r} are damaged")
                for index, value in zip(
                    wanted, struct.unpack_from(f"<{len(wanted)}Q", extra, position), strict=True
                ):
                    values[index] = value
                wanted = []
            elif kind == _UNICODE_PATH and extra[position + 5 : position + length] != name.encode():
                self._refuse(f"{name!r} has a second, different name")
            position += length
        size, packed, offset = values
        return size, packed, offset

    def _check(self, entry: _Entry) -> None:
        """Refuse what must not be read, whatever the rest of the archive is like."""
        name, size, packed, _, method, flags, _, _, external, *_ = entry
        if flags & _ENCRYPTED:
            self._refuse(f"{name!r} is encrypted")
        if flags & _PATCHED or method not in (STORED, DEFLATED):
            self._refuse(f"{name!r} is compressed by method {method}, which wheels do not use")
        if method == STORED and size != packed:
            self._refuse(f"{name!r} is stored but has two sizes")
        kind = stat.S_IFMT(external >> 16)
        if kind == stat.S_IFLNK:
            self._refuse(f"{name!r} is a symbolic link")
        if name.endswith("/"):
            if size or kind not in (0, stat.S_IFDIR):
                self._refuse(f"the directory {name!r} has content")
        elif kind not in (0, stat.S_IFREG):
            self._refuse(f"{name!r} is not a regular file")

    def _check_names(self, names: Iterable[str]) -> None:
        """Refuse two members that would be one path, here or on systems that ignore case."""
        seen: dict[str, str] = {}
        for name in names:
            key = folded(name.rstrip("/"))
            if key in seen:
                self._refuse(f"{seen[key]!r} and {name!r} are the same path on some systems")
            seen[key] = name
        parents: set[str] = set()
        for name in names:
            parent = name.rstrip("/").rpartition("/")[0]
            while parent and parent not in parents:
                parents.add(parent)
                parent = parent.rpartition("/")[0]
        for parent in parents:
            other = seen.get(folded(parent))
            if other is not None and not other.endswith("/"):
                self._refuse(f"{other!r} is both a file and a directory")

    def _check_sizes(self, entries: Iterable[_Entry]) -> None:
        total = sum(map(itemgetter(_SIZE), entries))
        if total > self._limits.unpacked or total > max(1 << 30, self._size * self._limits.ratio):
            self._refuse(f"it claims to unpack to {total} bytes from {self._size}")

    def _bounded(self, entries: Mapping[str, _Entry], directory: int) -> dict[str, Member]:
        """Give every member its end, and refuse members that share bytes."""
        end = directory
        ends = {}
        for name, _, packed, _, _, _, offset, raw_name, *_ in sorted(
            entries.values(), key=itemgetter(_OFFSET), reverse=True
        ):
            if offset + _LOCAL_SIZE + len(raw_name) + packed > end:
                self._refuse(f"{name!r} overlaps another member or the directory")
            ends[name] = end
            end = offset
        return {name: Member(*entry, ends[name]) for name, entry in entries.items()}
