"""Blobs in a folder of this computer."""

import errno
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from anyio import to_thread

from rewheel.server.blobs.storage import STEP, Entry, key_of, sha256_of, trouble

__all__ = ["FolderBlobs", "stream_file"]


class FolderBlobs:
    """Keeps each blob as a file, which appears under its name complete or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, sha256: str, path: Path, *, along: Mapping[str, bytes] | None = None) -> None:
        """Move the file here; it is copied only if it is on another disk."""
        self._put({sha256: path}, along or {})

    def put_bytes(self, sha256: str, content: bytes) -> None:
        """Write the content to a file."""
        self._put({}, {sha256: content})

    def put_several(self, contents: Mapping[str, bytes]) -> None:
        """Write the contents to files."""
        self._put({}, contents)

    def _put(self, paths: Mapping[str, Path], contents: Mapping[str, bytes]) -> None:
        """Make all of them last, and only then give them their names: what has one is whole."""
        written: list[Path] = []
        arriving: list[tuple[Path, Path]] = []
        try:
            for sha256, content in contents.items():
                if (goal := self._wanted(sha256)) is not None:
                    written.append(goal.with_name(f".{token_hex(8)}.part"))
                    written[-1].write_bytes(content)
                    arriving.append((written[-1], goal))
            for sha256, path in paths.items():
                if (goal := self._wanted(sha256)) is not None:
                    arriving.append((self._brought(path, goal, written), goal))
            for source, _ in arriving:
                _sync(source)
            for source, goal in arriving:
                source.replace(goal)
            for shelf in {goal.parent for _, goal in arriving}:
                _sync_folder(shelf)
        except OSError as error:
            raise trouble(error) from error
        finally:
            for path in written:
                with suppress(OSError):
                    path.unlink()

    def _wanted(self, sha256: str) -> Path | None:
        """Return where a blob is to be; None if it is there."""
        goal = self.path(sha256)
        if _renew(goal):
            return None
        if not goal.parent.is_dir():
            goal.parent.mkdir(parents=True, exist_ok=True)
        return goal

    def _brought(self, path: Path, goal: Path, written: list[Path]) -> Path:
        """Return a file on the disk of the blobs: the given one, or a copy, which is added to `written`."""
        if path.stat().st_dev == goal.parent.stat().st_dev:
            path.chmod(0o644)
            return path
        copy = goal.with_name(f".{token_hex(8)}.part")
        written.append(copy)
        with path.open("rb") as source, copy.open("xb") as target:
            shutil.copyfileobj(source, target, STEP)
        return copy

    def size(self, sha256: str) -> int | None:
        """Look at the file."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise trouble(error) from error

    def path(self, sha256: str) -> Path:
        """Return the path of the file."""
        return self._folder / key_of(sha256)

    def stream(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read the file in threads."""
        return stream_file(self.path(sha256), start, end)

    def delete(self, sha256: str) -> None:
        """Remove the file."""
        try:
            self.path(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise trouble(error) from error

    def delete_old(self, sha256: str, before: datetime) -> bool:
        """Take the file away, and bring it back if somebody has just put it again."""
        path = self.path(sha256)
        away = path.with_name(f".{token_hex(8)}.old")
        try:
            if path.stat().st_mtime >= before.timestamp():
                return False
            path.replace(away)  # who puts it from now on does not find it, and writes it anew
            if away.stat().st_mtime >= before.timestamp():
                away.replace(path)
                return False
            away.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise trouble(error) from error
        return True

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the file."""
        try:
            with self.path(sha256).open("rb") as stream:
                while piece := stream.read(STEP):
                    yield piece
        except FileNotFoundError as error:
            raise LookupError(sha256) from error
        except OSError as error:
            raise trouble(error) from error

    def entries(self) -> Iterator[Entry]:
        """Walk through the folder; what was left half-written is passed over."""
        top = self._folder / "sha256"
        try:
            for shelf in sorted(top.iterdir()) if top.is_dir() else ():
                yield from _entries(shelf)
        except OSError as error:
            raise trouble(error) from error

    def check(self) -> None:
        """See whether the folder can be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self._folder, os.W_OK | os.X_OK):
                raise trouble(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        except OSError as error:
            raise trouble(error) from error

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _renew(path: Path) -> bool:
    """Tell whether the file is there, and let it be as young as one that is written now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _entries(shelf: Path) -> Iterator[Entry]:
    with os.scandir(shelf) as found:
        for item in found:
            sha256 = sha256_of(f"{shelf.name}/{item.name}")
            if sha256 is None:
                continue
            with suppress(FileNotFoundError):  # deleted just now
                status = item.stat()
                yield Entry(sha256, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


async def stream_file(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield a part of a file; raises LookupError if it is not there."""
    try:
        stream = await to_thread.run_sync(path.open, "rb")
    except FileNotFoundError as error:
        raise LookupError(path.name) from error
    except OSError as error:
        raise trouble(error) from error
    try:
        stream.seek(start)
        left = end - start
        while left > 0:
            piece = await to_thread.run_sync(stream.read, min(STEP, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        stream.close()


def _sync(path: Path) -> None:
    """Let the content of a file survive a power failure."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Let a new name survive a power failure; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
