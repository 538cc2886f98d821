"""Unpacking in processes of their own: in threads, Python would do one thing at a time.

They are split off from this process where that is possible, which takes a few milliseconds, and started as
programs elsewhere, which takes a tenth of a second of each.
"""

import bisect
import contextlib
import itertools
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from rewheel.installing.split import split_off
from rewheel.installing.store import Store, StoredWheel

if TYPE_CHECKING:
    from typing import IO

    from rewheel.variants import WheelFilename

__all__ = ["Crew"]

_UNPACKER = Path(__file__).with_name("unpacker.py")
_MOST = 4


class _Worker(Protocol):
    """One of them: it is told a line for each wheel, and answers each with a line."""

    @property
    def stdin(self) -> "IO[str] | None": ...

    @property
    def stdout(self) -> "IO[str] | None": ...

    def wait(self) -> int: ...


class _Seat:
    """Where one thread waits until it is told which worker it has."""

    __slots__ = ("_is_told", "_worker")

    def __init__(self) -> None:
        self._worker: _Worker | None = None
        self._is_told = threading.Lock()
        self._is_told.acquire()

    def take(self, worker: _Worker | None) -> None:
        """Tell who it is, None if there will be nobody."""
        self._worker = worker
        self._is_told.release()

    def wait(self) -> _Worker | None:
        """Wait for the word."""
        with self._is_told:
            return self._worker


class Crew:
    """Puts wheels into the store by the hands of others; a context manager. Thread-safe.

    Nobody is engaged before there is something to do. Whoever fails, or dies, is not asked again, and the
    wheel is unpacked here: that also finds out what is wrong with it.
    """

    def __init__(self, store: Store, *, most: int | None = None, split: bool = False) -> None:
        """Engage at most so many, by default one for each processor.

        With `split`, they are split off now, before there are threads, where that is possible.
        """
        self._store = store
        self._free = most if most is not None else min(os.cpu_count() or 1, _MOST)
        self._sleeping: list[_Worker] = [*reversed(split_off(self._free))] if split else []
        self._waiting: list[_Worker] = []
        self._engaged: list[_Worker] = []
        self._queue: list[tuple[int, int, _Seat]] = []
        """Who waits for a worker, the one with the largest wheel first."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Engage the first one, who takes a moment to be ready."""
        with self._lock:
            if not self._engaged and self._free > 0:
                self._engage()

    def add(self, path: Path, sha256: str, filename: "WheelFilename") -> StoredWheel:
        """Do as `Store.add` does with a file that was just seen to have this digest, and is nobody else's."""
        stored = self._store.get(sha256)
        worker = self._take(path) if stored is None else None
        if worker is not None:
            stored = self._ask(worker, path, sha256, filename)
        return stored or self._store.add(path, sha256, filename=filename, is_verified=True)

    def close(self) -> None:
        """Send everybody home; what somebody is still at is finished, but nobody waits for a word of it."""
        with self._lock:
            self._is_closed = True
            engaged = [*self._engaged, *self._sleeping]
            self._engaged, self._waiting, self._sleeping = [], [], []
            self._serve()
        for worker in engaged:
            _dismiss(worker)

    def _take(self, wheel: Path) -> _Worker | None:
        """Wait for one who has nothing to do, or engage another; None if there is nobody to wait for.

        Large wheels go first: one that is begun last would keep a single processor busy in the end.
        """
        seat = _Seat()
        with contextlib.suppress(OSError):
            size = wheel.stat().st_size
            with self._lock:
                bisect.insort(self._queue, (-size, next(self._numbers), seat))
                self._serve()
            return seat.wait()
        return None

    def _serve(self) -> None:
        """Give a worker to those with the largest wheels, as far as there are any; nobody else is woken."""
        while self._queue:
            if not self._waiting and self._free > 0 and not self._is_closed:
                self._engage()
            elif self._waiting:
                self._queue.pop(0)[-1].take(self._waiting.pop())
            elif self._engaged:
                return
            else:  # nobody will come any more
                self._queue.pop(0)[-1].take(None)

    def _engage(self) -> None:
        self._free -= 1
        greeting: list[object] = [str(self._store.cache_dir)]
        if self._sleeping:
            worker = self._sleeping.pop()
        else:
            started = _start()
            if started is None:
                self._free = 0
                return
            worker, greeting = started, [sys.path, *greeting]
        if _tell(worker, *greeting):
            self._engaged.append(worker)
            self._waiting.append(worker)
        else:
            _dismiss(worker)

    def _ask(self, worker: _Worker, path: Path, sha256: str, filename: "WheelFilename") -> StoredWheel | None:
        answer: object = None
        if _tell(worker, [str(path), sha256, str(filename)]):
            assert worker.stdout is not None
            with contextlib.suppress(OSError, ValueError, RecursionError):
                answer = json.loads(worker.stdout.readline())
        is_done = answer == [sha256, True]
        self._release(worker, is_lost=not is_done and answer != [sha256, False])
        return self._store.get(sha256) if is_done else None

    def _release(self, worker: _Worker, *, is_lost: bool = False) -> None:
        """Let the next have the worker, unless it is of no use any more."""
        with self._lock:
            if worker in self._engaged:  # nobody has been sent home yet
                if is_lost:
                    self._engaged.remove(worker)
                else:
                    self._waiting.append(worker)
            self._serve()
        if is_lost:
            _dismiss(worker)


def _start() -> _Worker | None:
    """Start one as a program; None if that is impossible."""
    import subprocess

    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_UNPACKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except OSError:
        return None


def _tell(worker: _Worker, *documents: object) -> bool:
    """Send a line for each document; false if nobody is there to read them."""
    assert worker.stdin is not None
    try:
        for document in documents:
            worker.stdin.write(json.dumps(document) + "\n")
        worker.stdin.flush()
    except (OSError, ValueError):
        return False
    return True


def _dismiss(worker: _Worker) -> None:
    """Let a process end, which it does when nobody asks any more, and don't wait for it."""
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
    threading.Thread(target=worker.wait, daemon=True).start()
