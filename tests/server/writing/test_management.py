"""Tokens, roles, yanking, deletion, status, limits, organisations and the log, over a real server."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from rewheel.server.catalog.schema import metadata, tokens
from support.server import JSON, RunningServer
from support.upload2 import Uploader
from support.wheel_factory import make_wheel


@pytest.fixture(scope="module")
def server(any_server: RunningServer) -> RunningServer:
    """All of this holds on a laptop and in a company."""
    return any_server


@pytest.fixture
def admin(server: RunningServer) -> Uploader:
    return Uploader(server, server.token)


def everything_in(server: RunningServer) -> str:
    """Return all rows of the catalog as text."""
    database = server.open_database()
    with database.read() as connection:
        rows = [connection.execute(select(table)).all() for table in metadata.sorted_tables]
    database.close()
    return "\n".join(str(tuple(row)) for found in rows for row in found)


def wheel(folder: Path, name: str, version: str = "1.0", content: str = "") -> Path:
    files = {f"{name.replace('-', '_')}.py": content or "x = 1\n"}
    return make_wheel(folder, name, version, files=files)


class TestTokens:
    def test_bearer_and_basic(self, admin: Uploader, server: RunningServer) -> None:
        assert admin.manage("GET", "whoami").json() == {"account": "admin", "is-admin": True, "scopes": {}}
        bearer = {"Authorization": f"Bearer {admin.token}"}
        assert server.request("GET", "/api/whoami", headers=bearer).status == 200
        for header in ("Bearer", "Bearer x", "Basic", "Basic !!", "Digest x", "Basic " + "A" * 10_000, ""):
            reply = server.request("GET", "/api/whoami", headers={"Authorization": header})
            assert reply.status == 401
            assert reply.headers["www-authenticate"].startswith("Basic")

    def test_the_secret_is_shown_once_and_kept_nowhere(self, admin: Uploader, server: RunningServer) -> None:
        made = admin.manage("POST", "tokens", name="ci", account="robot").json()
        assert made["secret"].startswith("rewheel-")
        listed = admin.manage("GET", "tokens")
        assert made["secret"] not in listed.text
        dump = everything_in(server)
        assert made["secret"] not in dump
        assert hashlib.sha256(made["secret"].encode()).hexdigest() in dump
        assert not any(made["secret"] in line for line in server.lines)

    def test_last_use_is_noted(self, admin: Uploader) -> None:
        friend = admin.friend("noted")

        def last_use() -> Any:
            tokens = admin.manage("GET", "tokens").json()["tokens"]
            return next(token for token in tokens if token["account"] == "noted")["last-used-at"]

        assert last_use() is None
        friend.manage("GET", "whoami")
        assert last_use() is not None

    def test_an_expired_token_is_no_token(self, admin: Uploader, server: RunningServer) -> None:
        friend = admin.friend("short-lived", **{"expires-in-days": 1})
        assert friend.manage("GET", "whoami").status == 200
        database = server.open_database()
        with database.write() as connection:
            given = tokens.c.expires_at.is_not(None)
            connection.execute(
                update(tokens).where(given).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
            )
        database.close()
        reply = friend.manage("GET", "whoami")
        assert reply.status == 401
        assert "expired" in reply.json()["error"]

    @pytest.mark.parametrize(
        ("scopes", "upload", "manage"),
        [
            ({}, 200, 200),
            ({"actions": ["upload"]}, 200, 403),
            ({"actions": ["manage"]}, 403, 200),
            ({"actions": ["read"]}, 403, 403),
            ({"projects": ["scoped"]}, 200, 200),
            ({"projects": ["Other"]}, 403, 403),
            ({"actions": ["upload"], "projects": ["scoped"]}, 200, 403),
            ({"actions": [], "projects": []}, 403, 403),
        ],
    )
    def test_scopes(
        self, admin: Uploader, tmp_path: Path, scopes: dict[str, Any], upload: int, manage: int
    ) -> None:
        admin.server.upload(wheel(tmp_path, "scoped", "0.1"))
        limited = admin.friend("admin", **scopes)
        version = f"1.{abs(hash(repr(scopes)))}"
        reply = limited.server.upload(wheel(tmp_path, "scoped", version), token=limited.token)
        assert reply.status == upload, reply.text
        assert limited.manage("PUT", "projects/scoped/releases/0.1/yank", reason="").status == manage

    def test_no_token_makes_a_mightier_one(self, admin: Uploader) -> None:
        limited = admin.friend("admin", actions=["manage"])
        assert limited.manage("POST", "tokens", name="more").status == 403
        assert limited.manage("POST", "tokens", name="more", actions=["manage", "upload"]).status == 403
        assert limited.manage("POST", "tokens", name="less", actions=["manage"]).status == 200
        narrow = admin.friend("admin", projects=["x"])
        assert narrow.manage("POST", "tokens", name="wide").status == 403
        user = admin.friend("user")
        assert user.manage("POST", "tokens", name="mine").status == 200
        assert user.manage("POST", "tokens", name="yours", account="admin").status == 403
        assert user.manage("POST", "tokens", name="king", admin=True).status == 403

    def test_everybody_sees_and_revokes_their_own(self, admin: Uploader) -> None:
        one, two = admin.friend("one"), admin.friend("two")
        mine = one.manage("GET", "tokens").json()["tokens"]
        assert {token["account"] for token in mine} == {"one"}
        assert two.manage("DELETE", f"tokens/{mine[0]['id']}").status == 404
        assert one.manage("DELETE", f"tokens/{mine[0]['id']}").status == 200
        assert one.manage("GET", "tokens").status == 401

    @pytest.mark.parametrize(
        "document",
        [
            {}, {"name": ""}, {"name": "a\nb"}, {"name": "<b>"}, {"name": 1}, {"name": "x" * 200},
            {"name": "x", "account": "a\x00b"}, {"name": "x", "actions": ["rule"]},
            {"name": "x", "actions": "upload"},
            {"name": "x", "expires-in-days": 0}, {"name": "x", "expires-in-days": "1"},
            {"name": "x", "projects": [1]},
            {"name": "x", "expires-in-days": 10**9}, {"name": "x", "admin": "yes"},
        ],
    )  # fmt: skip
    def test_tokens_that_are_refused(self, admin: Uploader, document: dict[str, Any]) -> None:
        reply = admin.manage("POST", "tokens", **{"x": 1, **document})
        assert reply.status == 400, reply.text
        assert reply.json()["error"]


class TestRoles:
    def test_the_first_to_upload_owns_the_project(self, admin: Uploader, tmp_path: Path) -> None:
        first, second = admin.friend("first"), admin.friend("second")
        server = admin.server
        assert server.upload(wheel(tmp_path, "owned"), token=first.token).status == 200
        reply = server.upload(wheel(tmp_path, "owned", "2.0"), token=second.token)
        assert reply.status == 403
        assert "second may not upload to owned" in reply.text
        # Nor may they do what would change nothing.
        assert server.upload(wheel(tmp_path, "owned"), token=second.token).status == 403
        assert second.manage("GET", "projects/owned").status == 403
        found = first.manage("GET", "projects/owned").json()
        assert found["roles"] == [{"account": "first", "role": "owner"}]
        assert first.manage("PUT", "projects/owned/roles/second", role="maintainer").status == 200
        assert server.upload(wheel(tmp_path, "owned", "2.0"), token=second.token).status == 200

    def test_maintainers_upload_and_yank_and_owners_decide(self, admin: Uploader, tmp_path: Path) -> None:
        owner, helper = admin.friend("owner"), admin.friend("helper")
        admin.server.upload(wheel(tmp_path, "shared"), token=owner.token)
        owner.manage("PUT", "projects/shared/roles/helper", role="maintainer")
        assert helper.manage("PUT", "projects/shared/releases/1.0/yank", reason="x").status == 200
        assert helper.manage("DELETE", "projects/shared/releases/1.0/yank").status == 200
        for method, path, document in (
            ("DELETE", "projects/shared/releases/1.0", {}),
            ("DELETE", "projects/shared", {}),
            ("PUT", "projects/shared/status", {"status": "archived"}),
            ("PUT", "projects/shared/roles/helper", {"role": "owner"}),
            ("DELETE", "projects/shared/roles/owner", {}),
            ("GET", "log?project=shared", {}),
        ):
            assert helper.manage(method, path, **document).status == 403, path
        for method, path, document in (
            ("PUT", "projects/shared/limits", {"quota": 10**12}),
            ("PUT", "projects/shared/status", {"status": "quarantined"}),
            ("PUT", "organisations/mine", {"support-url": "mailto:a@b.example"}),
            ("GET", "log", {}),
        ):
            assert owner.manage(method, path, **document).status == 403, path

    def test_a_project_keeps_an_owner(self, admin: Uploader, tmp_path: Path) -> None:
        owner = admin.friend("last")
        admin.server.upload(wheel(tmp_path, "kept"), token=owner.token)
        assert owner.manage("DELETE", "projects/kept/roles/last").status == 409
        assert owner.manage("PUT", "projects/kept/roles/last", role="maintainer").status == 409
        assert owner.manage("PUT", "projects/kept/roles/nobody", role="owner").status == 404
        assert owner.manage("PUT", "projects/kept/roles/last", role="king").status == 400

    def test_members_of_an_organisation_have_their_role_in_its_projects(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        member = admin.friend("member")
        admin.server.upload(wheel(tmp_path, "common"))
        admin.manage("PUT", "organisations/guild", **{"support-url": "https://guild.example/"})
        assert admin.manage("PUT", "projects/common/organisation", organisation="guild").status == 200
        assert admin.server.upload(wheel(tmp_path, "common", "2.0"), token=member.token).status == 403
        assert admin.manage("PUT", "organisations/guild/members/member", role="maintainer").status == 200
        assert admin.server.upload(wheel(tmp_path, "common", "2.0"), token=member.token).status == 200
        assert member.manage("PUT", "organisations/guild/members/second", role="owner").status == 403
        assert admin.manage("DELETE", "organisations/guild/members/member").status == 200
        assert admin.server.upload(wheel(tmp_path, "common", "3.0"), token=member.token).status == 403


class TestYankingAndDeleting:
    def test_592_yanking_and_taking_it_back(self, admin: Uploader, tmp_path: Path) -> None:
        server = admin.server
        server.upload(wheel(tmp_path, "yanked"))
        reason = 'broken & <b>"bad"</b>'
        assert admin.manage("PUT", "projects/yanked/releases/1.0.0/yank", reason=reason).status == 200
        assert server.page("yanked")["files"][0]["yanked"] == reason
        page = server.get("/simple/yanked/").text
        assert "<b>" not in page
        assert 'data-yanked="broken &amp; &lt;b&gt;' in page
        assert admin.manage("DELETE", "projects/yanked/releases/1.0/yank").status == 200
        assert "yanked" not in server.page("yanked")["files"][0]
        name = "yanked-1.0-py3-none-any.whl"
        assert admin.manage("PUT", f"projects/yanked/files/{name}/yank", reason="").status == 200
        assert server.page("yanked")["files"][0]["yanked"] is True
        assert admin.manage("PUT", "projects/yanked/releases/7/yank", reason="").status == 404
        assert admin.manage("PUT", "projects/yanked/releases/one/yank", reason="").status == 404
        assert admin.manage("PUT", "projects/unknown/releases/1/yank", reason="").status == 404

    def test_a_deleted_name_never_comes_back(self, admin: Uploader, tmp_path: Path) -> None:
        server = admin.server
        path = wheel(tmp_path, "deleted")
        server.upload(path)
        server.upload(wheel(tmp_path, "deleted", "2.0"))
        url = server.page("deleted")["files"][0]["url"].removeprefix("../..")
        assert server.get(url).status == 200
        reply = admin.manage("DELETE", "projects/deleted/releases/1.0")
        assert reply.json()["deleted"] == [path.name]
        assert server.get(url).status == 404
        assert server.page("deleted")["versions"] == ["2.0"]
        for again in (path, wheel(tmp_path / "other", "deleted", content="y = 2\n")):
            assert server.upload(again).status == 400
        session = admin.session("deleted", "1.0")
        assert admin.begin(session, path).status == 409
        assert server.upload(make_wheel(tmp_path, "deleted", build="1")).status == 200

    def test_a_deleted_variant_leaves_the_index_file(self, admin: Uploader, tmp_path: Path) -> None:
        for label in ("a1", "a2"):
            properties = {"gpu": {"arch": [label]}}
            admin.server.upload(make_wheel(tmp_path, "thinned", label=label, properties=properties))
        where = "/simple/thinned/thinned-1.0-variants.json"
        assert set(admin.server.get(where).json()["variants"]) == {"a1", "a2"}
        admin.manage("DELETE", "projects/thinned/files/thinned-1.0-py3-none-any-a1.whl")
        assert set(admin.server.get(where).json()["variants"]) == {"a2"}

    def test_a_deleted_project_frees_its_name_and_not_its_files(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        server, heir = admin.server, admin.friend("heir")
        path = wheel(tmp_path, "left")
        server.upload(path)
        session = admin.session("left", "2.0")
        assert admin.manage("DELETE", "projects/left").status == 409
        admin.send("DELETE", session["links"]["session"])
        assert admin.manage("DELETE", "projects/left").status == 200
        assert server.get("/simple/left/").status == 404
        assert '"left"' not in server.get("/simple/", accept=JSON).text
        assert server.upload(path, token=heir.token).status == 400
        assert server.upload(wheel(tmp_path, "left", "3.0"), token=heir.token).status == 200
        assert [file["filename"] for file in server.page("left")["files"]] == ["left-3.0-py3-none-any.whl"]


class Metas(HTMLParser):
    """Collects the meta elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.links = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("name"):
            self.found[values["name"] or ""] = values["content"] or ""
        self.links += tag == "a"


class TestStatus:
    @pytest.mark.parametrize("status", ["archived", "quarantined", "deprecated", "active"])
    def test_792_both_forms_agree_and_the_reason_round_trips(
        self, admin: Uploader, tmp_path: Path, status: str
    ) -> None:
        server, name = admin.server, f"state-{status}"
        path = wheel(tmp_path, name)
        server.upload(path)
        assert "project-status" not in server.page(name)  # active may be left out
        reason = 'use <other> & "that", schön'
        assert admin.manage("PUT", f"projects/{name}/status", status=status, reason=reason).status == 200
        page = server.page(name)
        assert page["project-status"] == {"status": status, "reason": reason}
        assert page["meta"]["api-version"] == "1.4"
        metas = Metas()
        metas.feed(server.get(f"/simple/{name}/").text)
        assert metas.found["pypi:project-status"] == status
        assert metas.found["pypi:project-status-reason"] == reason
        assert metas.found["pypi:repository-version"] == "1.4"
        files = 0 if status == "quarantined" else 1
        assert (len(page["files"]), metas.links) == (files, files)
        upload = server.upload(wheel(tmp_path, name, "2.0"))
        assert upload.status == (200 if status in {"active", "deprecated"} else 403)
        if upload.status == 403:
            assert status in upload.text
            assert reason in upload.text

    def test_792_quarantined_files_are_not_to_be_had_by_their_address(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        server = admin.server
        server.upload(wheel(tmp_path, "haunted"))
        url = server.page("haunted")["files"][0]["url"].removeprefix("../..")
        owner = admin.friend("haunted-owner")
        admin.manage("PUT", "projects/haunted/roles/haunted-owner", role="owner")
        assert admin.manage("PUT", "projects/haunted/status", status="quarantined").status == 200
        assert server.get(url).status == 403
        assert server.get(url + ".metadata").status == 403
        assert owner.manage("PUT", "projects/haunted/status", status="active").status == 403
        assert admin.manage("PUT", "projects/haunted/status", status="active").status == 200
        assert server.get(url).status == 200

    def test_792_installers_warn_and_go_on(self, admin: Uploader, tmp_path: Path) -> None:
        admin.server.upload(wheel(tmp_path, "superseded"))
        document = {"status": "deprecated", "reason": "use its successor"}
        admin.manage("PUT", "projects/superseded/status", **document)
        command = [
            sys.executable, "-m", "rewheel", "install", "--target", str(tmp_path / "out"), "--cache-dir",
            str(tmp_path / "cache"), "--index-url", admin.server.simple, "superseded",
        ]  # fmt: skip
        for _ in range(2):  # the second time the answer could have been remembered
            done = subprocess.run(
                [*command, "--reinstall"],
                check=False,
                capture_output=True,
                text=True,
                cwd=tmp_path,
                timeout=100,
            )
            assert done.returncode == 0, done.stderr
            assert "warning: superseded is deprecated" in done.stderr
            assert "(use its successor)" in done.stderr

    def test_792_there_are_four(self, admin: Uploader, tmp_path: Path) -> None:
        admin.server.upload(wheel(tmp_path, "stated"))
        assert admin.manage("PUT", "projects/stated/status", status="sleeping").status == 400
        assert admin.manage("PUT", "projects/stated/status", reason="x").status == 400


class TestLimits:
    def test_use_is_visible_and_refusals_say_limit_use_and_remedy(
        self, admin: Uploader, tmp_path: Path
    ) -> None:
        server = admin.server
        first = wheel(tmp_path, "measured-out")
        server.upload(first)
        size = first.stat().st_size
        found = admin.manage("GET", "projects/measured-out").json()
        assert (found["used"], found["file-limit"], found["quota"]) == (size, 100 << 20, 10 << 30)
        assert admin.manage("PUT", "projects/measured-out/limits", quota=size + 10).status == 200
        reply = server.upload(wheel(tmp_path, "measured-out", "2.0"))
        assert reply.status == 403
        for words in (f"uses {size} bytes", f"quota of {size + 10} bytes", "administrator", "wheel dismount"):
            assert words in reply.text
        session = admin.session("measured-out", "2.0")
        assert admin.begin(session, tmp_path / "measured_out-2.0-py3-none-any.whl").status == 409
        assert admin.manage("PUT", "projects/measured-out/limits", quota=None, x=1).status == 200
        assert server.upload(wheel(tmp_path, "measured-out", "2.0")).status == 200

    def test_file_limits(self, admin: Uploader, tmp_path: Path) -> None:
        server = admin.server
        server.upload(wheel(tmp_path, "bounded"))
        assert admin.manage("PUT", "projects/bounded/limits", **{"file-limit": 100}).status == 200
        reply = server.upload(wheel(tmp_path, "bounded", "2.0"))
        assert reply.status == 413
        for words in ("limit of 100 bytes", "administrator", "wheel dismount"):
            assert words in reply.text
        assert admin.manage("PUT", "projects/bounded/limits", **{"file-limit": 1 << 30}).status == 200
        reply = admin.manage("PUT", "projects/bounded/limits", **{"file-limit": (1 << 30) + 1})
        assert reply.status == 400
        assert "1 GiB" in reply.json()["error"]
        assert "dismount" in reply.json()["hint"]
        for wrong in (-1, 0, "much", 1.5, True):
            assert admin.manage("PUT", "projects/bounded/limits", **{"file-limit": wrong}).status == 400


class TestLog:
    def test_every_change_is_written_down(self, admin: Uploader, tmp_path: Path) -> None:
        writer = admin.friend("writer")
        admin.server.upload(wheel(tmp_path, "logged"), token=writer.token)
        writer.manage("PUT", "projects/logged/releases/1.0/yank", reason="so")
        writer.manage("DELETE", "projects/logged/releases/1.0")
        writer.manage("PUT", "projects/logged/status", status="archived", reason="done")
        entries = admin.manage("GET", "log?project=logged").json()["entries"]
        assert [entry["action"] for entry in entries] == ["project-status", "delete", "yank", "publish"]
        assert {(entry["account"], entry["token"], entry["project"]) for entry in entries} == {
            ("writer", "test", "logged")
        }
        assert entries[-1]["subject"] == "logged-1.0-py3-none-any.whl"
        assert entries[2]["detail"]["reason"] == "so"
        assert all(entry["at"].endswith("Z") for entry in entries)
        assert writer.manage("GET", "log?project=logged").json()["entries"] == entries
        older = admin.manage("GET", f"log?project=logged&before={entries[1]['id']}&limit=1").json()
        assert older["entries"] == [entries[2]]
        assert writer.token not in admin.manage("GET", "log?limit=1000").text
        for query in ("limit=-1", "limit=x", "before=0", "&".join(f"a{n}=1" for n in range(50))):
            assert admin.manage("GET", f"log?{query}").status == 400

    def test_what_is_refused_leaves_no_trace(self, admin: Uploader, tmp_path: Path) -> None:
        admin.server.upload(wheel(tmp_path, "untouched"))
        before = admin.manage("GET", "log?project=untouched").text
        stranger = admin.friend("stranger-to-it")
        stranger.manage("DELETE", "projects/untouched")
        admin.server.upload(wheel(tmp_path / "x", "untouched", content="other\n"))
        assert admin.manage("GET", "log?project=untouched").text == before


class TestHostile:
    @pytest.fixture
    def admin(self, any_server: RunningServer) -> Uploader:
        return Uploader(any_server, any_server.token)

    @pytest.mark.parametrize(
        "path",
        [
            "", "nonsense", "projects/../tokens", "projects/%2e%2e/limits", "projects/a%00b", "tokens/1/2",
            "projects/%ff", "log?project=a%00b", "organisations/%00/members/x",
            "projects/x/files/..%2f..%2fetc%2fpasswd/yank", "tokens/99999999999999999999",
            "projects/" + "x" * 5000,
        ],
    )  # fmt: skip
    def test_paths(self, admin: Uploader, path: str) -> None:
        for method in ("GET", "PUT", "DELETE"):
            reply = admin.manage(method, path, **({"reason": "x"} if method == "PUT" else {}))
            assert reply.status in {400, 404, 405}, reply.text

    @pytest.mark.parametrize(
        "path",
        [
            "/upload/a%00b/", "/upload/%ff/files/%00", "/stage/%00/simple/", "/stage/%ff/simple/x/",
            "/stage/x/file/..%2f..%2f..%2fetc%2fpasswd", "/files/ab/cd/ef/%00.whl", "/files/ab/cd/ef/%ff.rim",
            "/simple/a%00b/", "/simple/%ff/",
        ],
    )  # fmt: skip
    def test_addresses(self, admin: Uploader, path: str) -> None:
        for method in ("GET", "DELETE"):
            reply = admin.server.request(method, path, token=admin.token)
            assert reply.status in {400, 404, 405}, reply.text

    def test_names_in_forms(self, admin: Uploader, tmp_path: Path) -> None:
        path = wheel(tmp_path, "formed-badly")
        for name in ("a\0b", "\ud800", "../x", "x" * 5000, "a\r\nb"):
            reply = admin.server.upload(path, name=name.encode("utf-8", "replace").decode())
            assert reply.status == 400, reply.text

    def test_bodies(self, admin: Uploader) -> None:
        server = admin.server
        for body in (b"[]", b"{", b"\xff", b'"x"', b"[" * 60_000):
            headers = {"Content-Type": "application/json"}
            reply = server.request("POST", "/api/tokens", body, headers, token=admin.token)
            assert reply.status == 400
        reply = server.request(
            "POST", "/api/tokens", b"{}", {"Content-Type": "text/plain"}, token=admin.token
        )
        assert reply.status == 415
        big = b'{"name": "' + b"x" * 100_000 + b'"}'
        headers = {"Content-Type": "application/json"}
        assert server.request("POST", "/api/tokens", big, headers, token=admin.token).status == 413

    def test_a_reason_cannot_forge_headers_or_markup(self, admin: Uploader, tmp_path: Path) -> None:
        admin.server.upload(wheel(tmp_path, "forged-reason"))
        reason = "a\r\nSet-Cookie: x=1\r\n\r\n<script>alert(1)</script>"
        assert (
            admin.manage("PUT", "projects/forged-reason/status", status="archived", reason=reason).status
            == 200
        )
        for accept in (JSON, "text/html"):
            reply = admin.server.get("/simple/forged-reason/", accept=accept)
            assert "set-cookie" not in reply.headers
        assert "<script>" not in reply.text
        refused = admin.server.upload(wheel(tmp_path, "forged-reason", "2.0"))
        assert refused.status == 403
        assert "set-cookie" not in refused.headers
        assert refused.headers["content-type"].startswith("text/plain")
        assert (
            admin.manage("PUT", "projects/forged-reason/status", status="active", reason="\0").status == 400
        )
