"""Files in the making that outlive the command: what has come of a large file is where the next one begins.

A beginning is kept under the URL and the hash that the file is to have; the hash of the whole is what tells
in the end whether it was any good. A file that no index gives a hash for is only continued where the server
promises that it is still the same (a strong validator, RFC 9110), and where the beginning is provably as it
was left, which a killed process cannot have noted.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

__all__ = ["PartialFile", "open_partial"]

_WORTHWHILE = 1024 * 1024
"""Bytes below which a file is sooner fetched anew than found."""
_CHUNK = 1024 * 1024
_NOTE_LIMIT = 64 * 1024


class PartialFile:
    """The beginning of a file, held by this process alone; a context manager that lets go of it."""

    def __init__(self, path: Path, file: BinaryIO, *, has_hash: bool) -> None:
        self.path = path
        self.file = file
        self.validator = ""
        """What proves to the server that a beginning without a hash is of the file that it has now."""
        self._has_hash = has_hash
        self._note = path.with_suffix(".json")

    def __enter__(self) -> Self:
        """Give the file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, which lets others have it."""
        self.file.close()

    def chunks(self) -> Iterator[bytes]:
        """Give what is there already, and leave the file at its end; nothing if it cannot be gone on with."""
        if not self._has_hash and not self._is_as_noted():
            self.file.truncate(0)
        self.file.seek(0)
        while data := self.file.read(_CHUNK):
            yield data

    def keep(self, sha256: str, validator: str) -> None:
        """Leave what has come, whose hash is given, for another time. Raises OSError."""
        self.file.flush()
        if self._has_hash:
            return
        if not validator:
            self.drop()
            return
        note = {"validator": validator, "sha256": sha256}
        self._note.write_text(json.dumps(note), encoding="utf-8")

    def drop(self) -> None:
        """Leave nothing of ours; somebody may have emptied the cache, and somebody else have begun anew."""
        with contextlib.suppress(OSError):
            if self._is_at(self.path):
                self._note.unlink(missing_ok=True)
                self.path.unlink()

    def move(self, scratch: Path, target: Path) -> None:
        """Give the file, complete now, its name, by way of `scratch` on another disk. Raises OSError."""
        self.file.flush()
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
            self.path.replace(target)
            if self._is_at(target):
                return
        import shutil

        # Another disk, or somebody emptied the cache: what was verified is what is open here.
        self.file.seek(0)
        with scratch.open("wb") as copy:
            shutil.copyfileobj(self.file, copy, _CHUNK)
        scratch.replace(target)
        self.drop()

    def _is_at(self, path: Path) -> bool:
        return os.path.samestat(os.fstat(self.file.fileno()), path.lstat())

    def _is_as_noted(self) -> bool:
        """Read what was noted; a note is good for one time, as the file will be another from now on."""
        try:
            with self._note.open("rb") as file:
                note = json.loads(file.read(_NOTE_LIMIT))
            self._note.unlink()
            validator, expected = note["validator"], note["sha256"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False
        actual = hashlib.sha256()
        self.file.seek(0)
        while data := self.file.read(_CHUNK):
            actual.update(data)
        if actual.hexdigest() != expected:
            return False
        self.validator = validator if isinstance(validator, str) and validator.isprintable() else ""
        return bool(self.validator)


def open_partial(folder: Path, url: str, *, identity: str, size: int | None) -> PartialFile | None:
    """Open the beginning of a file, an empty one if there is none; `identity` is its hash, if it is known.

    Returns None for a small file, and where there can be none: while another process is at it, or where
    files cannot be locked.
    """
    if size is not None and size < _WORTHWHILE:
        return None
    try:
        import fcntl
    except ImportError:
        return None
    name = hashlib.sha256(f"{url}\n{identity}".encode("utf-8", "surrogatepass")).hexdigest()
    path = folder / f"{name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError:
        return None
    file = os.fdopen(descriptor, "r+b")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have finished it, and then this is no beginning but somebody's whole file.
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return PartialFile(path, file, has_hash=bool(identity))
    except OSError:
        pass
    file.close()
    return None
