"""The migrations lead to the tables that `schema` describes."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from rewheel.server.catalog.database import Database
from rewheel.server.catalog.migrating import NEWEST, migrate, revision
from rewheel.server.catalog.schema import metadata
from rewheel.server.errors import UnusableStore


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")


def test_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    assert migrate(database)
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert revision(connection) == NEWEST


def test_migrating_again_does_nothing(database: Database) -> None:
    assert migrate(database)
    assert not migrate(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    migrate(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnusableStore, match="'9999'"):
        migrate(database)
