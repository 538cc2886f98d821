"""What must never happen, whatever else does: half of an upload seen, a server that does not come back."""

import contextlib
import hashlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gate import Gate
from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.server import RunningServer, metadata_fields, multipart, running_server
from support.wheel_factory import make_wheel

VARIANT = {"x86_64": {"level": ["v3"]}}


def processes_of(server: RunningServer) -> list[int]:
    """The server and its workers."""
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def kill(server: RunningServer) -> None:
    """End all of it at once, as a power failure would."""
    for pid in processes_of(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait(20)


def request_of(server: RunningServer, wheel: Path) -> bytes:
    """An upload as it goes over the wire."""
    body, kind = multipart(metadata_fields(wheel, wheel.read_bytes()), wheel.name, wheel.read_bytes())
    head = (
        f"POST /legacy/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def is_whole(server: RunningServer, wheel: Path) -> bool:
    """Tell whether the wheel is published; if it is, then entirely."""
    project = wheel.name.partition("-")[0]
    if server.get(f"/simple/{project}/").status == 404:
        return False
    page = server.page(project)
    files = {file["filename"]: file for file in page["files"]}
    file = files[wheel.name]
    path = file["url"].removeprefix("../..")
    assert server.get(path).body == wheel.read_bytes()
    metadata = server.get(f"{path}.metadata").body
    assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]
    assert f"{project}-1.0-variants.json" in files
    assert page["versions"] == ["1.0"]
    return True


def verify(data: Path) -> None:
    from rewheel.cli.entry import main

    assert main(["index", "verify", "--data", str(data), "-q"]) == 0


def test_killed_while_a_file_arrives(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "half", label="v3", properties=VARIANT, files={"x": os.urandom(300_000)})
    with running_server(tmp_path / "index") as server:
        request = request_of(server, wheel)
        with socket.create_connection(server.address) as connection:
            connection.sendall(request[: len(request) // 2])
            time.sleep(0.2)
            kill(server)
    with running_server(tmp_path / "index") as server:
        assert not is_whole(server, wheel)
        assert server.upload(wheel).status == 200
        assert is_whole(server, wheel)
    verify(tmp_path / "index")


def test_killed_between_the_blob_and_the_catalog(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "between", label="v3", properties=VARIANT)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    blob = tmp_path / "index" / "blobs" / "sha256" / digest[:2] / digest[2:]
    with running_server(tmp_path / "index") as server:
        catalog = sqlite3.connect(tmp_path / "index" / "catalog.sqlite3", isolation_level=None)
        request = request_of(server, wheel)
        with socket.create_connection(server.address) as connection:
            connection.sendall(request[:-100])
            time.sleep(0.5)  # who sends it has been found out
            catalog.execute("BEGIN IMMEDIATE")  # nobody else can write now
            connection.sendall(request[-100:])
            for _ in range(500):
                if blob.exists():
                    break
                time.sleep(0.02)
            assert blob.exists()
            kill(server)
        catalog.close()
    with running_server(tmp_path / "index") as server:
        assert not is_whole(server, wheel)
        assert server.upload(wheel).status == 200
        assert is_whole(server, wheel)
    verify(tmp_path / "index")


def test_killed_at_any_moment(tmp_path: Path) -> None:
    wheels = [
        make_wheel(
            tmp_path, f"any{number}", label="v3", properties=VARIANT, files={"x": os.urandom(2_000_000)}
        )
        for number in range(4)
    ]
    for number, wheel in enumerate(wheels):
        with (
            running_server(tmp_path / "index") as server,
            socket.create_connection(server.address) as connection,
        ):
            connection.sendall(request_of(server, wheel))
            time.sleep(0.012 * number)
            kill(server)
    with running_server(tmp_path / "index") as server:
        for wheel in wheels:
            if not is_whole(server, wheel):
                assert server.upload(wheel).status == 200
                assert is_whole(server, wheel)
    verify(tmp_path / "index")


def test_of_two_one_is_killed_and_the_other_shows_all_or_nothing(
    tmp_path: Path, postgresql: PostgreSQL, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rewheel.cli.entry import main

    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    place = ["--database", postgresql.new_database(), "--storage", object_store.new_storage()]
    big = {"x": os.urandom(2_000_000)}
    wheels = [make_wheel(tmp_path, f"pair{n}", label="v3", properties=VARIANT, files=big) for n in range(3)]
    with running_server(tmp_path / "other", *place, environ=object_store.environment) as other:
        for number, wheel in enumerate(wheels):
            with (
                running_server(tmp_path / "one", *place, environ=object_store.environment) as one,
                socket.create_connection(one.address) as connection,
            ):
                request = request_of(one, wheel)
                connection.sendall(request if number else request[: len(request) // 2])
                time.sleep(0.05 * number)
                kill(one)
            if not is_whole(other, wheel):
                assert other.upload(wheel).status == 200  # nothing of the first attempt stands in the way
                assert is_whole(other, wheel)
    assert main(["index", "verify", "--data", str(tmp_path / "none"), *place, "-q"]) == 0


def test_the_database_goes_and_comes_back(
    tmp_path: Path, postgresql: PostgreSQL, object_store: ObjectStore
) -> None:
    one, other = make_wheel(tmp_path, "one"), make_wheel(tmp_path, "other")
    place = ["--database", postgresql.new_database(), "--storage", object_store.new_storage()]
    with running_server(tmp_path / "index", *place, environ=object_store.environment) as server:
        assert server.upload(one).status == 200
        server.page("one")
        postgresql.stop()
        try:
            assert server.get("/health").status == 200
            ready = server.get("/ready")
            assert (ready.status, ready.json()["storage"]) == (503, "ok")
            page, refused = server.get("/simple/one/"), server.upload(other)
            assert (page.status, refused.status) == (503, 503)
            assert "the database cannot be reached" in refused.text
            assert page.headers["retry-after"]
            assert "password" not in "\n".join(server.lines)
        finally:
            postgresql.start()
        assert server.page("one")["versions"] == ["1.0"]
        assert server.get("/simple/other/").status == 404
        assert server.upload(other).status == 200
        assert server.get("/ready").status == 200


def test_the_store_goes_and_comes_back(
    tmp_path: Path, postgresql: PostgreSQL, object_store: ObjectStore
) -> None:
    one, other = make_wheel(tmp_path, "one"), make_wheel(tmp_path, "other")
    with Gate(object_store.port) as gate:
        storage = object_store.new_storage().replace(object_store.endpoint, f"http://127.0.0.1:{gate.port}")
        place = ["--database", postgresql.new_database(), "--storage", storage]
        with running_server(tmp_path / "index", *place, environ=object_store.environment) as server:
            assert server.upload(one).status == 200
            path = server.page("one")["files"][0]["url"].removeprefix("../..")
            gate.close()
            ready = server.get("/ready")
            assert (ready.status, ready.json()["database"]) == (503, "ok")
            assert server.page("one")["versions"] == ["1.0"]  # pages need no store
            lost, refused = server.get(path), server.upload(other)
            assert (lost.status, refused.status) == (503, 503)
            assert "the storage cannot be reached" in refused.text
            assert object_store.secret_key not in "\n".join([*server.lines, refused.text])
            gate.open()
            assert server.get("/simple/other/").status == 404
            assert server.get(path).body == one.read_bytes()
            assert server.upload(other).status == 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with little patience."""
    environ = {
        "REWHEEL_SERVER_HEADER_TIMEOUT": "1",
        "REWHEEL_SERVER_BODY_TIMEOUT": "1",
        "REWHEEL_SERVER_FILE_LIMIT": "1 MiB",
        "REWHEEL_SERVER_UPLOADS": "2",
    }
    with running_server(tmp_path_factory.mktemp("server") / "index", environ=environ) as running:
        yield running


def test_a_folder_that_goes_and_comes_back(server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "folder")
    assert server.upload(wheel).status == 200
    path = server.page("folder")["files"][0]["url"].removeprefix("../..")
    blobs, aside = server.data / "blobs", server.data / "aside"
    blobs.rename(aside)
    blobs.write_text("no folder")
    try:
        assert server.get("/ready").json()["storage"] != "ok"
        assert server.get(path).status in {500, 503}
        refused = server.upload(make_wheel(tmp_path, "folder", "2.0"))
        assert refused.status == 503, refused.text
    finally:
        blobs.unlink()
        aside.rename(blobs)
    assert server.page("folder")["versions"] == ["1.0"]
    assert server.get(path).body == wheel.read_bytes()


def test_a_disk_without_room(server: RunningServer, tmp_path: Path) -> None:
    """Files that may not grow are what a full disk looks like, also to those who cannot mount one."""
    wheel = make_wheel(tmp_path, "room", files={"x": os.urandom(600_000)})
    workers = processes_of(server)[1:]
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE, (400_000, -1)) for pid in workers]
    try:
        refused = server.upload(wheel)
        assert refused.status == 507, refused.text
        assert "disk is full" in refused.text
        assert not list((server.data / "spool").iterdir())
    finally:
        for pid, limits in zip(workers, before, strict=True):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert server.get("/simple/room/").status == 404
    assert server.upload(wheel).status == 200


def test_a_small_disk_that_is_really_full(tmp_path: Path) -> None:
    data = tmp_path / "index"
    data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", data], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; the test before has no need of one")
    try:
        with running_server(data) as server:
            small, large = (
                make_wheel(tmp_path, "small"),
                make_wheel(tmp_path, "big", files={"x": os.urandom(5 << 20)}),
            )
            refused = server.upload(large)
            assert refused.status == 507, refused.text
            assert server.get("/simple/big/").status == 404
            assert server.upload(small).status == 200
            assert server.get("/ready").status == 200
    finally:
        subprocess.run(["umount", data], check=True)


def answer_to(server: RunningServer, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send bytes as they are, slowly if asked, and read until the server has nothing more to say."""
    with socket.create_connection(server.address, timeout=20) as connection:
        for piece in pieces:
            with contextlib.suppress(OSError):
                connection.sendall(piece)
            time.sleep(pause)
        found = b""
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                found += data
        return found


def test_clients_that_never_finish_their_headers_are_hung_up_on(server: RunningServer) -> None:
    threads = [
        threading.Thread(target=answer_to, args=(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    assert server.get("/health").status == 200  # others are served meanwhile
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_clients_that_never_finish_their_upload_are_told(server: RunningServer, tmp_path: Path) -> None:
    request = request_of(server, make_wheel(tmp_path, "slow"))
    answer = answer_to(server, request[:-200])
    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert server.get("/simple/slow/").status == 404
    assert not list((server.data / "spool").iterdir())


def test_uploads_that_only_drip_are_given_up(server: RunningServer, tmp_path: Path) -> None:
    request = request_of(server, make_wheel(tmp_path, "drip"))
    drops = [request[:-200], *(bytes([byte]) for byte in request[-200:-180])]
    answer = answer_to(server, *drops, pause=0.25)
    assert b" 408 " in answer.partition(b"\r\n")[0]


def test_only_so_many_uploads_at_once(server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "crowd")
    request = request_of(server, wheel)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection(server.address))
            connection.sendall(request[:-200])
        time.sleep(0.3)
        refused = server.upload(wheel)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert server.get("/simple/").status == 200
    for _ in range(100):
        if server.upload(wheel).status == 200:
            break
        time.sleep(0.05)
    assert server.page("crowd")


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_beyond_all_limits(server: RunningServer, tmp_path: Path, chunked: bool) -> None:
    wheel = make_wheel(tmp_path, "huge", files={"x": os.urandom(3 << 20)})
    request = request_of(server, wheel)
    if chunked:
        head, _, body = request.partition(b"\r\n\r\n")
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
        request = head + b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    answer = answer_to(server, request + b"")
    assert b" 413 " in answer.partition(b"\r\n")[0] or answer == b""
    assert server.get("/simple/huge/").status == 404
    assert not list((server.data / "spool").iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "/files/../../catalog.sqlite3",
        "/files/%2e%2e/%2e%2e/catalog.sqlite3",
        "/files/ab/cd/../../../catalog.sqlite3",
        "/files/ab/cd/ef/..%2f..%2fcatalog.sqlite3",
        "/files//etc/passwd",
        "/simple/../catalog.sqlite3",
        "/simple/..%2f..%2fetc%2fpasswd/",
        "/static/../templates/base.html",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/upstream/x/y/-/..%2f..%2fcatalog.sqlite3",
    ],
)
def test_no_path_leads_out(server: RunningServer, path: str) -> None:
    answer = answer_to(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    status = int(answer.split(None, 2)[1])
    assert status in {301, 307, 400, 404}, answer[:200]
    assert b"SQLite format" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/simple/Foo%0d%0aX-Evil:%20yes/",
        "/simple/Foo%0d%0aX-Evil:%20yes",
        "/simple/Foo?a=%0d%0aX-Evil:%20yes",
    ],
)
def test_no_header_is_slipped_in(server: RunningServer, path: str) -> None:
    answer = answer_to(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nx-evil" not in head
    assert not any("X-Evil: yes" in line.split('"path"')[0] for line in server.lines if "\r" in line)


@pytest.mark.parametrize(
    "name", ["../../../escaped.whl", "/tmp/escaped.whl", "a\r\nX: y.whl", "..", "a/b.whl"]
)
def test_no_name_of_a_file_leads_out(server: RunningServer, tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "named")
    fields = metadata_fields(wheel, wheel.read_bytes())
    body, kind = multipart(fields, name, wheel.read_bytes())
    reply = server.request("POST", "/legacy/", body, {"Content-Type": kind}, token=server.token)
    assert reply.status == 400, reply.text
    assert not list(server.data.parent.rglob("escaped*"))
    assert server.get("/simple/named/").status == 404
