"""A server from its first start on: upload, page, download."""

import hashlib
from pathlib import Path

from support.server import RunningServer, running_server
from support.wheel_factory import make_wheel


def test_what_is_uploaded_is_listed_and_can_be_downloaded(server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "first", "1.0", requires_python=">=3.9")
    reply = server.upload(wheel)
    assert (reply.status, reply.text) == (200, "first-1.0-py3-none-any.whl is published\n")
    page = server.page("first")
    (file,) = page["files"]
    assert page["versions"] == ["1.0"]
    assert file["filename"] == wheel.name
    assert file["requires-python"] == ">=3.9"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert file["hashes"] == {"sha256": digest}
    assert file["size"] == wheel.stat().st_size
    path = f"/simple/first/{file['url']}"
    assert server.get(path.replace("/simple/first/../../", "/")).body == wheel.read_bytes()


def test_the_first_start_makes_up_a_token_and_shows_it_once(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "foo", "1.0")
    with running_server(tmp_path / "index", token="") as server:
        made_up = server.token
        assert len(made_up) > 40
        assert server.upload(wheel).status == 200
        assert server.stop() == 0
    with running_server(tmp_path / "index", token="") as server:
        assert server.token == ""
        assert server.page("foo")["versions"] == ["1.0"]
        assert server.upload(wheel, token=made_up).status == 200


def test_the_port_of_another_server_is_not_shared(server: RunningServer, tmp_path: Path) -> None:
    try:
        with running_server(tmp_path / "other", port=server.address[1]):
            raise RuntimeError("it started")
    except AssertionError as error:
        assert "cannot listen" in str(error)
        assert "--port" in str(error)
