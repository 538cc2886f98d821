"""Short questions to a database that is a file, answered in microseconds by its driver alone."""

import sqlite3
import threading
from contextlib import suppress
from typing import Any

from rewheel.server.catalog.database import Database

__all__ = ["Direct"]

_STATEMENTS = 16
"""That a connection keeps prepared."""


class Direct:
    """Asks SQLite in the thread that wants to know, which may be that of an event loop: nobody is waited for.

    Each answer is of one moment, later than all that was committed before. There is none (None) from a
    database across the network, or when the file cannot be read just now: who then asks a `Database` waits
    for it, or gets the reason.
    """

    def __init__(self, database: Database) -> None:
        self._path = database.url.database if database.is_sqlite else None
        self._local = threading.local()

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """Return the only row of an answer."""
        rows = self.rows(query, *values)
        return rows[0] if rows else None

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]] | None:
        """Return an answer; there have to be few rows."""
        if self._path is None:
            return None
        try:
            cursor: sqlite3.Cursor | None = getattr(self._local, "cursor", None)
            if cursor is None:
                cursor = self._local.cursor = self._open(self._path)
            return cursor.execute(query, values).fetchall()
        except sqlite3.Error:
            with suppress(AttributeError):
                del self._local.cursor
            return None

    def _open(self, path: str) -> sqlite3.Cursor:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=_STATEMENTS)
        return connection.cursor()
