"""Statements that go to SQLite by its driver: the same rows, values and errors as by way of SQLAlchemy."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from rewheel.server.catalog.database import Database
from rewheel.server.catalog.moments import Moment
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.errors import Refused

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("facts", JSON),
    Column("at", Moment),
    Column("is_good", Boolean),
)
ADD = Prepared(insert(things))
BY_NAME = Prepared(select(things).where(things.c.name == bindparam("name")).limit(1))
NAMES = Prepared(select(things.c.name).order_by(things.c.name).limit(bindparam("most")).offset(1))
BOTH = Prepared(
    union_all(
        select(things.c.facts).where(things.c.name == bindparam("name")),
        select(things.c.facts).where(things.c.name == bindparam("name")),
    )
)
RENAME = Prepared(
    update(things).where(things.c.name == bindparam("old")).values(name=things.c.name + "!", is_good=True)
)
REMOVE = Prepared(delete(things).where(things.c.name == bindparam("old")))
AT = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)


def thing(name: str) -> dict[str, object]:
    return {"name": name, "facts": {"é": [1, None]}, "at": AT, "is_good": False}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'things.sqlite3'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.new_database()
    database = Database(url, connections=4)
    with database.write() as connection:
        things.create(connection)
    yield database
    database.close()


def test_values_are_those_that_were_given(database: Database) -> None:
    with database.write() as connection:
        assert ADD.add(connection, thing("a")) == 1
        assert ADD.add(connection, {"name": "b", "facts": None, "at": None, "is_good": None}) == 2
    with database.read() as connection:
        assert tuple(BY_NAME.row(connection, {"name": "a"}) or ()) == (1, "a", {"é": [1, None]}, AT, False)
        assert tuple(BY_NAME.row(connection, {"name": "b"}) or ()) == (2, "b", None, None, None)
        assert BY_NAME.row(connection, {"name": "none"}) is None
        assert [tuple(row) for row in BOTH.rows(connection, {"name": "a"})] == [({"é": [1, None]},)] * 2


def test_changes_count_their_rows(database: Database) -> None:
    with database.write() as connection:
        ADD.add_all(connection, [thing(name) for name in "abc"])
        assert RENAME.change(connection, {"old": "a"}) == 1
        assert RENAME.change(connection, {"old": "a"}) == 0
        assert REMOVE.change(connection, {"old": "b"}) == 1
        assert [row[0] for row in NAMES.rows(connection, {"most": 5})] == ["c"]
        assert (BY_NAME.row(connection, {"name": "a!"}) or ())[4] is True


def test_they_belong_to_the_transaction(database: Database) -> None:
    with database.write() as connection:
        ADD.add(connection, thing("kept"))
    with pytest.raises(ValueError, match="no"), database.write() as connection:
        ADD.add(connection, thing("lost"))
        raise ValueError("no")
    with database.snapshot() as connection:
        assert BY_NAME.row(connection, {"name": "kept"})
        assert BY_NAME.row(connection, {"name": "lost"}) is None
        with database.write() as other:
            ADD.add(other, thing("later"))
        assert BY_NAME.row(connection, {"name": "later"}) is None


def test_errors_are_those_of_sqlalchemy(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        ADD.add(connection, thing("twice"))
        ADD.add(connection, thing("twice"))
    with pytest.raises(IntegrityError), database.write() as connection:
        ADD.add_all(connection, [thing("twice"), thing("twice")])


def test_a_database_without_its_tables_is_an_outage(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}", connections=2)
    with pytest.raises(Refused, match="cannot be reached") as caught, database.read() as connection:
        BY_NAME.row(connection, {"name": "any"})
    assert isinstance(caught.value.__cause__, OperationalError)
    database.close()
