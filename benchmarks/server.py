"""What our index serves beside others, under a steady load, when it is uploaded to, and at any size.

`make bench-server` takes the section anew. Each peer has an environment of its own, outside the repository.
"""

import http.client
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))

import local_index
import server_peers
from server_catalog import TOKEN, fill
from server_data import BIG, lay_out, wheel, wheel_name
from server_load import Rate, as_many_as_possible, at_a_rate
from server_peers import JSON, Peer, memory, resident, running
from server_report import STEADY, Compared, Found, Sizes, Step, uploading, written
from server_uploads import Uploads, multipart, send_wheels

if TYPE_CHECKING:
    import subprocess

__all__ = ["section"]

PEERS = local_index.FOLDER.parent / "server-peers"
SECONDS = 6
"""Of load, each time."""
STARTS = 5
"""Of our server, of which the median counts."""
UPLOADED = ((100 << 10, 400), (20 << 20, 24))
"""Bytes of the wheels that are uploaded, and how many."""
SAMPLE = 200
"""Small projects whose pages are asked for one after the other."""
_MIB = 1 << 20


def section(sizes: Sizes | None = None) -> str:
    """Measure, and return the part of RESULTS.md."""
    sizes = sizes or Sizes()
    PEERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rewheel-bench-", dir=PEERS.parent) as name:
        folder = Path(name)
        ours, steady, after = _ours(folder / "rewheel", sizes)
        compared = [ours, *_peers(folder, sizes)]
        uploads = _uploads(folder)
        curve = [_step(folder, files, sizes.curve_big) for files in sizes.curve]
    return written(Found(sizes, compared, steady, after, uploads, curve))


def _rewheel(data: Path, loaded: str) -> Peer:
    return Peer(
        "rewheel",
        "",
        [str(Path(sys.executable).with_name("rewheel")), "serve", "--data", str(data), "--port", "{port}"],
        "/simple/{project}/",
        "/simple/none-such/",
        loaded,
        environ={"REWHEEL_ADMIN_TOKEN": TOKEN, "REWHEEL_SERVER_ACCESS_LOG": "no"},
    )


def _ours(data: Path, sizes: Sizes) -> tuple[Compared, dict[str, Rate], float]:
    """Measure our server; return also its steady load, and the MiB resident after all pages."""
    fill(data, sizes.projects, sizes.files, sizes.big)
    peer = _rewheel(data, f"{sizes.files:,} files")
    starts = []
    for _ in range(STARTS - 1):
        with running(peer) as (_, _, seconds):
            starts.append(seconds)
    with running(peer) as (url, process, seconds):
        compared = _compared(peer, url, process, [*starts, seconds], sizes.big)
        large = [f"{url}/simple/{BIG}/"]
        others = [f"{url}/simple/project{number:05}/" for number in range(sizes.projects - 1)]
        steady = {
            f"that of {sizes.big:,} files": at_a_rate(large, JSON, rate=STEADY, seconds=SECONDS),
            "those of all other projects, at random": at_a_rate(others, JSON, rate=STEADY, seconds=SECONDS),
        }
        _one_by_one(url, [f"project{number:05}" for number in range(sizes.projects - 1)])
        return compared, steady, resident(process) / _MIB


def _peers(folder: Path, sizes: Sizes) -> Iterator[Compared]:
    """Measure the others, one after the other, with as much loaded as they can bear."""
    all_flat, tree = folder / "all" / "flat", folder / "all" / "tree"
    lay_out(all_flat, tree, sizes.projects, sizes.files, sizes.big)
    flat = folder / "some" / "flat"
    projects = max(2, sizes.projects * sizes.scanned // sizes.files)
    lay_out(flat, folder / "some" / "tree", projects, sizes.scanned, sizes.big)
    for peer in (
        server_peers.pypiserver(PEERS / "pypiserver", flat, f"{sizes.scanned:,} files"),
        server_peers.simple_repository(PEERS / "simple-repository", tree, f"{sizes.files:,} files"),
        server_peers.devpi(PEERS / "devpi", folder / "devpi", f"{sizes.big:,} files"),
    ):
        with running(peer) as (url, process, seconds):
            if peer.name == "devpi-server":
                _fill_devpi(url, sizes.big)
            yield _compared(peer, url, process, [seconds], sizes.big)


def _compared(
    peer: Peer, url: str, process: "subprocess.Popen[bytes]", starts: list[float], big: int
) -> Compared:
    """Ask for the large page, once to see that it is right, then as often as the server answers."""
    page = url + peer.page.format(project=BIG)
    plain = {name: value for name, value in peer.headers.items() if name != "Accept-Encoding"}
    begin = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(page, headers=plain), timeout=120) as answer:
        listed = set(re.findall(rf"\b{BIG}-[\w.-]+?\.whl\b", answer.read().decode()))
        kind = answer.headers.get_content_type()
    alone = time.perf_counter() - begin
    if len(listed) != big or peer.form.lower() not in kind:
        raise SystemExit(f"{peer.name} answered with {len(listed)} of {big} files, as {kind}")
    rate = as_many_as_possible(page, peer.headers, seconds=SECONDS)
    is_alone = not rate.per_second
    if is_alone:
        rate = Rate(1 / alone, alone, alone, 0, rate.failures)
    taken = resident(process) / _MIB, memory(process) / _MIB
    sys.stderr.write(f"{peer.name}: {rate}\n")
    return Compared(peer, starts, taken, rate, is_alone)


def _fill_devpi(url: str, files: int) -> None:
    server_peers.make_devpi_index(url)
    for number in range(files):
        name = wheel_name(BIG, number)
        version = name.split("-")[1]
        fields = {":action": "file_upload", "name": BIG, "version": version, "filetype": "bdist_wheel"}
        body, kind = multipart(fields, name, wheel(BIG, version, size=200))
        request = urllib.request.Request(f"{url}/root/bench/", body, {"Content-Type": kind})
        urllib.request.urlopen(request, timeout=60).close()


def _uploads(folder: Path) -> dict[str, Uploads]:
    data, taken = folder / "uploads", {}
    fill(data, 2, 2, 1)
    with running(_rewheel(data, "")) as (url, process, _):
        for size, count in UPLOADED:
            title = (
                f"{count} wheels of {size >> 20} MiB"
                if size >= _MIB
                else f"{count} wheels of {size >> 10} KiB"
            )
            taken[title] = send_wheels(url, TOKEN, process, folder / f"probe-{size}", size=size, count=count)
            sys.stderr.write(f"{title}: {taken[title]}\n")
    return taken


def _step(folder: Path, files: int, big: int) -> Step:
    """Measure an index of one size; the project whose page is asked for is as large in all of them."""
    projects = 1 + (files - big) // 20
    data = folder / f"size-{files}"
    fill(data, projects, files, big)
    with running(_rewheel(data, f"{files:,} files")) as (url, process, seconds):
        _one_by_one(url, ["none-such"])  # connections and code are warm, pages are not
        names = [f"project{number:05}" for number in range(0, projects - 1, max(1, projects // SAMPLE))]
        first, again = _one_by_one(url, names), _one_by_one(url, names)
        large = _one_by_one(url, [BIG])
        rate = as_many_as_possible(f"{url}/simple/{BIG}/", JSON, seconds=4)
        found = Step(files, projects, seconds, resident(process) / _MIB, first, again, large, rate)
    sys.stderr.write(f"{found}\n")
    return found


def _one_by_one(url: str, projects: list[str]) -> float:
    """Return the median seconds of the pages of projects, over one connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    taken = []
    for name in projects:
        begin = time.perf_counter()
        connection.request("GET", f"/simple/{name}/", headers=dict(JSON))
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - begin)
        if answer.status != 200 and name != "none-such":
            raise SystemExit(f"{name}: {answer.status}")
    connection.close()
    return statistics.median(taken)


def uploads() -> str:
    """Measure uploads alone, and return their table."""
    PEERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rewheel-bench-", dir=PEERS.parent) as name:
        return uploading(_uploads(Path(name))) + "\n"


if __name__ == "__main__":
    sys.stdout.write(uploads() if sys.argv[1:] == ["uploads"] else section())
