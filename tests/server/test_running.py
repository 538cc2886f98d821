"""Processes of a server: they end in peace, are replaced when they die, and do not outlive their parent."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewheel.server.catalog import projects
from support.server import RunningServer, metadata_fields, multipart, running_server
from support.wheel_factory import make_wheel

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")


def children(pid: int) -> set[int]:
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to that")


def lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class SlowUpload:
    """An upload of which the second half is sent when the test says so."""

    def __init__(self, server: RunningServer, wheel: Path) -> None:
        content = wheel.read_bytes()
        body, kind = multipart(metadata_fields(wheel, content), wheel.name, content)
        head = f"POST /legacy/ HTTP/1.1\r\nHost: index\r\nContent-Type: {kind}\r\n"
        head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer {server.token}\r\n"
        head += "Connection: close\r\n\r\n"
        self._socket = socket.create_connection(server.address, timeout=30)
        self._socket.sendall(head.encode() + body[:-100])
        self._rest = body[-100:]

    def finish(self) -> bytes:
        self._socket.sendall(self._rest)
        return self.rest()

    def rest(self) -> bytes:
        answer = b""
        while piece := self._socket.recv(65536):
            answer += piece
        self._socket.close()
        return answer


@contextmanager
def two_workers(folder: Path) -> Iterator[RunningServer]:
    with running_server(folder / "index", "--workers", "2") as running:
        eventually(lambda: len(children(running.process.pid)) == 2)
        yield running


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with two_workers(tmp_path_factory.mktemp("pair")) as running:
        yield running


def large_wheel(folder: Path, name: str) -> Path:
    """Make a wheel that is too large to wait in memory."""
    return make_wheel(folder, name, "1.0", files={"data.bin": os.urandom(5 << 20)})


def spooled(server: RunningServer) -> list[Path]:
    """Walk, because what is removed meanwhile must not stop the look."""
    return [Path(folder, name) for folder, _, names in os.walk(server.data / "spool") for name in names]


def test_what_has_begun_is_finished_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with two_workers(tmp_path) as server:
        upload = SlowUpload(server, large_wheel(tmp_path, "unhurried"))
        eventually(lambda: bool(spooled(server)))
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.process.poll() is None
        answer = upload.finish()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"unhurried-1.0-py3-none-any.whl is published" in answer
        assert server.process.wait(30) == 0
    database = server.open_database()
    with database.read() as connection:
        assert projects.find(connection, "unhurried") is not None
    database.close()


def test_a_worker_that_dies_is_replaced(pair: RunningServer, tmp_path: Path) -> None:
    assert pair.upload(make_wheel(tmp_path, "alive", "1.0")).status == 200
    before = children(pair.process.pid)
    os.kill(min(before), signal.SIGKILL)
    eventually(lambda: len(children(pair.process.pid) - before) == 1)
    results: list[int] = []

    def read() -> None:
        try:
            results.append(pair.get("/simple/alive/").status)
        except OSError:  # it was in the queue of the one that died
            results.append(0)

    eventually(lambda: read() or results[-5:] == [200] * 5)


def test_workers_do_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    with two_workers(tmp_path) as server:
        workers = children(server.process.pid)
        server.process.kill()
        server.process.wait(10)
        eventually(lambda: not any(lives(worker) for worker in workers))


def test_slow_clients_are_given_up(tmp_path: Path) -> None:
    hurry = {"REWHEEL_SERVER_BODY_TIMEOUT": "1", "REWHEEL_SERVER_HEADER_TIMEOUT": "1"}
    with running_server(tmp_path / "index", environ=hurry) as server:
        upload = SlowUpload(server, make_wheel(tmp_path, "slow", "1.0"))
        answer = upload.rest()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"nothing has arrived for 1 seconds" in answer
        assert spooled(server) == []
        with socket.create_connection(server.address, timeout=30) as client:
            client.sendall(b"GET /simple/ HTTP/1.1\r\nHost: ")
            assert b" 200 " not in client.recv(1000)  # it ends, or says 408
        assert server.get("/simple/").status == 200


def test_a_client_that_goes_away_leaves_nothing_behind(pair: RunningServer, tmp_path: Path) -> None:
    content = large_wheel(tmp_path, "gone").read_bytes()
    body, kind = multipart(
        metadata_fields(tmp_path / "gone-1.0-py3-none-any.whl", content), "gone.whl", content
    )
    with socket.create_connection(pair.address, timeout=30) as client:
        head = f"POST /legacy/ HTTP/1.1\r\nHost: index\r\nContent-Type: {kind}\r\n"
        head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer {pair.token}\r\n\r\n"
        client.sendall(head.encode() + body[:-100])
        eventually(lambda: bool(spooled(pair)))
    eventually(lambda: not spooled(pair))
    assert pair.get("/simple/gone/").status == 404


def test_processes_that_write_to_one_file_at_once_wait_for_each_other(
    pair: RunningServer, tmp_path: Path
) -> None:
    wheels = [make_wheel(tmp_path, f"crowd-{number % 4}", f"1.{number}") for number in range(24)]
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda some: statuses.extend(pair.upload(w).status for w in some), args=(part,)
        )
        for part in (wheels[n::8] for n in range(8))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 24
    assert [len(pair.page(f"crowd-{n}")["files"]) for n in range(4)] == [6] * 4


def test_headers_have_a_limit(pair: RunningServer) -> None:
    for lines in (f"X-Long: {'x' * 100_000}\r\n", "".join(f"X-{n}: x\r\n" for n in range(3000))):
        with socket.create_connection(pair.address, timeout=30) as client:
            try:
                client.sendall(f"GET /simple/ HTTP/1.1\r\nHost: index\r\n{lines}\r\n".encode())
                answer = client.recv(100)
            except ConnectionError:
                answer = b""
        assert b" 200 " not in answer
    assert pair.get("/simple/").status == 200


def test_many_readers_and_a_writer_at_once(pair: RunningServer, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, "busy", f"1.{number}") for number in range(12)]
    assert pair.upload(wheels[0]).status == 200
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        last = 0
        while not stop.is_set():
            count = len(pair.page("busy")["files"])
            assert count >= last
            last = count
        seen.append(last)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number, wheel in enumerate(wheels[1:], 2):
        assert pair.upload(wheel).status == 200
        assert len(pair.page("busy")["files"]) == number  # whichever process answers
    stop.set()
    for reader in readers:
        reader.join()
    assert len(seen) == 4
