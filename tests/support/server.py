"""Real servers for tests: `rewheel serve` as a process of its own, on a free port of 127.0.0.1."""

import base64
import hashlib
import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from support.gate import Gate

if TYPE_CHECKING:
    from rewheel.server.catalog.database import Database

__all__ = [
    "JSON",
    "TOKEN",
    "Company",
    "Reply",
    "RunningServer",
    "metadata_fields",
    "multipart",
    "running_company",
    "running_server",
]

TOKEN = "rewheel-token-of-the-tests"
"""The administrator's secret, unless a test wants another."""

JSON = "application/vnd.pypi.simple.v1+json"
"""The form of pages that programs ask for."""


@dataclass(frozen=True)
class Reply:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.body)


@dataclass
class RunningServer:
    """A server that answers."""

    url: str
    """With a final slash."""
    data: Path
    token: str
    process: subprocess.Popen[str]
    database: str = ""
    """The URL of its database, if that is no file in `data`."""
    storage: str = ""
    """The URL of its storage, if that is no folder in `data`."""
    lines: list[str] = field(default_factory=list)
    """What it has printed so far."""

    def open_database(self) -> "Database":
        """Open its database behind its back, as another process would; the caller closes it."""
        from rewheel.server.catalog.database import Database
        from rewheel.server.settings import ServerSettings

        settings = ServerSettings(data=self.data, database=self.database)
        return Database(settings.database_url, connections=2)

    @property
    def simple(self) -> str:
        """What installers call the index URL."""
        return f"{self.url}simple/"

    @property
    def legacy(self) -> str:
        """Where twine uploads to."""
        return f"{self.url}legacy/"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
    ) -> Reply:
        """Send one request, with the token as twine would send it if one is given."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        sent = dict(headers or {})
        if token is not None:
            login = base64.b64encode(f"__token__:{token}".encode()).decode()
            sent["Authorization"] = f"Basic {login}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, content)

    def get(self, path: str, **headers: str) -> Reply:
        """Get a path; keywords are headers, with `_` for `-`."""
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def page(self, project: str) -> Any:
        """Get the page of a project as a document."""
        reply = self.get(f"/simple/{project}/", accept=JSON)
        assert reply.status == 200, reply.text
        return reply.json()

    def upload(self, path: Path, *, token: str | None = None, **fields: str) -> Reply:
        """Upload a distribution as twine does; keywords replace fields of the form."""
        content = path.read_bytes()
        form = {**metadata_fields(path, content), **fields}
        body, content_type = multipart(form, path.name, content)
        return self.request(
            "POST", "/legacy/", body, {"Content-Type": content_type}, token=token or self.token
        )

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """Ask the server to stop, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sent)
        return self.process.wait(30)


@contextmanager
def running_server(
    data: Path,
    *arguments: str,
    token: str = TOKEN,
    environ: Mapping[str, str] | None = None,
    port: int = 0,
) -> Iterator[RunningServer]:
    """Run `rewheel serve --data DATA ARGUMENTS…` meanwhile. An empty `token` lets the server make one up."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REWHEEL_")}
    environment.update({"REWHEEL_ADMIN_TOKEN": token, "PYTHONUNBUFFERED": "1", **(environ or {})})
    command = [
        sys.executable, "-m", "rewheel", "serve", "--data", str(data), "--port", str(port), *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=data.parent,
    )
    given = dict(itertools.pairwise(arguments))
    place = given.get("--database", ""), given.get("--storage", "")
    server = RunningServer("", data, token, process, *place)
    reader: threading.Thread | None = None
    assert process.stdout is not None
    try:
        for line in process.stdout:
            server.lines.append(line.rstrip("\n"))
            if found := re.search(r"Serving at (http://\S+/)simple/", line):
                server.url = found[1]
                break
        else:
            raise AssertionError(f"the server did not start:\n{chr(10).join(server.lines)}")
        reader = threading.Thread(target=_drain, args=(process, server.lines), daemon=True)
        reader.start()
        if not token:
            made_up = [line.strip() for line in server.lines if line.startswith("  rewheel-")]
            server.token = made_up[0] if made_up else ""
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
        if reader is not None:
            reader.join(10)
        process.stdout.close()


@dataclass
class Company(RunningServer):
    """Several servers that share database and storage, and nothing else, behind one address.

    Connections go to each in turn: what is asked after a change is asked of another server than the one that
    made it.
    """

    members: tuple[RunningServer, ...] = ()
    """The servers, each with an address and a data folder of its own."""


@contextmanager
def running_company(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, count: int = 2
) -> Iterator[Company]:
    """Run that many `rewheel serve` with the same arguments meanwhile, and a balancer in front of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        members = [
            stack.enter_context(running_server(folder / f"member-{n}", *arguments, environ=environ))
            for n in range(count)
        ]
        gate = stack.enter_context(Gate(*(member.address[1] for member in members)))
        first = members[0]
        yield Company(
            f"http://127.0.0.1:{gate.port}/", first.data, first.token, first.process, first.database,
            first.storage, first.lines, tuple(members),
        )  # fmt: skip


def _drain(process: subprocess.Popen[str], lines: list[str]) -> None:
    """Read what the server prints, so that it never waits for a reader."""
    assert process.stdout is not None
    lines.extend(line.rstrip("\n") for line in process.stdout)


def metadata_fields(path: Path, content: bytes) -> dict[str, str]:
    """Return the fields that twine sends with a file."""
    name = path.name.removesuffix(".tar.gz").removesuffix(".zip")
    if name == path.name:
        project, version = path.name.split("-")[:2]
        kind = "bdist_wheel"
    else:
        project, _, version = name.rpartition("-")
        kind = "sdist"
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": project,
        "version": version,
        "filetype": kind,
        "sha256_digest": hashlib.sha256(content).hexdigest(),
    }


def multipart(fields: Mapping[str, str], filename: str, content: bytes) -> tuple[bytes, str]:
    """Return the body of a form with a file, and its content type."""
    boundary = "boundary-of-the-tests-7c9e6679"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n'
    parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
