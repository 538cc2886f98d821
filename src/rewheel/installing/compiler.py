"""Compiles stored wheels to bytecode that environments can link, in the interpreter that will run it.

This module runs inside any Python from 3.8 on, by itself: it may import nothing but the standard library and
must not use newer syntax. Its arguments are the mode, the store's folder, the tag of the bytecode that is
wanted, and the entries to compile, relative to that folder. It may be killed at any moment: what it makes of
a wheel appears by one rename, and a lock on the entry, which dies with its holder, keeps two from doing the
same work.

The modes are `idle` (at the lowest priority; what somebody else is compiling is left to him) and `now` (what
somebody else is compiling is waited for).
"""

# pathlib would be most of the time that it takes to start, and costs a little for each of thousands of files:
# ruff: noqa: PTH103, PTH104, PTH110, PTH118, PTH123, PTH208
from __future__ import annotations

import base64
import hashlib
import json
import marshal
import os
import shutil
import struct
import sys
import warnings
from importlib.util import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FORMAT", "main", "own_tag", "yield_to_others"]

FORMAT = 2
_UNUSABLE = 3
_PART = ".part-"
_ODD = frozenset('",\r\n')
"""What a row of RECORD would have to quote; no module that can be imported has it in its name."""


def own_tag() -> str:
    """Name the bytecode of the running interpreter; empty if it has none."""
    tag = sys.implementation.cache_tag
    return f"{tag}-{MAGIC_NUMBER.hex()}" if tag else ""


def main(arguments: list[str]) -> int:
    """Compile every entry that has no such bytecode yet; 0 also when some modules cannot be compiled."""
    mode, root, tag, *entries = arguments
    if tag != own_tag():
        sys.stderr.write(f"this interpreter makes bytecode {own_tag() or 'nowhere'}, not {tag}\n")
        return _UNUSABLE
    if mode == "idle":
        yield_to_others()
    warnings.simplefilter("ignore")
    busy = [entry for entry in entries if not _compile_entry(os.path.join(root, entry), tag, wait=False)]
    if mode == "now":
        for entry in busy:
            _compile_entry(os.path.join(root, entry), tag, wait=True)
    return 0


def yield_to_others() -> None:
    """Take only what time of the processor nobody else wants."""
    try:
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        pass


def _compile_entry(entry: str, tag: str, *, wait: bool) -> bool:
    """Compile one wheel; False if somebody else is at it. An entry that is gone or damaged is passed over."""
    place = os.path.join(entry, "bytecode", tag)
    if os.path.exists(place):
        return True
    try:
        lock = _lock(entry, wait=wait)
    except BlockingIOError:
        return False
    except OSError:
        return True
    try:
        if os.path.exists(place):
            return True
        os.makedirs(os.path.join(entry, "bytecode"), exist_ok=True)
        if lock >= 0:
            _sweep(os.path.join(entry, "bytecode"))
        part = os.path.join(entry, "bytecode", f"{_PART}{os.getpid()}")
        try:
            _fill(entry, part, tag)
            os.rename(part, place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    finally:
        if lock >= 0:
            os.close(lock)
    return True


def _lock(entry: str, *, wait: bool) -> int:
    """Lock an entry and return the descriptor that holds it; -1 where folders cannot be locked."""
    try:
        import fcntl
    except ImportError:
        return -1
    descriptor = os.open(entry, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise
        return -1
    return descriptor


def _sweep(folder: str) -> None:
    """Remove what processes left behind that were killed: nobody alive works here while we hold the lock."""
    for name in os.listdir(folder):
        if name.startswith(_PART):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def _fill(entry: str, part: str, tag: str) -> None:
    """Compile the modules of one wheel into the folder `part`; raises OSError, ValueError or KeyError."""
    digest, manifest = _read(os.path.join(entry, "manifest"))
    suffix = "." + tag.rpartition("-")[0] + ".pyc"
    tree = os.path.join(entry, "tree")
    table: list[list[object]] = []
    blocks: list[bytes] = []
    os.makedirs(part)
    for folder, files in manifest["folders"].items():
        top = folder.partition("/")[0]
        if top in {manifest["data_dir"], manifest["dist_info"]} or "__pycache__" in folder.split("/"):
            continue
        there = os.path.join(part, "tree", folder)
        prefix = folder + "/" if folder else ""
        own = {file[0] for file in manifest["folders"].get(prefix + "__pycache__", ())}
        made: list[list[object]] = []
        rows = ""
        for name, _, size, mtime_ns, expected in files:
            compiled = name[:-3] + suffix
            path = prefix + name
            if not name.endswith(".py") or compiled in own or _ODD.intersection(path):
                continue
            data = _compiled(os.path.join(tree, folder, name), path, size, mtime_ns, expected)
            if data is None:
                continue
            if not made:
                os.makedirs(there, exist_ok=True)
            status = _write(os.path.join(there, compiled), data)
            made.append([compiled, False, status.st_size, status.st_mtime_ns, ""])
            rows += prefix + "__pycache__/" + compiled + ",,\n"
        if made:
            blocks += [rows.encode("utf-8"), json.dumps(made, separators=(",", ":")).encode("ascii")]
            table.append([folder, len(made), len(blocks[-2]), len(blocks[-1])])
    header = {"format": FORMAT, "manifest": digest, "folders": table}
    body = b"\n".join([json.dumps(header, separators=(",", ":")).encode("ascii"), b"".join(blocks)])
    _write(os.path.join(part, "manifest"), hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body)


def _read(path: str) -> tuple[str, dict[str, Any]]:
    """Read a wheel's manifest: its digest and its fields, with the files by folder; raises ValueError."""
    with open(path, "rb") as file:
        said, _, body = file.read().partition(b"\n")
    digest = hashlib.sha256(body).hexdigest()
    if digest.encode("ascii") != said:
        raise ValueError("the manifest is damaged")
    head, _, blocks = body.partition(b"\n")
    manifest = json.loads(head)
    folders = {}
    begin = 0
    for folder, _, rows, text in manifest["folders"]:
        folders[folder] = json.loads(blocks[begin + rows : begin + rows + text])
        begin += rows + text
    manifest["folders"] = folders
    return digest, manifest


def _compiled(source: str, name: str, size: int, mtime_ns: int, expected: str) -> bytes | None:
    """Return the bytecode of one module, valid for a source of this size and time (PEP 552, timestamps).

    None if it is not the module that the wheel brought, or is none for this version of Python. The name in
    the code is only the module's own: importing it puts in where it lies.
    """
    with open(source, "rb") as file:
        data = file.read()
        status = os.fstat(file.fileno())
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    if (status.st_size, status.st_mtime_ns, f"sha256={digest}") != (size, mtime_ns, expected):
        raise ValueError("the entry is damaged")
    try:
        code = compile(data, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    stamp = struct.pack("<III", 0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return MAGIC_NUMBER + stamp + marshal.dumps(code)


def _write(path: str, data: bytes) -> os.stat_result:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        return os.fstat(file.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
