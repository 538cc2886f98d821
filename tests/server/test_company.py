"""Two servers that share a database and a store, and nothing else: what one takes, the other has at once."""

import hashlib
import threading
from pathlib import Path

import pytest

from rewheel.cli.entry import main
from support.object_store import ObjectStore
from support.page import Page
from support.postgresql import PostgreSQL
from support.server import JSON, Company, RunningServer, running_company
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

VARIANT = {"x86_64": {"level": ["v1"]}}


def content(server: RunningServer, project: str, number: int = 0) -> bytes:
    """Download a file of a project by its page."""
    reply = server.get(server.page(project)["files"][number]["url"].removeprefix("../.."))
    assert reply.status == 200
    return reply.body


def test_they_are_two_and_share_no_folder(company: Company) -> None:
    one, other = company.members
    assert one.process.pid != other.process.pid
    assert one.data != other.data
    for member in company.members:
        assert not (member.data / "catalog.sqlite3").exists()
        assert not (member.data / "blobs").exists()


def test_pages_are_the_same_at_once(company: Company, tmp_path: Path) -> None:
    for number in range(4):
        sender, reader = company.members if number % 2 else company.members[::-1]
        wheel = make_wheel(tmp_path, "both", f"1.{number}")
        assert sender.upload(wheel).status == 200
        page = reader.page("both")
        assert page["versions"] == [f"1.{n}" for n in range(number + 1)]
        assert page == sender.page("both")
        assert content(reader, "both", -1) == wheel.read_bytes()


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_caches_in_front_of_both_may_mix_their_answers(
    company: Company, tmp_path: Path, accept: str, coding: str
) -> None:
    name = f"tagged-{coding}-{accept.rpartition('/')[2][-4:]}"
    one, other = company.members
    assert one.upload(make_wheel(tmp_path, name)).status == 200
    for number, path in enumerate((f"/simple/{name}/", "/simple/")):
        asked = {"accept": accept, "accept_encoding": coding}
        replies = [member.get(path, **asked) for member in company.members]
        assert [reply.status for reply in replies] == [200, 200]
        assert replies[0].body == replies[1].body
        (tag,) = {reply.headers["etag"] for reply in replies}
        assert other.get(path, **asked, if_none_match=tag).status == 304
        more = make_wheel(tmp_path, name if number == 0 else f"{name}-more", "2.0")
        assert one.upload(more).status == 200
        changed = other.get(path, **asked, if_none_match=tag)  # who did not change it knows all the same
        assert changed.status == 200
        assert changed.headers["etag"] == one.get(path, **asked).headers["etag"] != tag


def test_what_is_changed_at_one_is_changed_at_the_other(company: Company, tmp_path: Path) -> None:
    one, other = (Uploader(member, company.token) for member in company.members)
    for version in ("1.0", "2.0"):
        assert one.server.upload(make_wheel(tmp_path, "changed", version)).status == 200
    assert "yanked" not in other.server.page("changed")["files"][0]
    assert one.manage("PUT", "projects/changed/releases/1.0/yank", reason="broken").status == 200
    assert other.server.page("changed")["files"][0]["yanked"] == "broken"
    path = other.server.page("changed")["files"][1]["url"].removeprefix("../..")
    assert other.server.get(path).status == 200
    assert one.manage("DELETE", "projects/changed/releases/2.0").status == 200
    assert other.server.get(path).status == 404
    assert other.server.page("changed")["versions"] == ["1.0"]
    assert other.manage("PUT", "projects/changed/status", status="quarantined").status == 200
    assert one.server.page("changed")["files"] == []
    assert one.server.upload(make_wheel(tmp_path, "changed", "3.0")).status == 403


def test_who_may_do_what_counts_at_once_at_both(company: Company, tmp_path: Path) -> None:
    one, other = (Uploader(member, company.token) for member in company.members)
    made = one.manage("POST", "tokens", name="test", account="guest").json()["secret"]
    assert other.server.upload(make_wheel(tmp_path, "guests"), token=made).status == 200
    assert one.manage("PUT", "projects/guests/limits", quota=10).status == 200
    refused = other.server.upload(make_wheel(tmp_path, "guests", "2.0"), token=made)
    assert (refused.status, "quota of 10 bytes" in refused.text) == (403, True)
    (token,) = [t for t in one.manage("GET", "tokens").json()["tokens"] if t["account"] == "guest"]
    assert one.manage("DELETE", f"tokens/{token['id']}").status == 200
    assert other.server.upload(make_wheel(tmp_path, "guests", "3.0"), token=made).status == 401


def test_of_many_uploads_of_one_name_to_both_one_wins(company: Company, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path / str(n), "race", files={"race.py": f"NUMBER = {n}\n"}) for n in range(6)]
    replies: dict[int, tuple[int, str]] = {}
    start = threading.Barrier(len(wheels))

    def send(number: int) -> None:
        start.wait()
        reply = company.members[number % 2].upload(wheels[number])
        replies[number] = reply.status, reply.text

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(wheels))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in replies.values()) == [200, 409, 409, 409, 409, 409]
    assert all("already exists" in text for status, text in replies.values() if status == 409)
    (winner,) = [wheels[number] for number, (status, _) in replies.items() if status == 200]
    for member in company.members:
        assert content(member, "race") == winner.read_bytes()


def test_694_a_session_is_begun_at_one_and_finished_at_the_other(company: Company, tmp_path: Path) -> None:
    one, other = (Uploader(member, company.token) for member in company.members)
    wheel = make_wheel(tmp_path, "halves")
    session = one.session("halves")
    begun = other.begin(session, wheel)
    assert begun.status == 202, begun.text
    assert one.send_bytes(begun.json(), wheel.read_bytes()).status == 204
    assert other.complete(begun.json()).status == 201
    second = make_wheel(tmp_path, "halves", label="v1", properties=VARIANT)
    other.add(session, second)
    assert set(one.status(session)["files"]) == {wheel.name, second.name}
    stage = "/" + session["links"]["stage"].removeprefix(one.server.url)
    assert [member.get(f"{stage}halves/").status for member in company.members] == [200, 200]
    assert [member.get("/simple/halves/").status for member in company.members] == [404, 404]
    assert other.publish(session).status == 201
    assert [member.get(f"{stage}halves/").status for member in company.members] == [404, 404]
    assert len(one.server.page("halves")["files"]) == 3
    assert one.status(session)["status"] == "published"


def test_694_c1_a_held_release_is_tried_at_the_other(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = company.members
    make_wheel(tmp_path / "dist", "held-back")
    publish = ["release", "publish", str(tmp_path / "dist"), "--stage", "--token", company.token]
    assert main([*publish, "--hold", "--to", one.legacy]) == 0
    said = capsys.readouterr()
    (stage,) = [line for line in said.out.splitlines() if line.startswith(f"{one.url}stage/")]
    assert other.get("/simple/held-back/").status == 404
    install = ["install", "held-back", "--no-cache", "--target", str(tmp_path / "installed"), "--index-url"]
    assert main([*install, stage.replace(one.url, other.url)]) == 0
    assert (tmp_path / "installed" / "held_back.py").exists()
    assert main([*publish, "--to", other.legacy]) == 0
    assert one.page("held-back")["versions"] == ["1.0"]


def test_one_goes_and_the_other_goes_on_and_the_index_is_whole(
    tmp_path: Path,
    postgresql: PostgreSQL,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from obstore import delete, put
    from obstore.store import S3Store

    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    place = ["--database", postgresql.new_database(), "--storage", object_store.new_storage()]
    wheel = make_wheel(tmp_path, "stays")
    with running_company(tmp_path / "company", *place, environ=object_store.environment) as company:
        one, other = company.members
        assert one.upload(wheel).status == 200
        path = one.page("stays")["files"][0]["url"].removeprefix("../..")
        for _ in range(3):  # downloads are counted by both, and what one counted is kept when it ends
            assert one.get(path).status == 200
            assert other.get(path).status == 200
        assert one.stop() == 0
        assert content(other, "stays") == wheel.read_bytes()
        assert other.upload(make_wheel(tmp_path, "stays", "2.0")).status == 200
        assert other.stop() == 0
    with running_company(tmp_path / "again", *place, environ=object_store.environment, count=1) as company:
        assert "downloads7" in Page(company.get("/").text).text
    verify = ["index", "verify", "--data", str(tmp_path / "nothing"), *place]
    assert main(verify) == 0
    prefix = "index-" + place[3].partition("/index-")[2].partition("?")[0]
    store = S3Store(
        "tests", endpoint=object_store.endpoint, prefix=prefix, client_options={"allow_http": True}
    )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    key = f"sha256/{digest[:2]}/{digest[2:]}"
    put(store, key, b"damaged")
    capsys.readouterr()
    assert main(verify) == 1
    assert f"damaged: {wheel.name}" in capsys.readouterr().out
    delete(store, key)
    assert main([*verify, "--quick"]) == 1
    assert "is not in the storage" in capsys.readouterr().out
