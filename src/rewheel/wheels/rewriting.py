"""Writing a wheel again with some of its files changed, and RECORD with them; all else stays as it is."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rewheel.wheels.archive import Archive
from rewheel.wheels.directory import Member
from rewheel.wheels.errors import InvalidRecord, WheelsError
from rewheel.wheels.inflate import checksum
from rewheel.wheels.record import RecordEntry, format_record, parse_record
from rewheel.wheels.verification import checked_record
from rewheel.wheels.wheel import Wheel
from rewheel.wheels.writing import UNIX, ArchiveWriter, replacing

__all__ = ["Edit", "outcome", "rewrite", "summary"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class Edit(NamedTuple):
    """What becomes of a wheel's members: dropped, added just before RECORD, or changed in place."""

    dropped: frozenset[str] = frozenset()
    added: Mapping[str, bytes] = MappingProxyType({})
    changed: Mapping[str, bytes] = MappingProxyType({})
    plain_modes: bool = False
    """Whether of the permissions only the executable bit is kept, so that they say nothing of the builder."""


def summary(path: Path) -> dict[str, tuple[int, int]]:
    """Return size and checksum of every member of a wheel, nothing if there is no wheel at `path`."""
    try:
        with Archive.open(path) as archive:
            return {name: (member.size, member.crc) for name, member in archive.members.items()}
    except WheelsError:
        return {}


def outcome(source: Wheel, edit: Edit) -> dict[str, tuple[int, int]]:
    """Return size and checksum of every member that `rewrite` would write."""
    record_path = source.info_path("RECORD")
    fresh = {**edit.added, **edit.changed, record_path: _edited_record(source, record_path, edit)}
    members = source.archive.members.items()
    copied = {name: (member.size, member.crc) for name, member in members if name not in edit.dropped}
    return copied | {name: (len(content), checksum(content)) for name, content in fresh.items()}


def rewrite(source: Wheel, edit: Edit, target: Path, epoch: int | None) -> Path:
    """Copy a wheel to `target` with some changes, and close it."""
    checked_record(source)
    record_path = source.info_path("RECORD")
    record = _edited_record(source, record_path, edit)
    with replacing(target) as file:
        writer = ArchiveWriter(file, epoch=epoch)
        for name, found in source.archive.members.items():
            member = _plain(found) if edit.plain_modes else found
            if name == record_path:
                for path, content in edit.added.items():
                    writer.add(path, content)
                writer.add(name, record, mode=member.mode)
            elif name in edit.changed:
                writer.add(name, edit.changed[name], mode=member.mode)
            elif name not in edit.dropped:
                writer.copy(source.archive, member)
        writer.finish()
        source.close()  # some systems do not let a mapped file be replaced
    return target


def _plain(member: Member) -> Member:
    """Return a member with the permissions that every computer would give it."""
    if member.is_dir:
        return member._replace(external_attributes=0o40755 << 16 | 0x10, system=UNIX)
    mode = 0o100755 if member.is_executable else 0o100644
    return member._replace(external_attributes=mode << 16, system=UNIX)


def _edited_record(source: Wheel, record_path: str, edit: Edit) -> bytes:
    """Return RECORD with rows dropped, added before its own and changed; all other rows stay as they are."""
    content = source.read_info("RECORD") or b""
    text = content.decode("utf-8")
    lines = _LINE.findall(text)
    rows = [parse_record(line, str(source.filename)) for line in lines]
    if sum(map(len, rows)) != len(source.record()):
        raise InvalidRecord(str(source.filename), "RECORD has rows of several lines")
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    fresh = "".join(_row(path, data, end) for path, data in edit.added.items())
    kept: list[str] = []
    for line, row in zip(lines, rows, strict=True):
        path = row[0].path if row else ""
        if path in edit.dropped:
            continue
        if path == record_path:
            kept.append(fresh)
            fresh = ""
        kept.append(_row(path, edit.changed[path], end) if path in edit.changed else line)
    if fresh:  # RECORD does not list itself
        if kept and not kept[-1].endswith(("\n", "\r")):
            kept.append(end)
        kept.append(fresh)
    return "".join(kept).encode("utf-8")


def _row(path: str, content: bytes, end: str) -> str:
    return format_record([RecordEntry.of(path, content)]).removesuffix("\n") + end
