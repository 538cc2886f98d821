"""Bringing a database to the form that this version of the server works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

from rewheel.server.catalog.database import Database
from rewheel.server.errors import UnusableStore

__all__ = ["NEWEST", "migrate", "revision"]

NEWEST = "0001"
"""The revision that `schema` describes."""

_LOCK = 0x7265776865656C  # "rewheel"; which advisory lock of PostgreSQL belongs to migrations


def revision(connection: Connection) -> str:
    """Return the revision of a database; empty for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def migrate(database: Database) -> bool:
    """Create or renew the tables; return whether there was anything to do.

    Several processes may do so at once: one works, the others wait. Raises UnusableStore for a database of
    a newer version. Alembic is loaded only when there is something to do.
    """
    with database.read() as connection:
        if revision(connection) == NEWEST:
            return False
    with database.write() as connection, _alone(connection):
        found = revision(connection)
        if found == NEWEST:
            return False
        _upgrade(connection, found)
    return True


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep others from migrating meanwhile; a SQLite transaction that writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    yield


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(files("rewheel.server.catalog") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        if found:
            ScriptDirectory.from_config(config).get_revision(found)
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnusableStore(
            f"the database is of revision {found!r}, which this version of rewheel does not know",
            hint="use the version of rewheel that last ran with it, or a newer one",
        ) from error
