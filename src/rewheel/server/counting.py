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
    """Counts for one server process. What a process has not written when it is killed is lost."""

    def __init__(self, database: Database, *, every: float = 20.0) -> None:
        """Write at most every so many seconds."""
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
            if time.monotonic() - self._written < self._every:
                return
            self._written = time.monotonic()
        threading.Thread(target=self.flush, name="rewheel-downloads", daemon=True).start()

    def flush(self) -> None:
        """Write what was counted; if that fails it stays counted."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, Counter()
            if not counts:
                return
            try:
                with self._database.write() as connection:
                    downloads.add(connection, counts)
            except (Refused, SQLAlchemyError):
                with self._lock:
                    self._counts.update(counts)
