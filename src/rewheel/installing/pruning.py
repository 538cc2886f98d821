"""Making the cache smaller without harm: what is old and not in use goes."""

import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rewheel.installing.store import Store

__all__ = ["Pruned", "prune_entries", "prune_store"]


class Pruned(NamedTuple):
    """What was removed, and how many entries stay because they are in use."""

    entries: int = 0
    size: int = 0
    """Bytes."""
    in_use: int = 0

    def plus(self, other: "Pruned") -> "Pruned":
        """Return both together."""
        return Pruned(self.entries + other.entries, self.size + other.size, self.in_use + other.in_use)


def prune_store(store: Store, older_than: float) -> Pruned:
    """Remove the wheels that nobody installed for `older_than` seconds and no environment shares files with.

    An environment with hard links or symbolic links into a wheel keeps it: the one would gain no space, the
    other would break. Who installs a wheel at this very moment unpacks it again.
    """
    done = Pruned()
    for folder in _folders(store.root):
        entry = folder / "manifest"
        if not _is_unused(entry if entry.exists() else folder, older_than):
            continue
        store.drop_spares(folder)  # whose links would look like an environment's
        if store.is_pinned(folder) or _has_links(folder / "tree"):
            done = done.plus(Pruned(in_use=1))
            continue
        size = _size(folder)
        if store.remove(folder):
            done = done.plus(Pruned(1, size))
    return done


def prune_entries(folders: Iterable[Path], older_than: float) -> Pruned:
    """Remove the files and folders in these folders that nobody used for `older_than` seconds."""
    done = Pruned()
    for folder in folders:
        for entry in _listed(folder) if not folder.is_symlink() else ():
            if entry.is_symlink() or not _is_unused(entry, older_than):
                continue
            size = _size(entry)
            if _remove(entry):
                done = done.plus(Pruned(1, size))
    return done


def _folders(root: Path) -> Iterator[Path]:
    """Yield the folders of the store's wheels, two levels down; anything else there is not ours."""
    for group in _listed(root):
        if len(group.name) == 2:
            yield from _listed(group)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _files(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of a file, or of all files below a folder; what vanishes meanwhile is left out."""
    try:
        status = path.lstat()
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        yield status
        return
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                yield (Path(parent) / name).lstat()
            except OSError:
                continue


def _is_unused(path: Path, older_than: float) -> bool:
    """Tell whether no file was written or, as far as the file system notes that, read for so long."""
    newest = max((max(found.st_mtime, found.st_atime) for found in _files(path)), default=0.0)
    return time.time() - newest > older_than


def _has_links(folder: Path) -> bool:
    return any(status.st_nlink > 1 for status in _files(folder))


def _size(path: Path) -> int:
    return sum(status.st_size for status in _files(path))


def _remove(path: Path) -> bool:
    """Remove a file or a folder; a folder in one step, so that nobody meets half of it."""
    try:
        if not path.is_dir():
            path.unlink()
            return True
        away = path.with_name(f".{path.name}.{os.getpid()}")
        path.rename(away)
    except OSError:
        return False
    shutil.rmtree(away, ignore_errors=True)
    return True
