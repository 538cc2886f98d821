"""Laying out what compositions bring, as it shall lie in the environment."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from rewheel.installing.composing import Composition, Linked, Written
from rewheel.installing.errors import UnwritableTarget
from rewheel.installing.linking import Linker
from rewheel.installing.spares import Spares

__all__ = ["lay_out"]

_Job = tuple[Composition, Sequence[Linked]]
"""What one wheel brings, and which of that is to be linked."""


def lay_out(
    compositions: Sequence[Composition],
    new: Path,
    linker: Linker,
    *,
    shared: Collection[str],
    spares: Spares | None = None,
    step: Callable[[str], None],
    threads: int = 1,
) -> int:
    """Put every file below the folder `new` and return how many there are.

    Of the files in `shared`, which several compositions bring, the last one's stays. With several threads
    steps come in any order. Raises UnwritableTarget or DamagedEntry.
    """
    work = _Work(str(new), linker, shared, spares, step)
    try:
        jobs = [(composition, work.move(composition)) for composition in compositions]
        threads = 1 if shared else min(threads, sum(left is whole.linked for whole, left in jobs))
        if threads > 1:
            _in_threads(work, jobs, threads)
        else:
            for job in jobs:
                work.link(*job)
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EOPNOTSUPP}:
            reason = OSError(error.errno, f"the link mode {linker.mode} does not work from the store to here")
            raise UnwritableTarget(str(new.parent.parent), reason) from error
        raise UnwritableTarget(str(new.parent.parent), error) from error
    return sum(len(each.written) + sum(part.files.count for part in each.linked) for each in compositions)


def _in_threads(work: "_Work", jobs: Sequence[_Job], count: int) -> None:
    """Let several threads link: most of that time is spent in the system."""
    left = sorted(jobs, key=lambda job: sum(linked.files.count for linked in job[1]))
    failures: list[BaseException] = []

    def run() -> None:
        while not failures:
            try:
                work.link(*left.pop())
            except IndexError:
                return
            except BaseException as failure:  # noqa: BLE001 - it goes on in the thread that waits
                failures.append(failure)

    threads = [threading.Thread(target=run, name="rewheel-link") for _ in range(count - 1)]
    for thread in threads:
        thread.start()
    run()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class _Work:
    """Lays out compositions. Linking is thread-safe where no two bring the same file."""

    def __init__(
        self,
        root: str,
        linker: Linker,
        shared: Collection[str],
        spares: Spares | None,
        step: Callable[[str], None],
    ) -> None:
        self._root = root
        self._linker = linker
        self._shared = shared
        self._spares = spares
        self._step = step
        self._made: set[str] = {""}

    def link(self, composition: Composition, left: Sequence[Linked]) -> None:
        """Put in place what was not moved."""
        root, step = self._root, self._step
        for linked in left:
            self._make(linked.folder)
            step(f"link {linked.folder}")
            if self._shared:
                _clear(Path(root), linked, self._shared)
            destination = f"{root}/{linked.folder}" if linked.folder else root
            self._linker.fill(linked.origin, linked.source, linked.files, destination)
        for path, written in composition.written.items():
            self._make(path.rpartition("/")[0])
            step(f"write {path}")
            _write(f"{root}/{path}", written)

    def move(self, composition: Composition) -> Sequence[Linked]:
        """Move in what a spare has of a composition, and return what remains to be linked."""
        stage = os.path.dirname(self._root)  # noqa: PTH120 - asked for every wheel
        taken = self._spares.take(composition, stage) if self._spares is not None else None
        if taken is None:
            return composition.linked
        left = list(taken.left())
        for folder, part in taken.parts.items():
            self._make(folder.rpartition("/")[0])
            self._step(f"move {folder}")
            if not taken.move(part, f"{self._root}/{folder}"):
                left += part.linked
        return left

    def _make(self, folder: str) -> None:
        """Make a folder that is none of those made already, with the folders that it lies in."""
        if folder not in self._made:
            self._make(folder.rpartition("/")[0])
            with contextlib.suppress(FileExistsError):  # another thread was faster
                os.mkdir(f"{self._root}/{folder}")  # noqa: PTH102 - thousands of these: text is cheaper than paths
            self._made.add(folder)


def _clear(new: Path, linked: Linked, shared: Collection[str]) -> None:
    """Remove what an earlier composition laid out under the same names."""
    for path in _named(linked, shared):
        (new / path).unlink(missing_ok=True)


def _named(linked: Linked, shared: Collection[str]) -> Iterable[str]:
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
