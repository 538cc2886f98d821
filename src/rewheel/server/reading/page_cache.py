"""Rendered pages, kept as long as they are current and there is room."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from rewheel.server.reading.packing import Packed

__all__ = ["PageCache"]


@dataclass(slots=True)
class _Kept:
    page: Packed
    serial: int
    weight: int
    mark: int | None
    """When the serial was last known to be the newest (`Freshness`); None when that cannot be told."""


class PageCache:
    """Pages by key, each with the serial that it was rendered at; those unused for longest make room."""

    def __init__(self, room: int) -> None:
        """Keep at most about `room` bytes."""
        self._room = room
        self.weight = 0
        """Bytes that are kept."""
        self.hits = 0
        """How often a page was there."""
        self.misses = 0
        """How often a page had to be rendered."""
        self._pages: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def current(self, key: str, mark: int | None) -> Packed | None:
        """Return the page if nothing has changed since it was last found to be current."""
        if mark is None:
            return None
        with self._lock:
            kept = self._pages.get(key)
            if kept is None or kept.mark != mark:
                return None
            self._pages.move_to_end(key)
            self.hits += 1
            return kept.page

    def get(self, key: str, serial: int) -> Packed | None:
        """Return the page if it was rendered at this serial."""
        with self._lock:
            kept = self._pages.get(key)
            if kept is None or kept.serial != serial:
                self.misses += 1
                return None
            self.hits += 1
            self._pages.move_to_end(key)
            return kept.page

    def put(self, key: str, serial: int, page: Packed, mark: int | None) -> None:
        """Keep a page, or note that it has grown by another encoding or was found to be current.

        `mark` was taken before the serial was read.
        """
        weight = page.weight
        with self._lock:
            old = self._pages.pop(key, None)
            self.weight -= old.weight if old is not None else 0
            if weight > self._room:
                return
            self._pages[key] = _Kept(page, serial, weight, mark)
            self.weight += weight
            while self.weight > self._room:
                _, dropped = self._pages.popitem(last=False)
                self.weight -= dropped.weight
