"""Filling an environment from the store, by the cheapest means that works there."""

import contextlib
import errno
import os
import sys
import threading
from collections.abc import Iterable
from enum import StrEnum

from rewheel.installing.errors import DamagedEntry
from rewheel.installing.manifest import StoredFile
from rewheel.installing.store import StoredWheel
from rewheel.rows import NamedTuple

__all__ = ["LinkMode", "Linker"]

_FICLONE = 0x40049409
_BLOCK = 1 << 20
# The system, the file system or the pair of folders cannot do it at all; anything else is a real error.
_IMPOSSIBLE = frozenset({
    errno.EXDEV, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL,
    errno.ENOTTY,
})  # fmt: skip
_RELATIVE = {os.link, os.open, os.stat} <= os.supports_dir_fd
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class LinkMode(StrEnum):
    """How files get from the store into an environment."""

    AUTO = "auto"
    """The first of hard links, reflinks and copies that works."""
    HARDLINK = "hardlink"
    """One file with two names: nothing is copied, no space is used."""
    REFLINK = "reflink"
    """A copy whose blocks are shared until one is written; few file systems can do that."""
    COPY = "copy"
    SYMLINK = "symlink"
    """A pointer into the store: the environment breaks when the store is cleaned."""


class _Place(NamedTuple):
    """A folder, as an open handle where the system has them: names relative to it need no search."""

    path: str
    handle: int | None

    def name(self, name: str) -> str:
        return name if self.handle is not None else os.path.join(self.path, name)  # noqa: PTH118


class Linker:
    """Puts the files of stored wheels into folders; remembers what works between the two file systems."""

    def __init__(self, mode: LinkMode = LinkMode.AUTO) -> None:
        automatic = [LinkMode.HARDLINK, LinkMode.REFLINK, LinkMode.COPY]
        self._candidates = automatic if mode is LinkMode.AUTO else [mode]
        self._lock = threading.Lock()

    @property
    def mode(self) -> LinkMode:
        """What worked last, or what will be tried first."""
        return self._candidates[0]

    def fill(self, wheel: StoredWheel, folder: str, files: Iterable[StoredFile], destination: str) -> None:
        """Put files of one folder of a wheel into `destination`, an existing folder without such names.

        Raises DamagedEntry when the store's files have changed, OSError when writing fails. Thread-safe.
        """
        try:
            here = _open(f"{wheel.entry}/tree/{folder}" if folder else f"{wheel.entry}/tree")
        except OSError as error:
            raise DamagedEntry(wheel.sha256, folder) from error
        try:
            there = _open(destination)
            try:
                self._fill(wheel, folder, files, here, there)
            finally:
                _close(there)
        finally:
            _close(here)

    def _fill(
        self, wheel: StoredWheel, folder: str, files: Iterable[StoredFile], here: "_Place", there: "_Place"
    ) -> None:
        """Do it for open folders. There are thousands of files: what is not done for each of them counts."""
        link, look = os.link, os.stat
        source, target = here.handle, there.handle
        may_link = self.mode is LinkMode.HARDLINK and source is not None
        for file in files:
            name = file.name
            try:
                status = look(here.name(name), dir_fd=source, follow_symlinks=False)
            except OSError as error:
                raise DamagedEntry(wheel.sha256, f"{folder}/{name}") from error
            wheel.check(folder, file, status)
            if may_link:
                try:
                    link(name, name, src_dir_fd=source, dst_dir_fd=target)
                    continue
                except OSError:
                    may_link = False  # what to do about it is told below
            self._place(file, here, there)

    def _place(self, file: StoredFile, here: "_Place", there: "_Place") -> None:
        while True:
            mode = self._candidates[0]
            source, destination = here.name(file.name), there.name(file.name)
            try:
                if mode is LinkMode.HARDLINK:
                    os.link(source, destination, src_dir_fd=here.handle, dst_dir_fd=there.handle)
                elif mode is LinkMode.SYMLINK:
                    os.symlink(os.path.join(here.path, file.name), destination, dir_fd=there.handle)  # noqa: PTH118
                else:
                    _copy(file, here, there, clone=mode is LinkMode.REFLINK)
            except OSError as error:
                if error.errno == errno.EMLINK and len(self._candidates) > 1:
                    # This one file has as many names as a file may have.
                    _copy(file, here, there, clone=False)
                    return
                with self._lock:  # another thread may have learnt the same
                    if self._candidates[0] is mode:
                        if error.errno not in _IMPOSSIBLE or len(self._candidates) == 1:
                            raise
                        del self._candidates[0]
            else:
                return


def _open(folder: str) -> _Place:
    return _Place(folder, os.open(folder, _FOLDER_FLAGS) if _RELATIVE else None)


def _close(place: _Place) -> None:
    if place.handle is not None:
        os.close(place.handle)


def _copy(file: StoredFile, here: _Place, there: _Place, *, clone: bool) -> None:
    """Copy one file, or share its blocks; nothing remains when that fails."""
    mode = 0o777 if file.executable else 0o666  # before the umask
    destination = there.name(file.name)
    with contextlib.ExitStack() as stack:
        reading = os.open(here.name(file.name), os.O_RDONLY | getattr(os, "O_BINARY", 0), dir_fd=here.handle)
        stack.callback(os.close, reading)
        writing = os.open(destination, _NEW_FILE, mode, dir_fd=there.handle)
        stack.callback(os.close, writing)
        try:
            if clone:
                _clone(reading, writing)
                _keep_time(writing, file)
                return
            while block := os.read(reading, _BLOCK):
                view = memoryview(block)
                while view:
                    view = view[os.write(writing, view) :]
            _keep_time(writing, file)
        except OSError:
            os.unlink(destination, dir_fd=there.handle)
            raise


def _keep_time(descriptor: int, file: StoredFile) -> None:
    """Give a copy the time of what it was made from: by it, bytecode is known to be that of this source."""
    if os.utime in os.supports_fd:
        os.utime(descriptor, ns=(file.mtime_ns, file.mtime_ns))


def _clone(reading: int, writing: int) -> None:
    """Make one file share the blocks of another; raises OSError where that is impossible."""
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOTSUP, "no reflinks here")
    import fcntl

    fcntl.ioctl(writing, _FICLONE, reading)
