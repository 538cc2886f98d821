"""Two long lists held against each other on disk: what the catalog speaks of, and what the storage has.

An index of a million files has two million blobs, which need not be in memory at once to be compared.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from rewheel.server.blobs.storage import Entry
from rewheel.server.operating.referenced import Reference

__all__ = ["Ledger", "Wanted"]

_CACHE = 16 << 10
"""KiB of memory that the lists may take; the rest is in a file that vanishes by itself."""

_TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
CREATE TABLE wanted (sha256 BLOB NOT NULL, size INTEGER, subject TEXT NOT NULL);
CREATE TABLE kept (sha256 BLOB NOT NULL, size INTEGER NOT NULL, modified REAL NOT NULL);
"""


class Wanted(NamedTuple):
    """A blob that there has to be, and how large it is in the storage."""

    reference: Reference
    kept_size: int | None
    """None if the storage does not list it."""


class Ledger:
    """Keeps both lists in a temporary file of SQLite's own while it is open."""

    def __init__(self) -> None:
        self._lists = sqlite3.connect("", isolation_level=None)
        self._lists.execute(f"PRAGMA cache_size = -{_CACHE}")
        self._lists.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lists.close()

    def want(self, references: Iterable[Reference]) -> None:
        """Note what there has to be; of several references to one blob, one that knows its size counts."""
        rows = ((bytes.fromhex(each.sha256), each.size, each.subject) for each in references)
        self._fill("INSERT INTO wanted VALUES (?, ?, ?)", rows)
        self._lists.execute("CREATE INDEX wanted_sha256 ON wanted (sha256, size, subject)")

    def keep(self, entries: Iterable[Entry]) -> None:
        """Note what there is."""
        rows = ((bytes.fromhex(each.sha256), each.size, each.modified.timestamp()) for each in entries)
        self._fill("INSERT INTO kept VALUES (?, ?, ?)", rows)
        self._lists.execute("CREATE INDEX kept_sha256 ON kept (sha256, size)")

    def orphans(self, oldest: datetime) -> Iterator[Entry]:
        """Yield what there is and need not be, if it was written before a moment."""
        query = """
            SELECT sha256, size, modified FROM kept
            WHERE modified < ? AND NOT EXISTS (SELECT 1 FROM wanted WHERE wanted.sha256 = kept.sha256)
            ORDER BY sha256
        """
        with closing(self._lists.execute(query, (oldest.timestamp(),))) as rows:
            for sha256, size, modified in rows:
                yield Entry(sha256.hex(), size, datetime.fromtimestamp(modified, oldest.tzinfo))

    def wanted(self) -> Iterator[Wanted]:
        """Yield what there has to be, once each, in the order of its subjects."""
        query = """
            SELECT sha256, max(size), subject, (SELECT size FROM kept WHERE kept.sha256 = wanted.sha256)
            FROM wanted GROUP BY sha256 ORDER BY subject
        """  # the subject is that of the row with the largest size
        with closing(self._lists.execute(query)) as rows:
            for sha256, size, subject, kept_size in rows:
                yield Wanted(Reference(sha256.hex(), size, subject), kept_size)

    def _fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._lists.execute("BEGIN")
        self._lists.executemany(statement, rows)
        self._lists.execute("COMMIT")
