"""Laying out what compositions bring, as it shall lie in the environment."""

import errno
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from rewheel.installing.composing import Composition, Linked, Written
from rewheel.installing.errors import UnwritableTarget
from rewheel.installing.linking import Linker

__all__ = ["lay_out"]


def lay_out(
    compositions: Sequence[Composition],
    new: Path,
    linker: Linker,
    *,
    shared: Collection[str],
    step: Callable[[str], None],
) -> int:
    """Put every file below the folder `new` and return how many there are.

    Of the files in `shared`, which several compositions bring, the last one's stays. Raises UnwritableTarget
    or DamagedEntry.
    """
    made: set[str] = {""}
    root = str(new)
    count = 0
    try:
        for composition in compositions:
            for linked in composition.linked:
                _make(root, linked.folder, made)
                step(f"link {linked.folder}")
                _clear(new, linked, shared)
                linker.fill(linked.origin, linked.source, linked.files, new / linked.folder)
                count += len(linked.files)
            for path, written in composition.written.items():
                _make(root, path.rpartition("/")[0], made)
                step(f"write {path}")
                _write(f"{new}/{path}", written)
                count += 1
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EOPNOTSUPP}:
            reason = OSError(error.errno, f"the link mode {linker.mode} does not work from the store to here")
            raise UnwritableTarget(str(new.parent.parent), reason) from error
        raise UnwritableTarget(str(new.parent.parent), error) from error
    return count


def _make(root: str, folder: str, made: set[str]) -> None:
    """Make a folder below `root` that is none of those made already, with the folders that it lies in."""
    if folder not in made:
        _make(root, folder.rpartition("/")[0], made)
        os.mkdir(f"{root}/{folder}")  # noqa: PTH102 - thousands of these: text is cheaper than paths
        made.add(folder)


def _clear(new: Path, linked: Linked, shared: Collection[str]) -> None:
    """Remove what an earlier composition laid out under the same names."""
    for path in _named(linked, shared):
        (new / path).unlink(missing_ok=True)


def _named(linked: Linked, shared: Collection[str]) -> Iterable[str]:
    if not shared:
        return ()
    prefix = f"{linked.folder}/" if linked.folder else ""
    return [prefix + file.name for file in linked.files if prefix + file.name in shared]


def _write(path: str, written: Written) -> None:
    mode = 0o777 if written.executable else 0o666  # before the umask
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, mode)
    try:
        view = memoryview(written.content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
