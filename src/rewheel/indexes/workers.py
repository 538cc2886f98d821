"""Doing many fetches at once, in threads that are made only when there is something for them."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

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
        self._executor: Executor | None = None
        self._lock = threading.Lock()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply the function to every item and give the results in the items' order.

        Raises the first failure in that order; what has not begun then is dropped.
        """
        work = list(items)
        futures: list[Future[Result] | None] = [None, *(self._begin(function, item) for item in work[1:])]
        try:
            return [
                function(item) if future is None or future.cancel() else future.result()
                for item, future in zip(work, futures, strict=False)
            ]
        finally:
            for future in futures:
                if future is not None:
                    future.cancel()

    def submit(self, function: Callable[[Item], object], item: Item) -> None:
        """Start the function on the item; its result and its failure are nobody's concern."""
        self._begin(function, item)

    def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        with self._lock:
            self._count = 0
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _begin(self, function: Callable[[Item], Result], item: Item) -> "Future[Result] | None":
        """Give the work to the pool; None if it was closed."""
        with self._lock:
            if self._executor is None and self._count:
                from concurrent.futures import ThreadPoolExecutor

                self._executor = ThreadPoolExecutor(self._count, "rewheel-fetch")
            return (
                self._executor.submit(function, item) if self._executor is not None and self._count else None
            )
