"""What is staged stays until it is published; forms of the legacy interface may stage, if they are let."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewheel.cli.entry import main
from rewheel.wheels import dismount
from support.server import RunningServer, running_company, running_server
from support.upload2 import Uploader
from support.wheel_factory import make_wheel


@pytest.fixture(scope="module", params=["folder", "postgresql-s3"])
def daring(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    environ = {"REWHEEL_SERVER_STAGED_LEGACY_UPLOADS": "true"}
    folder = tmp_path_factory.mktemp("daring")
    if request.param == "folder":
        with running_server(folder / "index", environ=environ) as running:
            yield running
        return
    store = request.getfixturevalue("object_store")
    place = ["--database", request.getfixturevalue("postgresql").new_database()]
    place += ["--storage", store.new_storage()]
    with running_company(folder, *place, environ={**store.environment, **environ}) as company:
        yield company


def test_694_a_form_stages_its_file(daring: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "formed")
    reply = daring.upload(wheel, staged="true")
    assert reply.status == 200, reply.text
    stage = reply.text.split()[-1]
    assert daring.get("/simple/formed/").status == 404
    page = daring.get(f"/{stage.removeprefix(daring.url)}formed/")
    assert wheel.name in page.text
    admin = Uploader(daring, daring.token)
    again = daring.upload(make_wheel(tmp_path, "formed", tag="cp311-cp311-linux_x86_64"), staged="true")
    assert again.text == reply.text
    where = admin.create("formed").headers["location"]
    session = admin.send("GET", where).json()
    assert len(session["files"]) == 2
    assert admin.publish(session).status == 201
    assert len(daring.page("formed")["files"]) == 2


def test_694_a_form_that_is_refused_leaves_nothing(daring: RunningServer, tmp_path: Path) -> None:
    broken = tmp_path / "broken_form-1.0-py3-none-any.whl"
    broken.write_bytes(b"no wheel")
    assert daring.upload(broken, staged="true").status == 400
    assert (
        daring.upload(make_wheel(tmp_path, "digested"), staged="true", sha256_digest="0" * 64).status == 400
    )
    assert daring.upload(make_wheel(tmp_path, "versioned"), staged="true", version="one").status == 400
    assert daring.upload(make_wheel(tmp_path, "versioned"), staged="true", version="2.0").status == 400
    assert daring.upload(make_wheel(tmp_path, "broken-form"), staged="true").status == 200
    stranger = Uploader(daring, daring.token).friend("stranger")
    reply = daring.upload(make_wheel(tmp_path, "broken-form"), staged="true", token=stranger.token)
    assert reply.status == 403
    assert "stage/" not in reply.text


def test_694_without_leave_nothing_is_published(server: RunningServer, tmp_path: Path) -> None:
    reply = server.upload(make_wheel(tmp_path, "careful"), staged="true")
    assert reply.status == 400
    assert "--stage" in reply.text
    assert server.get("/simple/careful/").status == 404


def test_what_waits_and_rims_are_no_orphans(tmp_path: Path) -> None:
    """Staged files are kept until they are published, however old; so are rims (`index verify --prune`)."""
    index = tmp_path / "index"
    wheel = make_wheel(tmp_path, "waiting")
    with running_server(index) as server:
        admin = Uploader(server, server.token)
        admin.manage(
            "PUT", "organisations/acme", **{"support-url": "mailto:a@b.example", "may-host-externally": True}
        )
        large = make_wheel(tmp_path, "far")
        rim = dismount(large, uri="https://acme.example/", owner="acme", output=tmp_path)
        assert server.upload(rim).status == 200
        session = admin.session("waiting")
        admin.add(session, wheel)
        given_up = admin.session("given-up")
        admin.add(given_up, make_wheel(tmp_path, "given-up"))
        admin.send("DELETE", given_up["links"]["session"])
    for blob in (index / "blobs").rglob("*"):
        os.utime(blob, (1_000_000_000, 1_000_000_000))
    assert main(["index", "verify", "--data", str(index), "--prune"]) == 0
    kept = {path.parent.name + path.name for path in (index / "blobs").rglob("*") if path.is_file()}
    kept |= {path.name for path in (index / "blobs").rglob("*") if path.is_file()}

    def is_kept(path: Path) -> bool:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return any(name.endswith(digest[4:]) for name in kept)

    assert is_kept(wheel)
    assert is_kept(rim)
    assert not is_kept(tmp_path / "given_up-1.0-py3-none-any.whl")
    with running_server(index) as server:
        admin = Uploader(server, server.token)
        found = admin.send("GET", admin.create("waiting").headers["location"]).json()
        assert admin.publish(found).status == 201
        url = server.page("waiting")["files"][0]["url"].removeprefix("../..")
        assert server.get(url).body == wheel.read_bytes()
        place = server.page("far")["files"][0]["_rim"]["url"].removeprefix("../..")
        assert server.get(place).status == 200
        assert server.get(place + ".metadata").status == 200
