"""Doing many fetches at once, in threads that are made only when there is something for them."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """A pool of threads. Thread-safe, and usable from within: work that a worker gives is done by itself.

    If workers waited for other workers, enough of them would wait for nobody.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor: Executor | None = None
        self._lock = threading.Lock()
        self._here = threading.local()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply the function to every item and give the results in the items' order.

        Raises the first failure in that order.
        """
        work = list(items)
        if len(work) < 2 or getattr(self._here, "is_worker", False):
            return [function(item) for item in work]
        return list(self._threads().map(lambda item: self._run(function, item), work))

    def submit(self, function: Callable[[Item], object], item: Item) -> None:
        """Start the function on the item; its result and its failure are nobody's concern."""
        self._threads().submit(self._run, function, item)

    def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _threads(self) -> "Executor":
        with self._lock:
            if self._executor is None:
                from concurrent.futures import ThreadPoolExecutor

                self._executor = ThreadPoolExecutor(self._count, "rewheel-fetch")
            return self._executor

    def _run(self, function: Callable[[Item], Result], item: Item) -> Result:
        self._here.is_worker = True
        return function(item)
