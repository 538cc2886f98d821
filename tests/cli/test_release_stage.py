"""`rewheel release publish --stage`: a release is put together in a session, and public at once (PEP 694)."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rewheel.wheels import dismount
from support.server import RunningServer
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

from .conftest import Run


@pytest.fixture(scope="module")
def server(any_server: RunningServer) -> RunningServer:
    """A laptop's server, and a company's."""
    return any_server


def place(server: RunningServer) -> tuple[str, ...]:
    return ("--to", server.legacy, "--token", server.token)


def two_wheels(shelf: Path, name: str) -> list[Path]:
    fast = make_wheel(shelf, name, label="fast", properties={"x86_64": {"level": ["v3"]}})
    return [make_wheel(shelf, name), fast]


def test_all_at_once(run: Run, server: RunningServer, shelf: Path) -> None:
    wheels = two_wheels(shelf, "at-once")
    code, out, err = run("release", "publish", shelf, "--stage", "--no-check", *place(server))
    assert (code, err) == (0, "")
    assert "Published at-once 1.0: 2 files, all at once" in out
    listed = {file["filename"] for file in server.page("at-once")["files"]}
    assert listed == {*(wheel.name for wheel in wheels), "at_once-1.0-variants.json"}
    assert server.token not in out
    # Again: nothing is left to do. A wheel more: only that is sent.
    more = make_wheel(shelf, "at-once", tag="cp311-cp311-linux_x86_64")
    code, out, _ = run("release", "publish", shelf, "--stage", "--no-check", *place(server))
    assert code == 0
    assert out.count("published already") == 2
    assert f"{more.name}: staged" in out
    assert len(server.page("at-once")["files"]) == 4


def test_held_tried_and_published(run: Run, server: RunningServer, shelf: Path, world: Path) -> None:
    two_wheels(shelf, "held")
    code, out, _ = run("release", "publish", shelf, "--stage", "--hold", "--no-check", *place(server))
    assert code == 0
    (stage,) = [line for line in out.splitlines() if line.startswith(f"{server.url}stage/")]
    assert server.get("/simple/held/").status == 404
    target = world / "out"
    arguments = ("--index-url", server.simple, "--extra-index-url", stage)
    assert run("install", "held", "--target", target, *arguments).code == 0
    assert (target / "held.py").is_file()
    code, out, _ = run("release", "publish", shelf, "--stage", "--no-check", *place(server))
    assert code == 0
    assert "held 1.0: known session" in out
    assert out.count("staged already") == 2
    assert server.page("held")["versions"] == ["1.0"]


def test_given_up(run: Run, server: RunningServer, shelf: Path) -> None:
    two_wheels(shelf, "given-up")
    assert run("release", "publish", shelf, "--stage", "--hold", "--no-check", *place(server)).code == 0
    code, out, _ = run("release", "publish", shelf, "--stage", "--discard", "--no-check", *place(server))
    assert code == 0
    assert "canceled" in out
    assert Uploader(server, server.token).create("given-up").status == 201


def test_what_is_left_of_an_attempt_is_done_again(run: Run, server: RunningServer, shelf: Path) -> None:
    (wheel, _) = two_wheels(shelf, "interrupted")
    admin = Uploader(server, server.token)
    session = admin.session("interrupted")
    assert admin.begin(session, wheel).status == 202  # and its bytes never came
    assert run("release", "publish", shelf, "--stage", "--no-check", *place(server)).code == 0
    assert len(server.page("interrupted")["files"]) == 3


def test_rims_go_along(run: Run, server: RunningServer, shelf: Path, tmp_path: Path) -> None:
    admin = Uploader(server, server.token)
    document = {"support-url": "mailto:help@acme.example", "may-host-externally": True}
    assert admin.manage("PUT", "organisations/acme", **document).status == 200
    large = make_wheel(tmp_path, "along", tag="cp311-cp311-linux_x86_64")
    dismount(large, uri="https://acme.example/", owner="acme", output=shelf)
    make_wheel(shelf, "along")
    code, _, err = run("release", "publish", shelf, "--stage", "--no-check", *place(server))
    assert (code, err) == (0, "")
    urls = [file["url"] for file in server.page("along")["files"]]
    assert f"https://acme.example/{large.name}" in urls
    assert len(urls) == 2


def test_a_refusal_is_told_and_nothing_is_public(run: Run, server: RunningServer, shelf: Path) -> None:
    make_wheel(shelf, "not-yours")
    stranger = Uploader(server, server.token).friend("stranger")
    server.upload(make_wheel(shelf.parent, "not-yours", "0.1"))
    place = ("--to", server.legacy, "--token", stranger.token)
    code, _, err = run("release", "publish", shelf, "--stage", "--no-check", *place)
    assert code == 1
    assert "stranger may not upload to not-yours" in err
    assert stranger.token not in err
    assert server.page("not-yours")["versions"] == ["0.1"]


def test_usage(run: Run, server: RunningServer, shelf: Path) -> None:
    make_wheel(shelf)
    for wrong in (["--hold"], ["--discard"], ["--stage", "--hold", "--discard"]):
        assert run("release", "publish", shelf, *wrong, *place(server)).code == 2


LINKS = ("session", "publish", "upload")
ANSWERS: list[tuple[str, Any]] = [
    ("not one of Upload 2.0", {}),
    ("not one of Upload 2.0", {"links": {}}),
    ("not one of Upload 2.0", {"links": {"session": 1, "publish": "x", "upload": "y"}, "files": {}}),
    ("another server", {"links": dict.fromkeys(LINKS, "https://evil.example/"), "files": {}}),
    ("another server", {"links": dict.fromkeys(LINKS, "file:///etc/passwd"), "files": {}}),
    ("not one of Upload 2.0", [1]),
    ("not one of Upload 2.0", "{"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "answer"), ANSWERS)
def test_servers_that_answer_nonsense_get_no_token(run: Run, shelf: Path, words: str, answer: Any) -> None:
    make_wheel(shelf)
    body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as liar:
        Thread(target=liar.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{liar.server_port}/legacy/"
        code, _, err = run(
            "release", "publish", shelf, "--stage", "--no-check", "--to", url, "--token", "s3cr3t"
        )
        liar.shutdown()
    assert code == 1
    assert words in err
    assert "s3cr3t" not in err
