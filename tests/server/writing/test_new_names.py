"""Who may be the first to upload to a name, by both upload interfaces, and how names are given away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.server.new_names import read_rules
from support.server import RunningServer, running_server
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

RULES = "acme-*=organisation:acme sandbox-*=anyone secret=admins admins"


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose operator has rules; the last by the command line would replace them all."""
    environ = {"REWHEEL_SERVER_NEW_PROJECTS": RULES}
    with running_server(tmp_path_factory.mktemp("ruled") / "index", environ=environ) as running:
        yield running


@pytest.fixture(scope="module")
def admin(ruled: RunningServer) -> Uploader:
    uploader = Uploader(ruled, ruled.token)
    uploader.manage("PUT", "organisations/acme", **{"support-url": "mailto:help@acme.example"})
    return uploader


@pytest.fixture(scope="module")
def anna(admin: Uploader) -> Uploader:
    """Nobody in particular."""
    return admin.friend("anna")


@pytest.fixture(scope="module")
def member(admin: Uploader) -> Uploader:
    found = admin.friend("wile")
    assert admin.manage("PUT", "organisations/acme/members/wile", role="maintainer").status == 200
    return found


def upload(who: Uploader, folder: Path, name: str, version: str = "1.0"):
    return who.server.upload(make_wheel(folder, name, version), token=who.token)


def test_a_name_is_refused_in_words_by_the_legacy_interface(anna: Uploader, tmp_path: Path) -> None:
    for name, whom in (("acme-tool", "members of acme"), ("other", "administrators"), ("secret", "adminis")):
        reply = upload(anna, tmp_path, name)
        assert reply.status == 403, reply.text
        assert f"{name} is new here" in reply.text
        assert whom in reply.text
        assert f"rewheel index project register {name} --owner anna" in reply.text
        assert anna.server.get(f"/simple/{name}/").status == 404


def test_a_name_is_refused_in_words_by_upload_2(anna: Uploader) -> None:
    for name in ("acme-tool", "Acme.Tool", "other"):
        reply = anna.create(name)
        assert reply.status == 403, reply.text
        assert reply.headers["content-type"] == "application/problem+json"
        assert "is new here" in reply.text


def test_the_first_rule_that_fits_counts(anna: Uploader, member: Uploader, tmp_path: Path) -> None:
    assert upload(anna, tmp_path, "sandbox-a").status == 200
    assert anna.create("sandbox-b").status == 201
    assert upload(member, tmp_path, "acme-one").status == 200
    assert member.create("acme_two").status == 201
    assert upload(member, tmp_path, "other").status == 403
    assert member.create("secret").status == 403


def test_administrators_take_any_name(admin: Uploader, tmp_path: Path) -> None:
    assert upload(admin, tmp_path, "secret").status == 200
    assert admin.create("acme-boss").status == 201


def test_a_token_for_a_name_does_not_make_it_theirs(admin: Uploader, tmp_path: Path) -> None:
    robot = admin.friend("robot", projects=["scoped"], actions=["upload"])
    reply = upload(robot, tmp_path, "scoped")
    assert (reply.status, "administrators" in reply.text) == (403, True)


def test_what_there_is_depends_on_roles_alone(admin: Uploader, anna: Uploader, tmp_path: Path) -> None:
    assert upload(admin, tmp_path, "shared").status == 200
    assert upload(anna, tmp_path, "shared", "2.0").status == 403
    assert admin.manage("PUT", "projects/shared/roles/anna", role="maintainer").status == 200
    assert upload(anna, tmp_path, "shared", "2.0").status == 200


def test_a_name_is_given_away(admin: Uploader, anna: Uploader, tmp_path: Path) -> None:
    made = admin.manage("PUT", "projects/Gift.Horse", owners=["anna"])
    assert made.status == 200, made.text
    assert made.json()["roles"] == [{"account": "anna", "role": "owner"}]
    assert admin.server.page("gift-horse")["files"] == []
    session = anna.session("gift-horse")
    assert anna.send("DELETE", session["links"]["session"]).status == 204
    assert upload(anna, tmp_path, "gift-horse").status == 200
    assert admin.manage("PUT", "projects/gift_horse", owners=[]).status == 409
    actions = [line["action"] for line in admin.manage("GET", "log?project=gift-horse").json()["entries"]]
    assert {"project-register", "role-grant", "publish"} <= set(actions)


def test_names_are_given_away_by_administrators_and_only_such_as_can_be(
    admin: Uploader, anna: Uploader
) -> None:
    assert anna.manage("PUT", "projects/mine", owners=["anna"]).status == 403
    assert admin.manage("PUT", "projects/theirs", owners=["nobody-there"]).status == 404
    assert admin.manage("PUT", "projects/theirs", owners="anna").status == 400
    assert admin.server.get("/simple/theirs/").status == 404
    for name in ("-x", "x-", "a%20b", "%3Cb%3E", "x" * 201, "a%00b"):
        assert admin.manage("PUT", f"projects/{name}", owners=[]).status in {400, 404}


def test_rules_are_read_strictly() -> None:
    first, last = read_rules(("Acme_*=organisation:acme", "admins"))
    assert (first.pattern.text, first.who) == ("acme-*", "organisation:acme")
    assert (last.pattern.text, last.who) == ("*", "admins")
    for wrong in (
        "",
        "everybody",
        "=admins",
        "a b=admins",
        "x=",
        "organisation:",
        "x=organisation:",
        "Admins",
    ):
        with pytest.raises(ValueError, match=r"."):
            read_rules((wrong,))


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_rule_or_a_value_error(text: str) -> None:
    try:
        (rule,) = read_rules((text,))
    except ValueError:
        return
    assert rule.who in {"anyone", "admins"} or rule.who.startswith("organisation:")
