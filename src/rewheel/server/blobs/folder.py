"""Blobs in a folder of this computer."""

import errno
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from anyio import to_thread

from rewheel.server.blobs.storage import STEP, Entry, key_of, sha256_of, trouble

__all__ = ["FolderBlobs", "stream_file"]


class FolderBlobs:
    """Keeps each blob as a file, which appears under its name complete or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, sha256: str, path: Path) -> None:
        """Move the file here; it is copied only if it is on another disk."""
        goal = self.path(sha256)
        try:
            if _renew(goal):
                return
            goal.parent.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("rb+") as stream:
                    os.fsync(stream.fileno())
                path.chmod(0o644)
                path.replace(goal)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with path.open("rb") as source:
                    self._write(goal, source)
            _sync_folder(goal.parent)
        except OSError as error:
            raise trouble(error) from error

    def put_bytes(self, sha256: str, content: bytes) -> None:
        """Write the content to a file."""
        import io

        goal = self.path(sha256)
        try:
            if _renew(goal):
                return
            goal.parent.mkdir(parents=True, exist_ok=True)
            self._write(goal, io.BytesIO(content))
            _sync_folder(goal.parent)
        except OSError as error:
            raise trouble(error) from error

    def _write(self, goal: Path, source: BinaryIO) -> None:
        temporary = goal.with_name(f".{token_hex(8)}.part")
        try:
            with temporary.open("xb") as stream:
                shutil.copyfileobj(source, stream, STEP)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(goal)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

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


def _sync_folder(folder: Path) -> None:
    """Let a new name survive a power failure; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
