"""Rendered pages, kept as long as they are current and there is room."""

import threading
from collections import OrderedDict

from rewheel.server.reading.packing import Packed

__all__ = ["PageCache"]


class PageCache:
    """Pages by key, each with the serial that it was rendered at; those unused for longest make room."""

    def __init__(self, room: int) -> None:
        """Keep at most about `room` bytes."""
        self._room = room
        self._weight = 0
        self._pages: OrderedDict[str, tuple[int, int, Packed]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, serial: int) -> Packed | None:
        """Return the page, if it was rendered at this serial."""
        with self._lock:
            found = self._pages.get(key)
            if found is None or found[0] != serial:
                return None
            self._pages.move_to_end(key)
            return found[2]

    def put(self, key: str, serial: int, page: Packed) -> None:
        """Keep a page, or note that it has grown by another encoding."""
        weight = page.weight
        with self._lock:
            old = self._pages.pop(key, None)
            self._weight -= old[1] if old is not None else 0
            if weight > self._room:
                return
            self._pages[key] = (serial, weight, page)
            self._weight += weight
            while self._weight > self._room:
                _, (_, dropped, _) = self._pages.popitem(last=False)
                self._weight -= dropped
