"""Accounts: who acts."""

from sqlalchemy import Connection, insert, select

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import accounts

__all__ = ["ADMIN", "find_or_create"]

ADMIN = "admin"
"""The name of the account that is there from the start."""


def find_or_create(connection: Connection, name: str, *, is_admin: bool = False) -> int:
    """Return the id of an account."""
    query = select(accounts.c.id).where(accounts.c.name == name)
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(insert(accounts).values(name=name, is_admin=is_admin, created_at=now()))
        found = connection.execute(query).scalar_one()
    return int(found)
