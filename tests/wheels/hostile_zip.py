"""Zip archives byte by byte, so that tests can write what no honest writer would."""

import struct
import zlib
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Entry:
    """One member; what is None follows from the content, everything else is written as it stands."""

    name: bytes = b"a.txt"
    content: bytes = b"hello"
    method: int = 8
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    data: bytes | None = None
    external: int = 0o100644 << 16
    offset: int | None = None
    disk: int = 0
    extra: bytes = b""
    comment: bytes = b""
    local: dict = field(default_factory=dict)
    descriptor: bytes = b""

    def filled(self) -> "Entry":
        data = self.data
        if data is None:
            if self.method == 8:
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                data = packer.compress(self.content) + packer.flush()
            else:
                data = self.content
        return replace(
            self,
            data=data,
            crc=zlib.crc32(self.content) if self.crc is None else self.crc,
            size=len(self.content) if self.size is None else self.size,
            packed=len(data) if self.packed is None else self.packed,
        )

    def local_header(self) -> bytes:
        e = replace(self, **self.local)
        head = (20, e.flags, e.method, 0, 33, e.crc, e.packed, e.size, len(e.name), len(e.extra))
        return struct.pack("<4s5H3L2H", b"PK\x03\x04", *head) + e.name + e.extra

    def central(self, offset: int) -> bytes:
        offset = offset if self.offset is None else self.offset
        sizes = (self.crc, self.packed, self.size, len(self.name), len(self.extra), len(self.comment))
        fixed = (20, 3, 20, 0, self.flags, self.method, 0, 33, *sizes, self.disk, 0, self.external, offset)
        return struct.pack("<4s4B4H3L5H2L", b"PK\x01\x02", *fixed) + self.name + self.extra + self.comment


def end_record(count: int, size: int, offset: int, comment: bytes = b"", **changes: int) -> bytes:
    values = {"disk": 0, "first": 0, "here": count, "count": count, "size": size, "offset": offset}
    values |= {"comment": len(comment), **changes}
    return struct.pack("<4s4H2LH", b"PK\x05\x06", *values.values()) + comment


def end_records64(count: int, size: int, offset: int, **changes: int) -> bytes:
    values = {"length": 44, "made": 45, "needed": 45, "disk": 0, "first": 0, "here": count, "count": count}
    values |= {"size": size, "offset": offset}
    at = changes.pop("at", offset + size)
    disks = changes.pop("disks", 1)
    values |= changes
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", *values.values())
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, disks)


def zip_of(
    *entries: Entry, end: bytes | None = None, wide: bytes | None = None, comment: bytes = b""
) -> bytes:
    """Write an archive; `end` and `wide` replace the end record and put 64-bit records before it."""
    body = b""
    directory = b""
    for entry in entries:
        filled = entry.filled()
        directory += filled.central(len(body))
        body += filled.local_header() + filled.data + filled.descriptor
    count = len(entries)
    if wide is None:
        wide = b""
    if end is None:
        end = end_record(count, len(directory), len(body), comment)
    return body + directory + wide + end
