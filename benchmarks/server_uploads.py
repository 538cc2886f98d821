"""Uploads over several connections, and what as many writers get onto the same disk without a server."""

import http.client
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from server_data import wheel
from server_peers import processor_time

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.server import metadata_fields, multipart

if TYPE_CHECKING:
    import subprocess

__all__ = ["CONNECTIONS", "Uploads", "send_wheels"]

CONNECTIONS = 4
_MIB = 1 << 20


class Uploads(NamedTuple):
    """What came of uploading wheels of one size."""

    per_second: float
    """Files."""
    received: float
    """MiB a second."""
    written: float
    """MiB a second that as many writers get onto the disk, synchronised, without a server."""
    computed: float
    """Seconds of processor time that the server takes for one."""


def send_wheels(
    url: str, token: str, process: "subprocess.Popen[bytes]", folder: Path, *, size: int, count: int
) -> Uploads:
    """Upload `count` wheels of `size` bytes, each a project of its own, as twine does."""
    written = _write_files(folder, size, count)
    bodies = []
    for number in range(count):
        project = f"upload{size}n{number}"
        content = wheel(project, "1.0", size=size)
        name = f"{project}-1.0-py3-none-any.whl"
        bodies.append(multipart(metadata_fields(Path(name), content), name, content))
    failed: list[str] = []

    def work(share: Sequence[tuple[bytes, str]]) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        for body, kind in share:
            headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
            connection.request("POST", "/legacy/", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                failed.append(f"{answer.status} {text[:200]!r}")
        connection.close()

    shares = [bodies[start::CONNECTIONS] for start in range(CONNECTIONS)]
    before = processor_time(process)
    seconds = _side_by_side([lambda share=share: work(share) for share in shares])
    computed = (processor_time(process) - before) / count
    if failed:
        raise SystemExit(f"{len(failed)} uploads failed: {failed[0]}")
    return Uploads(count / seconds, sum(len(body) for body, _ in bodies) / seconds / _MIB, written, computed)


def _write_files(folder: Path, size: int, count: int) -> float:
    """Return the MiB a second with which as many writers write as many files."""
    content = os.urandom(size)
    folder.mkdir()

    def work(start: int) -> None:
        for number in range(start, count, CONNECTIONS):
            with (folder / str(number)).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())

    seconds = _side_by_side([lambda start=start: work(start) for start in range(CONNECTIONS)])
    for path in folder.iterdir():
        path.unlink()
    return count * size / seconds / _MIB


def _side_by_side(jobs: Sequence[Callable[[], None]]) -> float:
    """Run jobs in threads; return the seconds until all have ended."""
    threads = [threading.Thread(target=job) for job in jobs]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin
