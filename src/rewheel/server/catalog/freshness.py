"""Whether anything at all has changed in the database, asked in microseconds."""

import sqlite3
import threading
from contextlib import suppress

from rewheel.server.catalog.database import Database

__all__ = ["Freshness"]


class Freshness:
    """Gives marks: as long as the mark is the same, so is everything in the catalog.

    SQLite counts the commits of others (`PRAGMA data_version`), which costs no more than a look into shared
    memory and waits for nobody, so that an event loop may ask. A database across the network gives no marks,
    and then each page is compared by its serial.
    """

    def __init__(self, database: Database) -> None:
        self._path = database.url.database if database.is_sqlite else None
        self._local = threading.local()

    def mark(self) -> int | None:
        """Return the mark of this moment for the calling thread; None when there is none."""
        row = self._ask("PRAGMA data_version")
        return row[0] if row is not None else None

    def serial(self, project: str) -> int | None:
        """Return the serial of a visible project, 0 if there is none; None when that is not at hand."""
        row = self._ask("SELECT max(serial) FROM projects WHERE name = ? AND is_visible", project)
        return int(row[0] or 0) if row is not None else None

    def _ask(self, query: str, *values: str) -> tuple[int | None, ...] | None:
        if self._path is None:
            return None
        try:
            cursor: sqlite3.Cursor | None = getattr(self._local, "cursor", None)
            if cursor is None:
                cursor = self._local.cursor = self._open(self._path)
            row: tuple[int | None, ...] | None = cursor.execute(query, values).fetchone()
        except sqlite3.Error:  # who asks the slow way gets the reason
            with suppress(AttributeError):
                del self._local.cursor
            return None
        return row

    def _open(self, path: str) -> sqlite3.Cursor:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=4)
        return connection.cursor()
