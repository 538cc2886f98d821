"""The servers that are compared, each in an environment of its own, and how each is started and filled."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from measuring import environment

__all__ = [
    "Peer", "devpi", "free_port", "installed", "memory", "processor_time", "pypiserver", "resident",
    "running", "simple_repository",
]  # fmt: skip

JSON = {"Accept": "application/vnd.pypi.simple.v1+json", "Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that can be started on a port."""

    name: str
    version: str
    command: list[str]
    """`{port}` stands for the port."""
    page: str
    """The path of a project's page; `{project}` stands for its name."""
    ready: str
    """A path that answers when the server is up."""
    loaded: str
    """What it was filled with, for the table."""
    form: str = "JSON"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    environ: Mapping[str, str] = field(default_factory=dict)


def installed(folder: Path, requirement: str) -> Path:
    """Return the programs of a fresh environment with one package in it."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
            check=True,
        )
    return folder / "bin"


def version_of(programs: Path, name: str) -> str:
    """Return the version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run(
        [programs / "python", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def running(peer: Peer, *, patience: float = 120) -> Iterator[tuple[str, "subprocess.Popen[bytes]", float]]:
    """Start a server; give its URL, its process, and the seconds until it answered."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [word.format(port=port) for word in peer.command],
        env=environment(**peer.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _answers(url + peer.ready):
            if process.poll() is not None or time.perf_counter() - begin > patience:
                raise SystemExit(f"{peer.name} did not start: {process.args!r}")
            time.sleep(0.01)
        yield url, process, time.perf_counter() - begin
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def memory(process: "subprocess.Popen[bytes]") -> int:
    """Return the bytes that a server's processes take, what they share counted once."""
    return _sum_of(process, "Pss:")


def resident(process: "subprocess.Popen[bytes]") -> int:
    """Return the bytes that are resident in a server's processes, what they share counted in each."""
    return _sum_of(process, "Rss:")


def processor_time(process: "subprocess.Popen[bytes]") -> float:
    """Return the seconds that a server's processes have computed so far."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if folder.name.isdecimal() and os.getpgid(int(folder.name)) == process.pid:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _sum_of(process: "subprocess.Popen[bytes]", figure: str) -> int:
    total = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if folder.name.isdecimal() and os.getpgid(int(folder.name)) == process.pid:
                rollup = (folder / "smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(figure))
    return total * 1024


def pypiserver(folder: Path, flat: Path, loaded: str) -> Peer:
    """A folder of files behind WSGI; it speaks HTML only."""
    programs = installed(folder, "pypiserver[passlib,cache]")
    command = [str(programs / "pypi-server"), "run", "-p", "{port}", "-i", "127.0.0.1", "--disable-fallback"]
    return Peer(
        "pypiserver",
        version_of(programs, "pypiserver"),
        [*command, "-a", ".", "-P", ".", "--health-endpoint", "/health", str(flat)],
        "/simple/{project}/",
        "/health",
        loaded,
        "HTML",
        {"Accept": "text/html", "Accept-Encoding": "gzip"},
    )


def simple_repository(folder: Path, tree: Path, loaded: str) -> Peer:
    """A folder of files with one folder a project."""
    programs = installed(folder, "simple-repository-server")
    command = [
        str(programs / "simple-repository-server"),
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        str(tree),
    ]
    return Peer(
        "simple-repository-server",
        version_of(programs, "simple-repository-server"),
        command,
        "/simple/{project}/",
        "/simple/none-such/",
        loaded,
    )


def devpi(folder: Path, data: Path, loaded: str) -> Peer:
    """An index server with a database of its own."""
    programs = installed(folder, "devpi-server")
    if not data.exists():
        subprocess.run(
            [programs / "devpi-init", "--serverdir", data, "--no-root-pypi"], check=True, capture_output=True
        )
    command = [str(programs / "devpi-server"), "--serverdir", str(data), "--host", "127.0.0.1"]
    return Peer(
        "devpi-server",
        version_of(programs, "devpi-server"),
        [*command, "--port", "{port}", "--offline-mode"],
        "/root/bench/+simple/{project}/",
        "/+api",
        loaded,
    )


def make_devpi_index(url: str) -> dict[str, str]:
    """Create the index `root/bench`, and return the headers of those who may upload to it."""
    answer = _json("POST", f"{url}/+login", {"user": "root", "password": ""})
    login = f"root:{answer['result']['password']}"
    headers = {"X-Devpi-Auth": base64.b64encode(login.encode()).decode()}
    index = {"type": "stage", "bases": [], "volatile": True, "acl_upload": [":ANONYMOUS:"]}
    _json("PUT", f"{url}/root/bench", index, headers)
    return headers


def _json(method: str, url: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, dict]:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, dict] = json.load(answer)
        return found


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=60).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
