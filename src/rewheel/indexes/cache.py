"""What was fetched once, on disk: safe for several processes, and never trusted beyond its checksum.

Every entry is one file with a header line (its key, what was said about it, the checksum) and the bytes. It
is written beside its place and renamed into it, so that a reader sees a whole entry or none. An entry that
does not prove itself is removed and counts as missing; a disk that cannot be written makes the cache
useless, but nothing fails for it.
"""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from rewheel.indexes.hashes import Digest
from rewheel.rows import NamedTuple
from rewheel.values import frozen

__all__ = ["Cache", "Entry", "Usage"]

_FOLDER = "indexes-1"  # the number changes with the format of entries
_HEADER_LIMIT = 64 * 1024
_STALE_SCRATCH = 24 * 3600.0
"""Seconds after which a file in the making has been left behind by a process that died."""

_USUAL_HEADER = 4096

_numbers = itertools.count()


@frozen
class Entry:
    """A cached answer; `stored` is when it came, in seconds since 1970 by this computer's clock."""

    meta: Mapping[str, Any]
    body: bytes
    stored: float
    sha256: str = ""
    """Of the body."""


class Usage(NamedTuple):
    """How much the cache holds: number of files, and their bytes."""

    files: int
    size: int


class Cache:
    """Entries by kind and key, and whole files by hash. Thread-safe."""

    def __init__(
        self,
        directory: Path,
        *,
        entry_limit: int = 64 * 1024 * 1024,
        download_limit: int = 64 * 1024 * 1024,
    ) -> None:
        """Use `directory`, which is made when it is first needed; limits are bytes of one entry or file."""
        self.directory = directory / _FOLDER
        self._folder = str(self.directory)
        self._entry_limit = entry_limit
        self._download_limit = download_limit
        self._is_temporary = False

    @classmethod
    def temporary(cls) -> "Cache":
        """Make a cache that lives until it is closed. Raises OSError."""
        import tempfile

        cache = cls(Path(tempfile.mkdtemp(prefix="rewheel-")))
        cache._is_temporary = True
        return cache

    def close(self) -> None:
        """Remove a temporary cache; any other stays."""
        if self._is_temporary:
            import shutil

            shutil.rmtree(self.directory.parent, ignore_errors=True)

    def get(self, kind: str, key: str) -> Entry | None:
        """Find an entry; None if there is none that is whole."""
        name = self._entry_name(kind, key)
        try:
            with FileIO(name) as file:
                data = file.readall()
        except OSError:
            return None
        entry = _read_entry(data, key)
        if entry is None:
            _remove(Path(name))
        return entry

    def head(self, kind: str, key: str) -> Entry | None:
        """Find what is said about an entry, without the bytes themselves, which are not looked at."""
        try:
            with FileIO(self._entry_name(kind, key)) as file:
                line = file.read(_USUAL_HEADER)
                if b"\n" not in line:
                    line += file.read(_HEADER_LIMIT - len(line))
        except OSError:
            return None
        line = line[: line.find(b"\n") + 1]
        header = _read_header(line, key)
        return Entry(header.meta, b"", header.stored, header.sha256) if header is not None else None

    def put(self, kind: str, key: str, meta: Mapping[str, Any], body: bytes, *, sha256: str = "") -> None:
        """Keep an entry, in place of any older one, unless it is too large; `meta` must be JSON.

        `sha256` is that of the body, if it is known.
        """
        if len(body) > self._entry_limit:
            return
        header = {
            "key": key,
            "meta": dict(meta),
            "stored": time.time(),
            "sha256": sha256 or hashlib.sha256(body).hexdigest(),
        }
        line = json.dumps(header, separators=(",", ":")).encode() + b"\n"
        if len(line) <= _HEADER_LIMIT:
            self._write(Path(self._entry_name(kind, key)), line + body)

    def find_download(self, digest: Digest) -> Path | None:
        """Find a kept file by its hash, which is to be verified again before the file is used."""
        path = self._download_path(digest)
        return path if path.is_file() else None

    def drop_download(self, digest: Digest) -> None:
        """Remove a kept file that turned out not to have its hash."""
        _remove(self._download_path(digest))

    def keep_download(self, digest: Digest, path: Path) -> None:
        """Keep a file whose hash was just verified, sharing its bytes on disk where that is possible."""
        kept = self._download_path(digest)
        scratch = self.scratch(kept.parent)
        try:
            if path.stat().st_size > self._download_limit or kept.exists():
                return
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                os.link(path, scratch)
            except OSError:
                import shutil

                shutil.copyfile(path, scratch)
            scratch.replace(kept)
        except OSError:
            _remove(scratch)

    def scratch(self, folder: Path | None = None) -> Path:
        """Name a file that nobody else will name, in the cache or in the given folder."""
        folder = folder if folder is not None else self.directory / "scratch"
        return folder / f".{os.getpid()}-{time.monotonic_ns():x}-{next(_numbers)}.part"

    def usage(self) -> Usage:
        """Count what is kept."""
        sizes = [size for _, _, size in self._files()]
        return Usage(len(sizes), sum(sizes))

    def prune(self, older_than: float) -> Usage:
        """Remove what was written more than `older_than` seconds ago, and tell how much that was."""
        now = time.time()
        removed = [
            size
            for path, written, size in self._files()
            if now - written > (min(older_than, _STALE_SCRATCH) if path.suffix == ".part" else older_than)
            and _remove(path)
        ]
        return Usage(len(removed), sum(removed))

    def clear(self) -> Usage:
        """Remove everything, and tell how much that was."""
        return self.prune(float("-inf"))

    def _files(self) -> list[tuple[Path, float, int]]:
        found = []
        for folder, _, names in os.walk(self.directory):
            for name in names:
                path = Path(folder, name)
                try:
                    status = path.stat()
                except OSError:
                    continue
                found.append((path, status.st_mtime, status.st_size))
        return found

    def _entry_name(self, kind: str, key: str) -> str:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return os.path.join(self._folder, kind, name[:2], name[2:])  # noqa: PTH118 - hundreds are read

    def _download_path(self, digest: Digest) -> Path:
        # The value is an index's word and may be anything: its own hash makes a safe name of it.
        name = hashlib.sha256(
            f"{digest.algorithm}:{digest.value}".encode("utf-8", "surrogatepass")
        ).hexdigest()
        return self.directory / "downloads" / name[:2] / name[2:]

    def _write(self, path: Path, data: bytes) -> None:
        scratch = self.scratch(path.parent)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Pages of private indexes are nobody else's business.
            with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(data)
            scratch.replace(path)
        except OSError:
            _remove(scratch)


def _read_entry(data: bytes, key: str) -> Entry | None:
    end = data.find(b"\n", 0, _HEADER_LIMIT)
    header = _read_header(data[: end + 1], key)
    if header is None:
        return None
    body = data[end + 1 :]
    if hashlib.sha256(body).hexdigest() != header.sha256:
        return None
    return Entry(header.meta, body, header.stored, header.sha256)


class _Header(NamedTuple):
    meta: Mapping[str, Any]
    stored: float
    sha256: str


def _read_header(line: bytes, key: str) -> _Header | None:
    """Read the first line of an entry, None if it is incomplete or that of another key."""
    if not line.endswith(b"\n"):
        return None
    try:
        header = json.loads(line)
        meta, stored, checksum = header["meta"], float(header["stored"]), header["sha256"]
        same_key = header["key"] == key
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not same_key or not isinstance(meta, dict) or not isinstance(checksum, str):
        return None
    return _Header(meta, stored, checksum)


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
