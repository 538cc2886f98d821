"""Doing a thing once, however many threads ask for it at the same time."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Once"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Slot(Generic[Value]):
    __slots__ = ("done", "error", "is_done", "values")

    def __init__(self) -> None:
        self.is_done = False
        self.done: threading.Event | None = None
        """Made by the first who has to wait, as hardly anybody has."""
        self.values: list[Value] = []
        self.error: BaseException | None = None


class Once(Generic[Key, Value]):
    """Remembers results by key. Who asks while another thread is at it waits for that thread's result.

    Failures reach everyone who waits and are then forgotten, so that the next to ask tries again.
    """

    def __init__(self) -> None:
        self._slots: dict[Key, _Slot[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Give the remembered result, or compute it; raises what `compute` raises."""
        with self._lock:
            slot = self._slots.get(key)
            is_ours = slot is None
            if slot is None:
                slot = self._slots[key] = _Slot()
            elif not slot.is_done and slot.done is None:
                slot.done = threading.Event()
        if is_ours:
            self._fill(slot, key, compute)
        else:
            if slot.done is not None:
                slot.done.wait()
            if slot.error is not None:
                raise slot.error
        return slot.values[0]

    def _fill(self, slot: _Slot[Value], key: Key, compute: Callable[[], Value]) -> None:
        try:
            slot.values.append(compute())
        except BaseException as error:
            slot.error = error
            raise
        finally:
            with self._lock:
                slot.is_done = True
                if slot.error is not None:
                    del self._slots[key]
                if slot.done is not None:
                    slot.done.set()

    def values(self) -> list[Value]:
        """Give all results so far."""
        with self._lock:
            return [value for slot in self._slots.values() for value in slot.values]
