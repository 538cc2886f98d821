"""Insertions for rows that may be there already, whoever else writes them at the same moment."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert

__all__ = ["insertion"]


def insertion(connection: Connection, table: Table) -> "PostgreSQLInsert | SQLiteInsert":
    """Return an insertion that can be told what to do about a row of the same key (`on_conflict_do_…`)."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as for_postgresql

        return for_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as for_sqlite

    return for_sqlite(table)
