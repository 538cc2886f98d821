"""Unpacking a wheel into an empty folder, every byte of it checked against its RECORD."""

import hashlib
import os
from pathlib import Path

from rewheel.installing.manifest import Files, Manifest, StoredFile
from rewheel.wheels import InvalidRecord, Member, RecordEntry, Wheel, checked_record, encode_digest

__all__ = ["unpack"]

_EXECUTABLE, _ORDINARY = 0o777, 0o666  # before the umask
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_SMALL = 8 << 20
"""Bytes up to which a file is inflated in one go: faster, and no more memory than a few threads may have."""


def unpack(wheel: Wheel, folder: Path) -> Manifest:
    """Unpack the wheel into `folder` and return what is there then.

    Raises InvalidRecord when RECORD misses a file that is there or does not match one; what `Wheel` raises
    when the wheel is bad otherwise; OSError when a file cannot be written.
    """
    info = wheel.wheel_info()
    wheel.metadata_text()  # compares names
    if wheel.label:
        wheel.variant_metadata()
    record = checked_record(wheel)
    found: dict[str, list[StoredFile]] = {}
    root = str(folder)
    for path, entry in record.items():
        parent, _, name = path.rpartition("/")
        if parent not in found:
            os.makedirs(f"{root}/{parent}", exist_ok=True)  # noqa: PTH103 - see _write
            found[parent] = []
        found[parent].append(_write(wheel, entry, f"{root}/{path}", name))
    entry_points = wheel.entry_points_text()
    return Manifest(
        dist_info=wheel.dist_info,
        data_dir=wheel.data_dir,
        root_is_purelib=info.root_is_purelib,
        entry_points=(entry_points or b"").decode("utf-8", "replace"),
        folders={path: Files(found[path]) for path in sorted(found)},
    )


def _write(wheel: Wheel, entry: RecordEntry, path: str, name: str) -> StoredFile:
    """Write the member of one row, and return what is there now if its hash is right.

    There are thousands of these, and making a path of each text would take longer than hashing it. Nearly
    all are small: they are held against their row before anything is written.
    """
    archive = wheel.archive
    member = archive.member(entry.path)
    if member.size > _SMALL or entry.hash_algorithm != "sha256":
        return _write_in_pieces(wheel, entry, member, path, name)
    content = archive.content(member)
    _agree(wheel, entry, hashlib.sha256(content).digest(), len(content))
    is_executable = member.is_executable
    descriptor = os.open(path, _NEW_FILE, _EXECUTABLE if is_executable else _ORDINARY)
    try:
        _write_all(descriptor, content)
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return StoredFile(name, is_executable, status.st_size, status.st_mtime_ns, f"sha256={entry.digest}")


def _write_in_pieces(wheel: Wheel, entry: RecordEntry, member: Member, path: str, name: str) -> StoredFile:
    """Do the same for a large file, or one with another kind of hash than ours, while it is inflated."""
    check = entry.hasher()
    ours = check if entry.hash_algorithm == "sha256" else hashlib.sha256()
    descriptor = os.open(path, _NEW_FILE, _EXECUTABLE if member.is_executable else _ORDINARY)
    try:
        for chunk in wheel.archive.stream(member.name):
            check.update(chunk)
            if ours is not check:
                ours.update(chunk)
            _write_all(descriptor, chunk)
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    _agree(wheel, entry, check.digest(), status.st_size)
    digest = f"sha256={encode_digest(ours.digest())}"
    return StoredFile(name, member.is_executable, status.st_size, status.st_mtime_ns, digest)


def _agree(wheel: Wheel, entry: RecordEntry, digest: bytes, size: int) -> None:
    disagreement = entry.disagreement(digest, size)
    if disagreement:
        raise InvalidRecord(str(wheel.filename), f"{entry.path!r} {disagreement}")


def _write_all(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data) if data else 0
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
