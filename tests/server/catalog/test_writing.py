"""Changes of SQLite that share a commit: each as a whole or not at all, and over only when they last."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from rewheel.server.catalog.database import Database
from rewheel.server.errors import Refused


@pytest.fixture
def database(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'catalog.sqlite3'}", connections=4)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    yield database
    database.close()


def add(database: Database, name: str, *, then: BaseException | None = None) -> None:
    with database.write() as connection:
        connection.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})
        if then is not None:
            raise then


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT name FROM things ORDER BY name")).scalars())


def side_by_side(database: Database, jobs) -> list[BaseException | None]:
    """Let the jobs wait for one writer, so that they come into groups; return what each of them raised."""
    raised: list[BaseException | None] = [None] * len(jobs)

    def run(place: int) -> None:
        try:
            jobs[place]()
        except BaseException as error:
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    with database.write():
        for thread in threads:
            thread.start()
        while database._queue._waiting < len(jobs):
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join(30)
    return raised


def test_what_waits_is_committed_together(database: Database) -> None:
    raised = side_by_side(database, [lambda n=n: add(database, f"{n:02}") for n in range(40)])
    assert raised == [None] * 40
    assert names(database) == [f"{n:02}" for n in range(40)]


def test_one_that_fails_takes_nobody_along(database: Database) -> None:
    failing = ValueError("of its own")
    jobs = [lambda n=n: add(database, f"{n:02}", then=failing if n % 3 == 0 else None) for n in range(30)]
    raised = side_by_side(database, jobs)
    assert [error is failing for error in raised] == [n % 3 == 0 for n in range(30)]
    assert names(database) == [f"{n:02}" for n in range(30) if n % 3]


def test_of_two_with_one_name_the_second_is_told(database: Database) -> None:
    raised = side_by_side(database, [lambda: add(database, "same") for _ in range(8)])
    assert sorted(type(error).__name__ for error in raised) == ["IntegrityError"] * 7 + ["NoneType"]
    assert names(database) == ["same"]


def test_who_is_told_that_it_is_over_can_see_it(database: Database) -> None:
    seen: list[bool] = []

    def job(name: str) -> None:
        add(database, name)
        seen.append(name in names(database))

    assert side_by_side(database, [lambda n=n: job(f"{n:02}") for n in range(20)]) == [None] * 20
    assert seen == [True] * 20


def test_who_is_refused_can_see_why(database: Database) -> None:
    seen: list[list[str]] = []

    def job() -> None:
        try:
            add(database, "same")
        except IntegrityError:
            seen.append(names(database))

    assert side_by_side(database, [job] * 12) == [None] * 12
    assert seen == [["same"]] * 11


def test_when_the_transaction_is_given_up_all_of_the_group_are_told(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO things VALUES ('first')"))
            entered.set()
            go_on.wait(30)

    def breaking() -> None:
        with database.write() as connection:  # as SQLite does by itself when the disk is full
            connection.connection.dbapi_connection.rollback()
            raise OSError("no space left")

    raised: list[BaseException] = []

    def run(job) -> None:
        try:
            job()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in (first, breaking)]
    threads[0].start()
    assert entered.wait(30)
    threads[1].start()
    while not database._queue._waiting:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert names(database) == []
    assert len(raised) == 2
    assert any(isinstance(error, Refused) and error.status == 503 for error in raised)
    add(database, "afterwards")
    assert names(database) == ["afterwards"]
