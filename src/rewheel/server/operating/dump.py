"""The catalog as lines of JSON, for every database; written from one moment, read into an empty one."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection, Date, Table, func, insert, select, text

from rewheel.server.catalog.moments import Moment
from rewheel.server.catalog.schema import metadata, upstream_files, upstream_pages
from rewheel.server.errors import ServerError

__all__ = ["dump", "is_empty", "load"]

_AT_ONCE = 1000
"""Rows of one statement."""
_LONGEST_LINE = 128 << 20
"""Bytes of one row; a README and an index file are the largest that a row has."""
_UPSTREAM = frozenset({upstream_pages.name, upstream_files.name})


def dump(connection: Connection, target: BinaryIO, *, with_upstream: bool = True) -> dict[str, int]:
    """Write all rows, in an order in which they can be read again; return their number by table.

    What is written is the state of the connection's snapshot. The cache of upstream indexes may be left out.
    """
    counts = {}
    for table in metadata.sorted_tables:
        counts[table.name] = 0
        if table.name in _UPSTREAM and not with_upstream:
            continue
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(select(table))
        for row in rows.mappings():
            line = json.dumps([table.name, {name: _plain(value) for name, value in row.items()}])
            target.write(line.encode() + b"\n")
            counts[table.name] += 1
    return counts


def load(connection: Connection, source: BinaryIO) -> dict[str, int]:
    """Read what `dump` has written into an empty catalog; return the number of rows by table.

    Raises ServerError for anything else: what is read may be from a stranger.
    """
    counts = dict.fromkeys((table.name for table in metadata.sorted_tables), 0)
    waiting: list[dict[str, Any]] = []
    current: Table | None = None
    for table, row in _rows(source):
        if waiting and (table is not current or len(waiting) == _AT_ONCE):
            assert current is not None
            connection.execute(insert(current), waiting)
            waiting = []
        current = table
        waiting.append(row)
        counts[table.name] += 1
    if current is not None and waiting:
        connection.execute(insert(current), waiting)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection)
    return counts


def is_empty(connection: Connection) -> bool:
    """Tell whether nobody has ever used the catalog."""
    return all(connection.execute(select(table).limit(1)).first() is None for table in metadata.sorted_tables)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value  # moments are dates too


def _rows(source: BinaryIO) -> Iterator[tuple[Table, dict[str, Any]]]:
    number = 0
    while line := source.readline(_LONGEST_LINE):
        number += 1
        try:
            name, values = json.loads(line)
            table = metadata.tables[name]
            yield table, {column: _value(table, column, value) for column, value in values.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ServerError(
                f"row {number} of the backup's catalog makes no sense",
                hint="the backup is damaged, or was made by a newer version of rewheel",
            ) from error


def _value(table: Table, column: str, value: object) -> object:
    kind = table.columns[column].type
    if not isinstance(kind, Moment | Date) or value is None:
        return value
    if not isinstance(value, str):
        raise TypeError(f"{table.name}.{column} is no point in time")
    return datetime.fromisoformat(value) if isinstance(kind, Moment) else date.fromisoformat(value)


def _set_sequences(connection: Connection) -> None:
    """Let PostgreSQL go on counting behind what was read."""
    for table in _counted(metadata.sorted_tables):
        highest = connection.execute(select(func.max(table.c.id))).scalar()
        if highest is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
                {"name": table.name, "highest": highest},
            )


def _counted(tables: Iterable[Table]) -> Iterator[Table]:
    return (table for table in tables if "id" in table.c and table.c.id.primary_key)
