"""Taking turns: what many want at once is made by the first of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Lock

__all__ = ["Turns"]


class Turns:
    """A lock for every key that somebody works at; for the tasks of one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for those who came before with the same key."""
        lock, waiting = self._locks.get(key, (None, 0))
        lock = lock or Lock()
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)
