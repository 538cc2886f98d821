"""Upload 2.0 (PEP 694) over a real server: every check of its list, and what goes wrong."""

import hashlib
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from uv import find_uv_bin

from rewheel.server.catalog import schema, stages
from support.server import RunningServer
from support.upload2 import TYPE, Uploader
from support.wheel_factory import make_wheel

PROBLEM = "application/problem+json"
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def admin(any_server: RunningServer) -> Uploader:
    return Uploader(any_server, any_server.token)


@pytest.fixture
def local(server: RunningServer) -> Uploader:
    """An administrator of a server whose folder the test may look into."""
    return Uploader(server, server.token)


def versions(server: RunningServer, name: str) -> list[str]:
    return server.page(name)["versions"]  # type: ignore[no-any-return]


def is_public(server: RunningServer, name: str) -> bool:
    return server.get(f"/simple/{name}/").status == 200


def is_problem(reply: Any, status: int) -> dict[str, Any]:
    """Check that an answer is a problem document, and return it."""
    assert reply.status == status, reply.text
    assert reply.headers["content-type"] == PROBLEM
    document = reply.json()
    assert document["status"] == status
    assert document["meta"] == {"api-version": "2.0"}
    assert document["title"]
    assert document["errors"]
    return document  # type: ignore[no-any-return]


class TestSessions:
    def test_694_the_answer_to_a_new_session(self, admin: Uploader) -> None:
        reply = admin.create("Shape.Of", "1.0.0")
        assert reply.status == 201
        assert reply.headers["content-type"] == TYPE
        found = reply.json()
        assert found["meta"] == {"api-version": "2.0"}
        assert reply.headers["location"] == found["links"]["session"]
        assert set(found["links"]) == {"session", "publish", "upload", "extend", "stage"}
        assert all(link.startswith(admin.server.url) for link in found["links"].values())
        assert found["mechanisms"] == ["http-post-bytes"]
        assert found["session-token"] in found["links"]["stage"]
        assert len(found["session-token"]) >= 40
        assert found["expires-at"].endswith("Z")
        assert "." not in found["expires-at"]
        assert (found["status"], found["files"]) == ("open", {})
        assert admin.status(found) == found

    def test_694_c5_a_second_session_is_a_conflict_that_says_where_the_first_is(
        self, admin: Uploader
    ) -> None:
        first = admin.session("twice", "1.0")
        reply = admin.create("Twice", "1.0.0")  # the same release, spelled otherwise
        is_problem(reply, 409)
        assert reply.headers["location"] == first["links"]["session"]
        assert admin.create("twice", "1.1").status == 201

    def test_694_c5_who_may_not_upload_does_not_learn_of_sessions(self, admin: Uploader) -> None:
        session = admin.session("guarded")
        stranger = admin.friend("stranger")
        assert "location" not in stranger.create("guarded").headers
        is_problem(stranger.create("guarded"), 403)
        is_problem(stranger.send("GET", session["links"]["session"]), 403)
        is_problem(stranger.publish(session), 403)
        is_problem(stranger.send("DELETE", session["links"]["session"]), 403)

    def test_694_c6_canceling_closes_the_stage_and_frees_the_name(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        alice, bob = admin.friend("alice"), admin.friend("bob")
        session = alice.session("wanted")
        alice.add(session, make_wheel(tmp_path, "wanted"))
        is_problem(bob.create("wanted"), 403)
        stage = session["links"]["stage"]
        assert alice.send("GET", f"{stage}wanted/").status == 200
        assert alice.send("DELETE", session["links"]["session"]).status == 204
        assert alice.send("GET", f"{stage}wanted/").status == 404
        assert alice.send("GET", stage).status == 404
        known = alice.status(session)  # what became of it is known for a while
        assert (known["status"], known["files"]) == ("canceled", {})
        is_problem(alice.publish(session), 409)
        is_problem(alice.send("DELETE", session["links"]["session"]), 409)
        again = bob.session("wanted")
        assert again["links"]["session"] != session["links"]["session"]
        assert again["session-token"] != session["session-token"]
        assert not is_public(admin.server, "wanted")

    def test_694_c9_a_role_that_is_taken_away_counts_at_once(self, admin: Uploader, tmp_path: Path) -> None:
        admin.friend("carol")
        admin.server.upload(make_wheel(tmp_path, "joint", "0.1"))
        assert admin.manage("PUT", "projects/joint/roles/carol", role="maintainer").status == 200
        carol = admin.friend("carol")
        session = carol.session("joint", "0.2")
        begun = carol.begin(session, make_wheel(tmp_path, "joint", "0.2")).json()
        assert admin.manage("DELETE", "projects/joint/roles/carol").status == 200
        content = (tmp_path / "joint-0.2-py3-none-any.whl").read_bytes()
        is_problem(carol.send_bytes(begun, content), 403)
        is_problem(carol.complete(begun), 403)
        is_problem(carol.publish(session), 403)
        is_problem(carol.send("GET", begun["links"]["file-upload-session"]), 403)
        is_problem(carol.send("POST", session["links"]["extend"], {"extend-for": 60}), 403)
        # Others go on with the session, and who gets the role back may do so, too.
        assert admin.status(session)["status"] == "open"
        assert admin.manage("PUT", "projects/joint/roles/carol", role="maintainer").status == 200
        assert carol.send_bytes(begun, content).status == 204
        assert carol.complete(begun).status == 201
        assert carol.publish(session).status == 201

    def test_694_c9_a_token_that_is_revoked_counts_at_once(self, admin: Uploader) -> None:
        dave = admin.friend("dave")
        session = dave.session("revoked-token")
        tokens = admin.manage("GET", "tokens").json()["tokens"]
        (token,) = [token for token in tokens if token["account"] == "dave"]
        assert admin.manage("DELETE", f"tokens/{token['id']}").status == 200
        reply = dave.publish(session)
        is_problem(reply, 401)
        assert reply.headers["www-authenticate"].startswith("Basic")

    def test_694_c10_publishing_nothing_registers_the_name(self, admin: Uploader) -> None:
        erin = admin.friend("erin")
        session = erin.session("claimed")
        assert not is_public(admin.server, "claimed")
        reply = erin.publish(session)
        assert reply.status == 201
        assert reply.headers["location"] == session["links"]["session"]
        assert reply.json()["status"] == "published"
        assert admin.server.page("claimed")["files"] == []
        is_problem(admin.friend("frank").create("claimed"), 403)

    def test_694_extensions(self, admin: Uploader) -> None:
        session = admin.session("longer")
        extend = session["links"]["extend"]
        longer = admin.send("POST", extend, {"extend-for": 3600})
        assert longer.status == 200
        assert longer.json()["expires-at"] > session["expires-at"]
        most = admin.send("POST", extend, {"extend-for": 10**12}).json()["expires-at"]
        refused = admin.send("POST", extend, {"extend-for": 3600})
        assert (refused.status, refused.json()["expires-at"]) == (200, most)
        assert admin.send("POST", extend, {"extend-for": -3600}).json()["expires-at"] == most
        is_problem(admin.send("POST", extend, {"extend-for": "long"}), 400)

    def test_694_a_session_ends_when_its_time_is_over(self, admin: Uploader) -> None:
        session = admin.friend("grace").session("forgotten")
        database = admin.server.open_database()
        with database.write() as connection:
            (stage,) = stages.list_live(connection, "forgotten")
            stages.change(connection, stage.id, expires_at=stage.created_at)
        database.close()
        assert admin.status(session)["status"] == "canceled"
        assert admin.friend("heidi").create("forgotten").status == 201


class TestFiles:
    def test_694_c1_a_stage_is_seen_only_by_who_knows_it(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        wheel = make_wheel(tmp_path, "staged")
        session = admin.session("staged")
        admin.add(session, wheel)
        assert any_server.get("/simple/staged/").status == 404
        assert '"staged"' not in any_server.get("/simple/", accept=JSON).text
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        public = f"/files/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{wheel.name}"
        assert any_server.get(public).status == 404
        listed = admin.status(session)["files"]
        assert listed == {wheel.name: {"status": "completed", "link": listed[wheel.name]["link"]}}
        assert session["session-token"] in listed[wheel.name]["link"]
        path = "/" + listed[wheel.name]["link"].removeprefix(any_server.url)
        assert any_server.get(path).body == wheel.read_bytes()
        assert any_server.get(path, range="bytes=0-3").body == wheel.read_bytes()[:4]
        assert any_server.get(path).headers["cache-control"] == "private, no-store"
        assert any_server.get(path.replace(session["session-token"], "x" * 43)).status == 404

    @pytest.mark.parametrize("tool", ["pip", "uv", "rewheel"])
    def test_694_c1_installers_take_the_stage_as_an_extra_index(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path, tool: str
    ) -> None:
        name = f"stage-for-{tool}"
        admin.server.upload(make_wheel(tmp_path, f"needed-by-{tool}"))
        wheel = make_wheel(tmp_path, name, requires=[f"needed-by-{tool}"])
        session = admin.session(name)
        admin.add(session, wheel)
        command = [sys.executable, "-m", tool, "install"]
        if tool == "uv":
            command = [find_uv_bin(), "pip", "install", "--python", sys.executable]
        command += ["--target", str(tmp_path / "out"), name]
        command += ["--index-url", any_server.simple, "--extra-index-url", session["links"]["stage"]]
        command += ["--no-cache-dir"] if tool == "pip" else ["--cache-dir", str(tmp_path / "cache")]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out" / f"{name.replace('-', '_')}.py").is_file()
        assert (tmp_path / "out" / f"needed_by_{tool}.py").is_file()

    def test_694_c1_variants_have_their_index_file_in_the_stage(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        session = admin.session("variants-staged")
        for label in ("fast", "slow"):
            properties = {"gpu": {"arch": [label]}}
            admin.add(session, make_wheel(tmp_path, "variants-staged", label=label, properties=properties))
        page = f"{session['links']['stage'].removeprefix(any_server.url)}variants-staged/"
        names = [file["filename"] for file in any_server.get(f"/{page}", accept=JSON).json()["files"]]
        assert names[-1] == "variants_staged-1.0-variants.json"
        document = any_server.get(f"/{page}{names[-1]}").json()
        assert set(document["variants"]) == {"fast", "slow"}
        assert admin.publish(session).status == 201
        assert any_server.get(f"/simple/variants-staged/{names[-1]}").json() == document

    def test_694_c2_publishing_shows_all_files_at_once(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        session = admin.session("whole")
        wheels = [
            make_wheel(tmp_path, "whole", tag=tag) for tag in ("py3-none-any", "cp311-cp311-linux_x86_64")
        ]
        for wheel in wheels:
            admin.add(session, wheel)
            assert not is_public(any_server, "whole")
        reply = admin.publish(session)
        assert reply.status == 201
        assert {file["filename"] for file in any_server.page("whole")["files"]} == {w.name for w in wheels}
        assert any_server.get("/simple/", accept=JSON).text.count('"whole"') == 1
        assert admin.status(session)["status"] == "published"
        assert admin.send("GET", f"{session['links']['stage']}whole/").status == 404

    def test_694_c3_a_pending_file_is_named(self, admin: Uploader, tmp_path: Path) -> None:
        session = admin.session("unfinished")
        admin.add(session, make_wheel(tmp_path, "unfinished"))
        other = make_wheel(tmp_path, "unfinished", tag="cp311-cp311-linux_x86_64")
        begun = admin.begin(session, other).json()
        problem = is_problem(admin.publish(session), 409)
        assert problem["errors"] == [{"source": other.name, "message": "it is pending"}]
        assert other.name in problem["title"]
        assert admin.status(session)["status"] == "open"
        assert not is_public(admin.server, "unfinished")
        assert admin.send("DELETE", begun["links"]["file-upload-session"]).status == 204
        assert admin.publish(session).status == 201
        assert versions(admin.server, "unfinished") == ["1.0"]

    def test_694_c4_a_wrong_hash_spoils_the_file_and_not_the_session(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        wheel = make_wheel(tmp_path, "spoiled")
        session = admin.session("spoiled")
        begun = admin.begin(session, wheel, hashes={"sha256": "0" * 64}).json()
        admin.send_bytes(begun, wheel.read_bytes())
        is_problem(admin.complete(begun), 400)
        where = begun["links"]["file-upload-session"]
        assert admin.send("GET", where).json()["status"] == "error"
        listed = admin.status(session)["files"][wheel.name]
        assert listed["status"] == "error"
        assert "sha256" in listed["notices"][0]
        is_problem(admin.complete(begun), 409)
        is_problem(admin.send_bytes(begun, wheel.read_bytes()), 409)
        is_problem(admin.begin(session, wheel), 409)  # it has to be deleted first
        is_problem(admin.publish(session), 409)
        assert admin.send("DELETE", where).status == 204
        assert admin.send("GET", where).json()["status"] == "canceled"
        assert admin.status(session)["files"] == {}
        admin.add(session, wheel)
        assert admin.publish(session).status == 201

    def test_694_c7_names_are_reserved_while_a_session_is_processed(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        wheel = make_wheel(tmp_path, "contended")
        session = admin.session("contended")
        admin.add(session, wheel)
        database = any_server.open_database()
        with database.write() as connection:  # as it is between the answer 202 and the end
            (stage,) = stages.list_live(connection, "contended")
            stages.change(connection, stage.id, status="processing")
        other = make_wheel(tmp_path / "other", "contended", files={"contended.py": "other = 1\n"})
        reply = any_server.upload(other)
        assert reply.status == 409, reply.text
        assert "just being published" in reply.text
        second = admin.session("contended", "2.0")
        assert second["status"] == "open"
        is_problem(admin.send("DELETE", session["links"]["session"]), 409)
        is_problem(admin.begin(session, wheel), 409)
        assert admin.send("GET", session["links"]["session"]).headers["retry-after"]
        assert not is_public(any_server, "contended")
        with database.write() as connection:
            stages.change(connection, stage.id, status="error", notices=["it failed"])
        database.close()
        assert admin.status(session)["notices"] == ["it failed"]
        assert admin.publish(session).status == 201  # from "error" all can be done again
        assert any_server.upload(other).status == 409

    def test_694_deferred_publishing(self, admin: Uploader, tmp_path: Path) -> None:
        session = admin.session("deferred")
        admin.add(session, make_wheel(tmp_path, "deferred"))
        reply = admin.publish(session, Prefer="respond-async")
        assert reply.status == 202
        assert reply.headers["location"] == session["links"]["session"]
        while (status := admin.status(session)["status"]) == "processing":
            time.sleep(0.02)
        assert status == "published"
        assert is_public(admin.server, "deferred")

    def test_694_what_a_process_left_behind_is_finished(self, admin: Uploader, tmp_path: Path) -> None:
        session = admin.session("abandoned")
        admin.add(session, make_wheel(tmp_path, "abandoned"))
        database = admin.server.open_database()
        with database.write() as connection:  # its process died long ago, after it had answered 202
            (stage,) = stages.list_live(connection, "abandoned")
            stages.change(connection, stage.id, status="processing")
            long_ago = {"changed_at": datetime(2026, 1, 1, tzinfo=UTC)}
            connection.execute(update(schema.stages).where(schema.stages.c.id == stage.id).values(long_ago))
        database.close()
        assert admin.status(session)["status"] == "published"
        assert is_public(admin.server, "abandoned")

    def test_694_a_deferred_failure_is_told_and_the_session_can_be_mended(
        self, local: Uploader, server: RunningServer, tmp_path: Path
    ) -> None:
        wheel = make_wheel(tmp_path, "mended")
        session = local.session("mended")
        local.add(session, wheel)
        assert server.upload(make_wheel(tmp_path / "a", "mended", files={"mended.py": "1"})).status == 200
        is_problem(local.publish(session, Prefer="respond-async"), 409)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (blob,) = [path for path in (server.data / "blobs").rglob("*") if digest[4:] in path.name]
        other = local.session("mended", "2.0")
        staged = make_wheel(tmp_path, "mended", "2.0")
        local.add(other, staged)
        blob.unlink()
        assert local.send("DELETE", session["links"]["session"]).status == 204
        digest = hashlib.sha256(staged.read_bytes()).hexdigest()
        (blob,) = [path for path in (server.data / "blobs").rglob("*") if digest[4:] in path.name]
        blob.unlink()
        assert local.publish(other, Prefer="respond-async").status == 202
        while (found := local.status(other))["status"] == "processing":
            time.sleep(0.02)
        assert found["status"] == "error"
        assert staged.name in found["notices"][0]
        assert found["files"][staged.name]["notices"] == ["it is damaged"]
        local.add(other, staged)  # replaces the completed file
        assert local.publish(other).status == 201

    def test_694_c8_wheels_are_added_to_a_published_release_and_none_is_replaced(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        first = make_wheel(tmp_path, "growing")
        assert any_server.upload(first).status == 200
        session = admin.session("growing")
        problem = is_problem(admin.begin(session, first), 409)
        assert problem["errors"][0]["source"] == first.name
        second = make_wheel(tmp_path, "growing", tag="cp311-cp311-linux_x86_64")
        admin.add(session, second)
        assert admin.publish(session).status == 201
        assert len(any_server.page("growing")["files"]) == 2

    def test_694_a_name_that_is_taken_meanwhile_is_found_at_publication(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        wheel = make_wheel(tmp_path, "raced")
        session = admin.session("raced")
        admin.add(session, wheel)
        assert any_server.upload(make_wheel(tmp_path / "b", "raced", files={"raced.py": "b"})).status == 200
        problem = is_problem(admin.publish(session), 409)
        assert problem["errors"][0]["source"] == wheel.name
        assert admin.status(session)["status"] == "open"
        assert admin.send("DELETE", session["links"]["session"]).status == 204
        assert is_public(any_server, "raced")  # canceling a session never removes a real project

    def test_694_replacing(self, admin: Uploader, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "replaced")
        session = admin.session("replaced")
        begun = admin.begin(session, wheel).json()
        is_problem(admin.begin(session, wheel), 409)  # it is in progress
        admin.send_bytes(begun, wheel.read_bytes())
        assert admin.complete(begun).status == 201
        wheel = make_wheel(tmp_path, "replaced", files={"replaced.py": "better = 1\n"})
        admin.add(session, wheel)
        assert admin.send("GET", begun["links"]["file-upload-session"]).json()["status"] == "canceled"
        assert admin.publish(session).status == 201
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert admin.server.page("replaced")["files"][0]["hashes"] == {"sha256": digest}

    def test_694_a_file_is_deleted_by_its_link(self, admin: Uploader, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "linked")
        session = admin.session("linked")
        admin.add(session, wheel)
        link = admin.status(session)["files"][wheel.name]["link"]
        is_problem(admin.friend("ivan").send("DELETE", link), 403)
        path = "/" + link.removeprefix(admin.server.url)
        is_problem(admin.server.request("DELETE", path), 401)
        assert admin.send("DELETE", link).status == 204
        assert admin.server.get(path).status == 404
        assert admin.status(session)["files"] == {}


class TestRequests:
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"filename": "nonsense"}, 400),
            ({"filename": "../../etc/passwd"}, 400),
            ({"filename": "asked-1.0-py3-none-any.whl/../x"}, 400),
            ({"filename": "asked-1.0\r\nX: y-py3-none-any.whl"}, 400),
            ({"filename": "other-1.0-py3-none-any.whl"}, 400),
            ({"filename": "asked-2.0-py3-none-any.whl"}, 400),
            ({"filename": "a" * 300 + "-1.0-py3-none-any.whl"}, 400),
            ({"filename": 7}, 400),
            ({"size": "12"}, 400),
            ({"size": -1}, 400),
            ({"size": 101 << 20}, 409),
            ({"hashes": {}}, 400),
            ({"hashes": {"md5": "0" * 32}}, 400),
            ({"hashes": {"sha256": "xyz"}}, 400),
            ({"hashes": {"nonsense": "0" * 64}}, 400),
            ({"mechanism": "vnd-acme-postal"}, 422),
            ({"mechanism": None}, 400),
        ],
    )
    def test_694_files_that_are_refused_before_they_are_sent(
        self, local: Uploader, tmp_path: Path, changes: dict[str, Any], status: int
    ) -> None:
        wheel = make_wheel(tmp_path, "asked")
        reply = local.create("asked")
        url = reply.headers["location"]
        session = {"links": {"upload": f"{url}files/"}}
        is_problem(local.begin(session, wheel, **changes), status)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "-bad-"}, {"name": "a b"}, {"name": "x/../y"}, {"name": ""}, {"name": None}, {"name": 1},
            {"name": "x" * 300}, {"version": "one"}, {"version": ""},
            {"version": "1" * 300}, {"version": [1]},
            {"meta": {}}, {"meta": {"api-version": "1.0"}}, {"meta": {"api-version": 2.0}}, {"meta": "2.0"},
        ],
    )  # fmt: skip
    def test_694_sessions_that_are_refused(self, local: Uploader, changes: dict[str, Any]) -> None:
        is_problem(local.send("POST", "/upload/", {"name": "fine", "version": "1.0", **changes}), 400)

    def test_694_content_types_and_methods(self, admin: Uploader, tmp_path: Path) -> None:
        document = {"name": "typed", "version": "1.0"}
        is_problem(admin.send("POST", "/upload/", document, Content_Type="application/json"), 415)
        is_problem(admin.server.request("POST", "/upload/", b"{}"), 401)
        is_problem(admin.send("GET", "/upload/"), 405)
        is_problem(admin.send("GET", "/upload/unknown/"), 404)
        is_problem(admin.send("POST", "/upload/unknown/nonsense"), 404)
        headers = {"Content-Type": TYPE}
        for body in (b"", b"[]", b"{", b"\xff", b"[" * 50_000):
            is_problem(admin.server.request("POST", "/upload/", body, headers, token=admin.token), 400)
        big = b'{"meta": "' + b"x" * 70_000 + b'"}'
        is_problem(admin.server.request("POST", "/upload/", big, headers, token=admin.token), 413)
        session = admin.session("typed")
        begun = admin.begin(session, make_wheel(tmp_path, "typed")).json()
        path = "/" + begun["mechanism"]["file_url"].removeprefix(admin.server.url)
        is_problem(
            admin.server.request("POST", path, b"x", {"Content-Type": "text/plain"}, token=admin.token), 415
        )

    def test_694_not_one_byte_more_than_announced(self, admin: Uploader, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "measured")
        session = admin.session("measured")
        begun = admin.begin(session, wheel).json()
        is_problem(admin.send_bytes(begun, wheel.read_bytes() + b"x"), 413)
        assert admin.send_bytes(begun, wheel.read_bytes()[:-1]).status == 204
        problem = is_problem(admin.complete(begun), 400)
        assert "bytes have arrived" in problem["title"]

    def test_694_nothing_sent_is_nothing_completed(self, admin: Uploader, tmp_path: Path) -> None:
        session = admin.session("silent")
        begun = admin.begin(session, make_wheel(tmp_path, "silent")).json()
        assert begun["status"] == "pending"
        is_problem(admin.complete(begun), 400)
        assert admin.send("GET", begun["links"]["file-upload-session"]).json()["status"] == "error"

    def test_694_every_file_is_checked_as_release_check_does(self, admin: Uploader, tmp_path: Path) -> None:
        wheel = tmp_path / "unfit-1.0-py3-none-any.whl"
        wheel.write_bytes(b"no wheel at all")
        session = admin.session("unfit")
        begun = admin.begin(session, wheel).json()
        assert admin.send_bytes(begun, wheel.read_bytes()).status == 204
        assert "zip" in is_problem(admin.complete(begun), 400)["title"]

    def test_694_the_bytes_belong_to_the_release(self, admin: Uploader, tmp_path: Path) -> None:
        other = make_wheel(tmp_path, "somebody-else")
        disguised = tmp_path / "disguised-1.0-py3-none-any.whl"
        disguised.write_bytes(other.read_bytes())
        session = admin.session("disguised")
        begun = admin.begin(session, disguised).json()
        admin.send_bytes(begun, disguised.read_bytes())
        is_problem(admin.complete(begun), 400)

    def test_694_several_hashes_all_count(self, admin: Uploader, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "hashed")
        content = wheel.read_bytes()
        right = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "blake2b": hashlib.blake2b(content).hexdigest(),
        }
        session = admin.session("hashed")
        begun = admin.begin(session, wheel, hashes={**right, "md5": "0" * 32}).json()
        admin.send_bytes(begun, content)
        is_problem(admin.complete(begun), 400)
        assert admin.send("DELETE", begun["links"]["file-upload-session"]).status == 204
        admin.add(session, wheel, hashes={name: value.upper() for name, value in right.items()})

    def test_694_an_archived_project_takes_no_session(
        self, admin: Uploader, any_server: RunningServer, tmp_path: Path
    ) -> None:
        any_server.upload(make_wheel(tmp_path, "resting"))
        session = admin.session("resting", "2.0")
        assert admin.manage("PUT", "projects/resting/status", status="archived").status == 200
        is_problem(admin.create("resting", "3.0"), 403)
        is_problem(admin.begin(session, make_wheel(tmp_path, "resting", "2.0")), 403)
        is_problem(admin.publish(session), 403)

    def test_694_a_hostile_host_header_is_refused(self, admin: Uploader) -> None:
        reply = admin.send("POST", "/upload/", {"name": "hosted", "version": "1"}, Host='x"><script>')
        assert reply.status == 400
        assert "<script>" not in reply.text
