"""Doing many fetches at once, in threads that are made only when there is something for them.

Where all that is asked for lies in the cache, one thread is faster than many, which only take turns. So what
is done calmly or in advance waits until somebody has to use the network, and wakes the workers.
"""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rewheel.pool import Job, Pool

__all__ = ["Workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """A pool of threads. Thread-safe, and usable from within: no call ever waits for work that has not begun.

    Who calls `map` takes part: whatever no thread has begun when its turn comes, the caller does itself. So
    even if all threads call `map` at once, each of them gets on.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: Pool | None = None
        self._lock = threading.Lock()
        self._is_awake = False
        self._noted: list[tuple[Callable[[Any], object], Any]] = []
        """What is to be begun as soon as the workers are awake."""

    def wake(self) -> None:
        """Tell that somebody is about to wait for the network, so that it pays to do things side by side."""
        with self._lock:
            self._is_awake = True
            noted, self._noted = self._noted, []
        for function, item in noted:
            self._begin(function, item)

    def map_calmly(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do as `map` does, but one after the other for as long as nobody needed the network."""
        work = list(items)
        results: list[Result] = []
        while len(results) < len(work):
            if self._is_awake:
                return results + self.map(function, work[len(results) :])
            results.append(function(work[len(results)]))
        return results

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply the function to every item and give the results in the items' order.

        Raises the first failure in that order; what has not begun then is dropped.
        """
        work = list(items)
        if len(work) == 1:
            return [function(work[0])]
        jobs: list[Job[Result] | None] = [None, *(self._begin(function, item) for item in work[1:])]
        try:
            return [
                function(item) if job is None or job.drop() else job.result()
                for item, job in zip(work, jobs, strict=False)
            ]
        finally:
            for job in jobs:
                if job is not None:
                    job.drop()

    def submit(self, function: Callable[[Item], object], item: Item) -> None:
        """Start the function on the item, once awake; its result and its failure are nobody's concern."""
        with self._lock:
            if not self._is_awake:
                self._noted.append((function, item))
                return
        self._begin(function, item)

    def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        with self._lock:
            self._count = 0
            self._noted.clear()
        if self._pool is not None:
            self._pool.close(wait=True)

    def _begin(self, function: Callable[[Item], Result], item: Item) -> "Job[Result] | None":
        """Give the work to the pool; None if it was closed."""
        with self._lock:
            if self._pool is None and self._count:
                from rewheel.pool import Pool

                self._pool = Pool(self._count, "rewheel-fetch")
        return self._pool.begin(function, item) if self._pool is not None and self._count else None
