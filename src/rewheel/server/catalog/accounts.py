"""Accounts: who acts."""

from sqlalchemy import Connection, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import accounts

__all__ = ["ADMIN", "find", "find_or_create", "make_admin"]

ADMIN = "admin"
"""The name of the account that is there from the start."""


def find_or_create(connection: Connection, name: str, *, is_admin: bool = False) -> int:
    """Return the id of an account."""
    found = find(connection, name)
    if found is None:
        connection.execute(insert(accounts).values(name=name, is_admin=is_admin, created_at=now()))
        found = find(connection, name)
        assert found is not None
    return found


def find(connection: Connection, name: str) -> int | None:
    """Return the id of an account; None if there is none of this name."""
    if "\0" in name:  # PostgreSQL knows no such text
        return None
    found = connection.execute(select(accounts.c.id).where(accounts.c.name == name)).scalar()
    return int(found) if found is not None else None


def make_admin(connection: Connection, account_id: int) -> None:
    """Let an account do everything."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(is_admin=True))
