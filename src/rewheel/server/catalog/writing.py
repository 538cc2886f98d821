"""Writing to SQLite, where one writes at a time: who waits for a turn shares the commit of the one before."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

__all__ = ["WriterQueue"]

_MOST = 16
"""Changes that one commit makes last; the first of them waits for all others."""


@dataclass(slots=True)
class _Group:
    """Changes that become visible, and last, together."""

    connection: Connection
    size: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None


class WriterQueue:
    """Lets the threads of one process write, one after the other, with one commit for those who wait.

    A commit waits for the disk, and most of an upload's time would be spent so. Each change is still made as
    a whole or not at all, by a savepoint of its own, and `turn` is over only when it has been committed.
    With one connection for all of them, what it has read of the database stays valid.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """Give the connection for one change; raises SQLAlchemyError when it cannot be committed."""
        with self._counting:
            self._waiting += 1
        with self._turn:
            with self._counting:
                self._waiting -= 1
            group = self._group or self._begin()
            failure: BaseException | None = None
            try:
                if group.size:
                    with group.connection.begin_nested():
                        yield group.connection
                else:
                    yield group.connection
            except BaseException as error:  # noqa: BLE001 - raised below, when it is true
                failure = error
                self._undo(group, error)
            else:
                group.size += 1
                if not self._is_continued(group):
                    self._commit(group)
        # Who failed may have done so because of what others of the group did: that has to be true by now.
        group.is_over.wait()
        if group.failure is not None:
            raise group.failure from failure
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _begin(self) -> _Group:
        connection = self._engine.connect().execution_options(rewheel_writes=True)
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        self._group = _Group(connection)
        return self._group

    def _is_continued(self, group: _Group) -> bool:
        """Tell whether somebody waits who will go on with the transaction, and end it."""
        with self._counting:
            return self._waiting > 0 and group.size < _MOST

    def _undo(self, group: _Group, error: BaseException) -> None:
        """End a change that failed: those before it in the group are not touched by that, if it can be."""
        driver = group.connection.connection.dbapi_connection
        if group.size and getattr(driver, "in_transaction", False):
            if not self._is_continued(group):
                self._commit(group)
            return
        failure: BaseException | None = None
        if group.size:  # SQLite itself has given the transaction up, as it does when the disk is full
            failure = error if isinstance(error, SQLAlchemyError) else _given_up()
        self._end(group, failure)

    def _commit(self, group: _Group) -> None:
        failure: BaseException | None = None
        try:
            transaction = group.connection.get_transaction()
            assert transaction is not None
            transaction.commit()
        except BaseException as error:  # noqa: BLE001 - each of the group raises it
            failure = error
        self._end(group, failure)

    def _end(self, group: _Group, failure: BaseException | None) -> None:
        """Let the connection go, which undoes what is not committed, and tell the group."""
        self._group = None
        group.failure = failure
        with suppress(SQLAlchemyError):
            group.connection.close()
        group.is_over.set()


def _given_up() -> OperationalError:
    return OperationalError("", {}, sqlite3.OperationalError("the transaction was given up"))
