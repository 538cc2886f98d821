"""Many at once: one wins, the others are told, nothing is half done; also on PostgreSQL, in two processes."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from support.server import RunningServer
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

T = TypeVar("T")


def at_once(*jobs: Callable[[], T]) -> list[T]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def test_694_of_many_sessions_for_a_release_there_is_one(any_server: RunningServer) -> None:
    admin = Uploader(any_server, any_server.token)
    replies = at_once(*[lambda: admin.create("crowded") for _ in range(8)])
    assert Counter(reply.status for reply in replies) == {201: 1, 409: 7}
    assert len({reply.headers["location"] for reply in replies}) == 1


def test_694_a_name_is_given_to_one_of_many(any_server: RunningServer) -> None:
    admin = Uploader(any_server, any_server.token)
    people = [admin.friend(f"racer-{number}") for number in range(6)]
    replies = at_once(*[lambda person=person: person.create("prized") for person in people])  # type: ignore[misc]
    assert Counter(reply.status for reply in replies) == {201: 1, 403: 5}


def test_of_two_contents_of_a_name_one_is_published(any_server: RunningServer, tmp_path: Path) -> None:
    admin = Uploader(any_server, any_server.token)
    wheels = [
        make_wheel(tmp_path / str(number), "raced-for", files={"raced_for.py": f"x = {number}\n"})
        for number in range(4)
    ]
    session = admin.session("raced-for")
    admin.add(session, wheels[0])
    replies = at_once(
        lambda: admin.publish(session).status,
        *[lambda wheel=wheel: any_server.upload(wheel).status for wheel in wheels[1:]],  # type: ignore[misc]
    )
    assert sum(status < 300 for status in replies) == 1
    assert set(replies) <= {200, 201, 409}
    assert len(any_server.page("raced-for")["files"]) == 1
    statuses = admin.status(session)["status"]
    assert statuses == ("published" if replies[0] == 201 else "open")


def test_694_publishing_twice_publishes_once(any_server: RunningServer, tmp_path: Path) -> None:
    admin = Uploader(any_server, any_server.token)
    session = admin.session("twofold")
    for tag in ("py3-none-any", "cp311-cp311-linux_x86_64"):
        admin.add(session, make_wheel(tmp_path, "twofold", tag=tag))
    replies = at_once(*[lambda: admin.publish(session).status for _ in range(4)])
    assert Counter(replies) == {201: 1, 409: 3}
    assert len(any_server.page("twofold")["files"]) == 2


def test_694_canceling_and_publishing_at_once_is_one_of_them(
    any_server: RunningServer, tmp_path: Path
) -> None:
    admin = Uploader(any_server, any_server.token)
    session = admin.session("undecided")
    admin.add(session, make_wheel(tmp_path, "undecided"))
    canceled, published = at_once(
        lambda: admin.send("DELETE", session["links"]["session"]).status,
        lambda: admin.publish(session).status,
    )
    assert (canceled, published) in {(204, 409), (204, 403), (409, 201)}
    found = admin.status(session)["status"]
    assert found == ("canceled" if canceled == 204 else "published")
    assert (any_server.get("/simple/undecided/").status == 200) == (found == "published")


def test_quotas_hold_when_many_come_at_once(any_server: RunningServer, tmp_path: Path) -> None:
    admin = Uploader(any_server, any_server.token)
    first = make_wheel(tmp_path, "narrow", "0")
    any_server.upload(first)
    size = first.stat().st_size
    admin.manage("PUT", "projects/narrow/limits", quota=int(size * 3.5))
    wheels = [make_wheel(tmp_path, "narrow", str(number)) for number in range(1, 7)]
    replies = at_once(*[lambda wheel=wheel: any_server.upload(wheel).status for wheel in wheels])  # type: ignore[misc]
    assert Counter(replies) == {200: 2, 403: 4}
    found = admin.manage("GET", "projects/narrow").json()
    assert found["used"] <= found["quota"]
