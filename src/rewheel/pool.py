"""Threads for work that mostly waits: begun when there is some for them, and ended with the command.

`concurrent.futures` can do more, and loads `logging` for it, which takes a tenth of what a small installation
computes.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Job", "Pool"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Job(Generic[Result]):
    """Work that is done once, by a thread of the pool, unless it is dropped before it has begun."""

    __slots__ = ("_done", "_error", "_results", "_turn", "_work")

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._turn = threading.Lock()
        """Held by whoever does the work, or has dropped it."""
        self._done = threading.Lock()
        self._done.acquire()
        self._results: list[Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work, if it has neither begun nor been dropped."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again for whoever asks
            self._error = error
        finally:
            self._done.release()

    def drop(self) -> bool:
        """Let nobody begin; false if somebody has. Who waits for the result gets a RuntimeError."""
        if not self._turn.acquire(blocking=False):
            return False
        self._error = RuntimeError("this was dropped before it had begun")
        self._done.release()
        return True

    def result(self) -> Result:
        """Wait for the result; raises what the work raised."""
        with self._done:
            if self._error is not None:
                raise self._error
            return self._results[0]


class Pool:
    """At most so many threads. Thread-safe."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: deque[Job[Any]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._is_closed = False
        self._change = threading.Condition()

    def begin(self, function: Callable[[Item], Result], item: Item) -> Job[Result] | None:
        """Have the function applied to the item as soon as a thread is free; None if the pool was closed."""
        job = Job(lambda: function(item))
        with self._change:
            if self._is_closed:
                return None
            self._jobs.append(job)
            if len(self._jobs) <= self._idle:
                self._change.notify()
                return job
            if len(self._threads) == self._most:
                return job
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._live, name=name, daemon=True)
            self._threads.append(thread)
        thread.start()
        return job

    def close(self, *, wait: bool) -> None:
        """Drop what has not begun, and wait for what has, if asked to."""
        with self._change:
            self._is_closed = True
            for job in self._jobs:
                job.drop()
            self._jobs.clear()
            self._change.notify_all()
        for thread in self._threads if wait else ():
            thread.join()

    def _live(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            del job  # what it has found is not ours to keep while we wait

    def _next(self) -> Job[Any] | None:
        with self._change:
            while not self._jobs:
                if self._is_closed:
                    return None
                self._idle += 1
                self._change.wait()
                self._idle -= 1
            return self._jobs.popleft()
