"""The connection to the database: SQLite in a file, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, TimeoutError as PoolTimeoutError

from rewheel.server.catalog.prepared import database_error
from rewheel.server.catalog.writing import WriterQueue
from rewheel.server.errors import Refused, UnusableStore

__all__ = ["Database"]

_BUSY = 30
"""Seconds to wait for another writer of SQLite, or for a free connection."""


class Database:
    """Gives connections inside of transactions. May be used by many threads at once.

    Reading never waits for writing. A process opens it for itself: connections do not survive a fork.
    """

    def __init__(self, url: str, *, connections: int = 16) -> None:
        """Open nothing yet; raises UnusableStore when the URL makes no sense."""
        try:
            self.url = make_url(url)
            self.engine = _engine(url, connections)
            self._queue = WriterQueue(_engine(url, 1)) if self.is_sqlite else None
            self._near = _engine(url, 1) if self.is_sqlite else self.engine
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise UnusableStore(
                "the URL of the database is not one that can be used",
                hint="it looks like postgresql://user:password@host/name or sqlite:///path",
            ) from error

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file, in which only one may write at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees the database as it is at its first query; raises Refused (503)."""
        with _spoken(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def near(self) -> Iterator[Connection]:
        """Give the connection with which an event loop may look up in SQLite what is found in no time.

        It is kept for that, so that the loop waits for none; otherwise this is `read`.
        """
        with _spoken(), self._near.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection for long reading, to which nothing changes meanwhile; raises Refused (503)."""
        with _spoken(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(  # noqa: PLW2901 - the same one
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes become visible together at the end, or not at all.

        Raises Refused (503) when the database cannot be reached; what the block raises is passed on.
        """
        if self._queue is None:
            with _spoken(), self.engine.begin() as connection:
                yield connection
            return
        with _spoken(), self._queue.turn() as connection:
            yield connection

    def check(self) -> None:
        """Ask for an answer; raises Refused (503) when there is none."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        if self._queue is not None:
            self._queue.close()
        self._near.dispose()
        self.engine.dispose()


@contextmanager
def _spoken() -> Iterator[None]:
    """Say in words that the database is gone; constraints and mistakes of ours pass through."""
    try:
        yield
    except PoolTimeoutError as error:
        raise Refused(
            503, "the server is too busy", hint="try again in a moment", headers={"Retry-After": "5"}
        ) from error
    except DBAPIError as error:
        if not _is_outage(error):
            raise
        raise Refused(
            503,
            "the database cannot be reached at the moment",
            hint="try again in a moment",
            kind="database-unavailable",
            headers={"Retry-After": "5"},
        ) from error


def _is_outage(error: DBAPIError) -> bool:
    return error.connection_invalidated or type(error.orig).__name__ in {"OperationalError", "InterfaceError"}


def _engine(url: str, connections: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_BUSY,
            pool_use_lifo=True,  # the connection that was used last has the most at hand
            connect_args={"timeout": _BUSY},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_BUSY,
        pool_pre_ping=True,
        pool_recycle=1800,
    )


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    """Let transactions begin and end where we say, readers go on while one writes, and commits last."""
    del record
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -8000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at once: whoever first reads and then writes could come too late."""
    writes = connection.get_execution_options().get("rewheel_writes")
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    try:
        driver.execute(begin)
    except sqlite3.Error as error:
        raise database_error(connection, begin, (), error) from error
