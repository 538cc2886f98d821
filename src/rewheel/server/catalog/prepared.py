"""Statements that are run so often that making them ready would cost more than running them."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Delete, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.sql.selectable import CompoundSelect

__all__ = ["Prepared", "database_error"]

_Convert = Callable[[Any], Any]
_Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as the driver of SQLite takes it."""

    sql: str
    parameters: Sequence[tuple[str, object, _Convert | None]]
    """Of each `?` in the statement: its name, its value unless one is given, and how that is written."""
    columns: Sequence[tuple[int, _Convert]]
    """Columns of the answer that are not to be left as they are."""

    def values(self, given: _Values) -> list[object]:
        """Return what stands for the `?`."""
        found = []
        for name, default, convert in self.parameters:
            value = given.get(name, default)
            found.append(convert(value) if convert is not None else value)
        return found

    def row(self, found: Sequence[Any]) -> Sequence[Any]:
        """Return a row as Python has it."""
        if not self.columns:
            return found
        row = list(found)
        for place, convert in self.columns:
            row[place] = convert(row[place])
        return row


class Prepared:
    """A statement with `bindparam`s, whose values are given anew each time, by name.

    To SQLite it goes by its driver alone, in microseconds, within the transaction of the connection and with
    the errors of SQLAlchemy. Other databases are across a network: there nothing is different. Values of an
    insertion are columns, always the same ones.
    """

    __slots__ = ("_ready", "_statement")

    def __init__(
        self, statement: "Select[*tuple[Any, ...]] | CompoundSelect[Any] | Insert | Update | Delete"
    ) -> None:
        self._statement = statement
        self._ready: _Ready | None = None

    def rows(self, connection: Connection, values: _Values) -> Sequence[Sequence[Any]]:
        """Return all rows of the answer."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, values).all()
        ready = self._prepared(connection, values)
        found: list[Sequence[Any]] = _run(connection, ready, values).fetchall()
        return [ready.row(row) for row in found] if ready.columns else found

    def row(self, connection: Connection, values: _Values) -> Sequence[Any] | None:
        """Return the first row of the answer; None if there is none."""
        rows = self.rows(connection, values)
        return rows[0] if rows else None

    def change(self, connection: Connection, values: _Values) -> int:
        """Run a change, and return how many rows it was about."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, values).rowcount
        return _run(connection, self._prepared(connection, values), values).rowcount

    def add(self, connection: Connection, values: _Values) -> int:
        """Insert a row into a table that counts its rows, and return the row's id."""
        if connection.dialect.name != "sqlite":
            key = connection.execute(self._statement, values).inserted_primary_key
            assert key is not None
            return int(key[0])
        return _run(connection, self._prepared(connection, values), values).lastrowid or 0

    def add_all(self, connection: Connection, rows: Sequence[_Values]) -> None:
        """Insert rows, of which there is at least one."""
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        ready = self._prepared(connection, rows[0])
        driver, given = _driver(connection), [ready.values(row) for row in rows]
        try:
            driver.executemany(ready.sql, given)
        except sqlite3.Error as error:
            raise database_error(connection, ready.sql, given, error) from error

    def _prepared(self, connection: Connection, values: _Values) -> _Ready:
        if self._ready is None:
            self._ready = self._prepare(connection.dialect, values)
        return self._ready

    def _prepare(self, dialect: Dialect, values: _Values) -> _Ready:
        statement = self._statement
        columns = list(values) if isinstance(statement, Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        returned = () if isinstance(statement, Insert | Update | Delete) else statement.selected_columns
        converted = [(place, _reader(column.type, dialect)) for place, column in enumerate(returned)]
        return _Ready(
            compiled.string,
            [(bind.key, bind.effective_value, _writer(bind.type, dialect)) for bind in binds],
            [(place, convert) for place, convert in converted if convert is not None],
        )


def _run(connection: Connection, ready: _Ready, values: _Values) -> sqlite3.Cursor:
    driver, given = _driver(connection), ready.values(values)
    try:
        return driver.execute(ready.sql, given)
    except sqlite3.Error as error:
        raise database_error(connection, ready.sql, given, error) from error


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection, in a transaction."""
    if not connection.in_transaction():
        connection.begin()
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def database_error(
    connection: Connection, sql: str, values: Sequence[Any], error: sqlite3.Error
) -> BaseException:
    """Return an error of the driver as SQLAlchemy raises it."""
    return DBAPIError.instance(sql, values, error, sqlite3.Error, dialect=connection.dialect)


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
