"""The store: every wheel unpacked once, checked once, and then linked into any number of environments."""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.installing.errors import DamagedEntry, DigestMismatch, StoreError
from rewheel.installing.manifest import Manifest, StoredFile
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.variants import WheelFilename

__all__ = ["Store", "StoredWheel"]

_VERSION = "wheels-v1"
_PINNED = "pinned"
_BLOCK = 1 << 20


@frozen
class StoredWheel:
    """One wheel in the store, where `manifest` describes its files.

    `entry` is the folder of the wheel, as text: where there are hundreds, making paths of it takes long.
    """

    sha256: str
    entry: str
    manifest: Manifest

    @property
    def tree(self) -> Path:
        """The folder that holds the wheel's files as in the archive."""
        return Path(self.entry, "tree")

    def pin(self) -> None:
        """Note that an environment points into `tree`, so that pruning leaves it alone."""
        with contextlib.suppress(OSError):  # where nothing can be written, nothing can be pruned
            Path(self.entry, _PINNED).touch()

    def check(self, folder: str, file: StoredFile, status: os.stat_result) -> None:
        """Raise DamagedEntry if a file is not what was put there, as far as its status tells."""
        if (
            status.st_mtime_ns != file.mtime_ns
            or status.st_size != file.size
            or not stat.S_ISREG(status.st_mode)
        ):
            raise DamagedEntry(self.sha256, f"{folder}/{file.name}" if folder else file.name)

    def read(self, path: str, file: StoredFile) -> bytes:
        """Return a file's content; raises DamagedEntry if it is not what was put there."""
        from rewheel.wheels import digest_of

        try:
            data = (self.tree / path).read_bytes()
        except OSError as error:
            raise DamagedEntry(self.sha256, path) from error
        if file.digest.removeprefix("sha256=") != digest_of(data):
            raise DamagedEntry(self.sha256, path)
        return data


class Store:
    """Unpacked wheels in a folder that processes share, each under the SHA-256 of its wheel.

    An entry appears by one rename when it is complete and checked. Nothing in it is changed afterwards; what
    somebody else changed is noticed when it is used (`DamagedEntry`), and `discard` and `add` make it anew.
    Environments may share the files (hard links), so whoever edits an installed file in place edits the
    store's: size and time of change betray it.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.cache_dir = cache_dir
        self._root = cache_dir / _VERSION
        self._known: dict[str, StoredWheel] = {}

    @property
    def root(self) -> Path:
        """The folder of the store, which need not exist yet."""
        return self._root

    def has(self, sha256: str) -> bool:
        """Tell whether the store seems to have a wheel; whether it is whole, only `get` finds out."""
        return os.path.exists(f"{self._entry(sha256)}/manifest")  # noqa: PTH110 - asked for every wheel

    def get(self, sha256: str) -> StoredWheel | None:
        """Return a wheel that is in the store, or None if it is not, or no longer whole."""
        known = self._known.get(sha256)
        if known is not None and self.has(sha256):
            return known
        entry = self._entry(sha256)
        try:
            with open(f"{entry}/manifest", "rb") as file:  # noqa: PTH123
                data = file.read()
        except OSError:
            return None
        try:
            found = StoredWheel(sha256, entry, Manifest.from_bytes(data))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        self._known[sha256] = found
        return found

    def add(
        self,
        wheel_path: Path,
        sha256: str = "",
        *,
        filename: "WheelFilename | None" = None,
        is_verified: bool = False,
    ) -> StoredWheel:
        """Return the wheel's entry, after unpacking and checking the wheel if there is none.

        `sha256` (hexadecimal) is what the file must have; without it, the file's own is taken. `filename` is
        the wheel's name when the file has another one. `is_verified` says that the file was just seen to have
        that digest, in a folder of ours, so that it is not read once more for it. Raises DigestMismatch, what
        `rewheel.wheels` raises for a bad wheel, or StoreError.
        """
        actual = sha256.lower() if sha256 and is_verified else _digest(wheel_path)
        if sha256 and actual != sha256.lower():
            raise DigestMismatch(wheel_path.name, sha256.lower(), actual)
        stored = self.get(actual)
        if stored is not None:
            return stored
        try:
            with self.workplace() as workplace:
                return self._populate(wheel_path, filename, actual, workplace)
        except OSError as error:
            raise StoreError(
                f"cannot unpack {wheel_path.name} into {self._root}: {error.strerror or error}",
                hint="choose another cache folder with `--cache-dir`, or free some space there",
            ) from error

    def discard(self, sha256: str) -> None:
        """Remove an entry, so that it is made anew when it is next asked for."""
        self._known.pop(sha256, None)
        folder = Path(self._entry(sha256))
        with contextlib.suppress(OSError), self.workplace() as workplace:
            # Out of the way in one step, since another process may look at it now.
            folder.rename(workplace / "discarded")

    def is_pinned(self, folder: Path) -> bool:
        """Tell whether environments point into the entry in this folder."""
        return (folder / _PINNED).exists()

    def remove(self, folder: Path) -> bool:
        """Remove the entry in this folder, out of everybody's way in one step; tell whether that worked."""
        try:
            with self.workplace() as workplace:
                folder.rename(workplace / "removed")
        except OSError:
            return False
        return True

    def drop_spares(self, folder: Path) -> None:
        """Remove what lies linked in advance from the entry in this folder; it is made again when needed."""
        with contextlib.suppress(OSError), self.workplace() as workplace:
            (folder / "spares").rename(workplace / "spares")

    def _populate(
        self, wheel_path: Path, filename: "WheelFilename | None", sha256: str, workplace: Path
    ) -> StoredWheel:
        from rewheel.installing.unpacking import unpack
        from rewheel.wheels import FileSource, Wheel

        fresh = workplace / "entry"
        (fresh / "tree").mkdir(parents=True)
        source = FileSource(wheel_path)
        with Wheel.over(source, filename or wheel_path.name) as wheel:
            data = unpack(wheel, fresh / "tree").to_bytes()
        (fresh / "manifest").write_bytes(data)
        folder = Path(self._entry(sha256))
        folder.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(3):
            try:
                fresh.rename(folder)
            except OSError:
                # Either another process was faster, or what is there is damaged.
                stored = self.get(sha256)
                if stored is not None:
                    return stored
                self.discard(sha256)
            else:
                return StoredWheel(sha256, str(folder), Manifest.from_bytes(data))
        raise StoreError(f"cannot put {wheel_path.name} into {folder}")

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """Give a folder that is removed afterwards, by us or by whoever comes after our death."""
        parent = self._root / "work"
        parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            with _held(parent, wait=True):  # nobody sweeps a folder away before it is locked
                self._sweep(parent)
                folder = parent / os.urandom(8).hex()
                folder.mkdir(mode=0o700)
                stack.enter_context(_held(folder))
            try:
                yield folder
            finally:
                _remove(folder)

    @staticmethod
    def _sweep(parent: Path) -> None:
        """Remove the folders of processes that were killed; those of the living are locked."""
        for folder in parent.iterdir():
            with contextlib.suppress(OSError), _held(folder) as held:
                if held:
                    _remove(folder)

    def _entry(self, sha256: str) -> str:
        digest = sha256.lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise StoreError(f"{sha256!r} is no SHA-256 digest")
        return f"{self._root}/{digest[:2]}/{digest[2:]}"


@contextlib.contextmanager
def _held(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Lock a folder, after waiting if asked to, and tell whether that worked; never where none are."""
    try:
        import fcntl
    except ImportError:  # Windows: abandoned folders stay until the cache is cleaned
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that is possible; mostly that is nothing."""
    try:
        folder.rmdir()
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    state = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                state.update(block)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    return state.hexdigest()
