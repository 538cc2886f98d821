"""Counting downloads without making any of them wait: in memory first, now and then into the catalog."""

import threading
import time
from collections import Counter

from sqlalchemy.exc import SQLAlchemyError

from rewheel.server.catalog import downloads
from rewheel.server.catalog.database import Database
from rewheel.server.errors import Refused

__all__ = ["DownloadCounter"]

_MOST_NAMES = 50_000
"""File names that are kept while the database cannot take them; what comes then is not counted."""


class DownloadCounter:
    """Counts for one server process.

    What a process has not written when it is killed is lost: the downloads of the last seconds.
    """

    def __init__(self, database: Database, *, every: float = 20.0) -> None:
        """Let it be written every so many seconds, by whoever asks `is_due`."""
        self._database = database
        self._every = every
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._written = time.monotonic()

    def count(self, filename: str) -> None:
        """Count one download."""
        with self._lock:
            if filename in self._counts or len(self._counts) < _MOST_NAMES:
                self._counts[filename] += 1

    @property
    def is_due(self) -> bool:
        """Whether there is something that has waited long enough."""
        return bool(self._counts) and time.monotonic() - self._written >= self._every

    def flush(self) -> None:
        """Write what was counted; if that fails it stays counted."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, Counter()
            self._written = time.monotonic()
            if not counts:
                return
            try:
                with self._database.write() as connection:
                    downloads.add(connection, counts)
            except (Refused, SQLAlchemyError):
                with self._lock:
                    self._counts.update(counts)
