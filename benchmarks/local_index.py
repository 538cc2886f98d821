"""A PyPI-shaped index on 127.0.0.1: ETag, max-age, gzip, PEP 658, ranges and a little latency.

It is filled from a registry as it is asked, into a folder outside the repository; what is there already is
served without the registry. `python benchmarks/local_index.py --latency 20` prints its address and serves
until it is stopped.
"""

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rewheel-benchmarks" / "index"
REGISTRY = "https://pypi.org/simple"
LATENCY = 0.020
"""Seconds before every answer: about what a near index takes."""
_BASE = "http://base.invalid"
"""What stands for the address of the server in pages on disk."""
_PAGE_HEADERS = "Content-Type: application/vnd.pypi.simple.v1+json\r\nCache-Control: max-age=600, public\r\n"
_FILE_HEADERS = (
    "Content-Type: application/octet-stream\r\nCache-Control: max-age=31536000, public, immutable\r\n"
)


class Shelf:
    """Pages, wheels and their metadata on disk, fetched from the registry when first asked for."""

    def __init__(self, folder: Path, registry: str) -> None:
        from rewheel.indexes import Cache, Client, HttpSettings, Sources

        self.base = ""
        """The address of the server, since the URLs on pages are absolute, as PyPI's are."""
        self._folder = folder
        settings = HttpSettings(certificates=_certificates(), connections=8)
        self._client = Client(settings, cache=Cache(folder / "registry"))
        self._source = next(iter(Sources.build(self._client, index_url=registry)))
        self._pages: dict[str, tuple[bytes, bytes, str] | None] = {}
        self._files: dict[str, Any] = {}

    def page(self, project: str) -> tuple[bytes, bytes, str] | None:
        """The page as it is sent, plain and gzipped, and its ETag; None if there is no such project."""
        if project not in self._pages:
            path = self._folder / "pages" / f"{project}.json"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._fetch_page(project))
            data = path.read_bytes().replace(_BASE.encode(), self.base.encode())
            for entry in json.loads(data)["files"] if data else ():
                self._files[entry["url"].rpartition("/files/")[2]] = entry
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            self._pages[project] = (data, gzip.compress(data, 6), etag) if data else None
        return self._pages[project]

    def known(self, project: str) -> tuple[bytes, bytes, str] | None:
        """The page if it need not be read from disk any more."""
        return self._pages.get(project)

    def file(self, name: str) -> Path | None:
        """A wheel or an sdist, or with `.metadata` after its name what PEP 658 puts beside it."""
        project = name.partition("/")[0]
        self.page(project)
        path = self._folder / "files" / name
        if path.exists():
            return path
        entry = self._files.get(name.removesuffix(".metadata"))
        page = self._source.page(project) if entry is not None else None
        if entry is None or page is None:
            return None
        wanted = next(file for file in page.files if file.filename == entry["filename"])
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith(".metadata"):
            return self._client.download(wanted, path.parent)
        from rewheel.wheels import Wheel

        data = self._client.metadata(wanted)
        if data is None:
            source = self._client.open_wheel(wanted)
            try:
                data = Wheel.over(source, wanted.filename).metadata_text()
            finally:
                source.close()
        partly = path.with_name(f"{path.name}.{os.getpid()}")
        partly.write_bytes(data)
        partly.replace(path)
        return path

    def _fetch_page(self, project: str) -> bytes:
        found = self._source.page(project)
        if found is None:
            return b""
        files = []
        for file in found.files:
            entry: dict[str, object] = {
                "filename": file.filename,
                "url": f"{_BASE}/files/{project}/{file.filename}",
                "hashes": dict(file.hashes),
                "requires-python": file.requires_python or None,
                "yanked": file.yanked or file.yanked is not None,
                "upload-time": file.upload_time or None,
                "core-metadata": file.filename.endswith(".whl"),
            }
            if file.size is not None:
                entry["size"] = file.size
            files.append(entry)
        document = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": files}
        document["versions"] = list(found.versions)
        return json.dumps(document).encode()


class _Connection(asyncio.Protocol):
    """One keep-alive connection; answers in order, each after the latency."""

    def __init__(self, shelf: Shelf, latency: float) -> None:
        self._shelf = shelf
        self._latency = latency
        self._buffer = b""
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            self._queue.put_nowait(self._buffer[:end])
            self._buffer = self._buffer[end + 4 :]

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            head = (await self._queue.get()).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
            if self._latency:
                await asyncio.sleep(self._latency)
            try:
                if path.startswith("/simple/"):
                    project = path[8:].strip("/")
                    page = self._shelf.known(project) or await loop.run_in_executor(
                        None, self._shelf.page, project
                    )
                    self._send_page(method, page, headers)
                else:
                    name = path.removeprefix("/files/").replace("%2B", "+")
                    file = await loop.run_in_executor(None, self._shelf.file, name)
                    await self._send_file(loop, method, file, headers)
            except Exception as error:
                sys.stderr.write(f"{path}: {error}\n")
                self._send(method, "502 Bad Gateway", "", b"")

    def _send_page(self, method: str, page: tuple[bytes, bytes, str] | None, headers: dict[str, str]) -> None:
        if page is None:
            self._send(method, "404 Not Found", "Cache-Control: max-age=600\r\n", b"")
            return
        plain, packed, etag = page
        common = f"{_PAGE_HEADERS}ETag: {etag}\r\nVary: Accept, Accept-Encoding\r\n"
        if headers.get("if-none-match") == etag:
            self._send(method, "304 Not Modified", common, b"")
        elif "gzip" in headers.get("accept-encoding", ""):
            self._send(method, "200 OK", f"{common}Content-Encoding: gzip\r\n", packed)
        else:
            self._send(method, "200 OK", common, plain)

    async def _send_file(
        self, loop: asyncio.AbstractEventLoop, method: str, path: Path | None, headers: dict[str, str]
    ) -> None:
        if path is None:
            self._send(method, "404 Not Found", "", b"")
            return
        size = path.stat().st_size
        first, last, status = 0, size - 1, "200 OK"
        extra = f"{_FILE_HEADERS}Accept-Ranges: bytes\r\n"
        asked = headers.get("range", "")
        if asked.startswith("bytes=") and "," not in asked:
            begin, _, end = asked[6:].partition("-")
            first, last = (
                (int(begin), min(int(end or last), last)) if begin else (max(size - int(end), 0), last)
            )
            status = "206 Partial Content"
            extra += f"Content-Range: bytes {first}-{last}/{size}\r\n"
        count = last - first + 1
        self._transport.write(f"HTTP/1.1 {status}\r\n{extra}Content-Length: {count}\r\n\r\n".encode())
        if method != "HEAD" and count:
            with path.open("rb") as file:
                await loop.sendfile(self._transport, file, first, count)

    def _send(self, method: str, status: str, headers: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode()
        self._transport.write(head if method == "HEAD" else head + body)


@contextlib.contextmanager
def serve(*, latency: float = LATENCY, registry: str = REGISTRY) -> Iterator[str]:
    """Serve from a process of its own, and give the URL of the index."""
    command = [sys.executable, __file__, "--latency", str(latency * 1000), "--registry", registry]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _certificates() -> Path | None:
    named = os.environ.get("PIP_CERT") or os.environ.get("REWHEEL_CERT")
    return Path(named) if named else None


async def _run(shelf: Shelf, latency: float, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Connection, shelf, latency), "127.0.0.1", port, backlog=512)
    shelf.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(f"{shelf.base}/simple/\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A PyPI-shaped index on this computer.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--registry", default=REGISTRY)
    parser.add_argument("--latency", type=float, default=LATENCY * 1000, help="milliseconds")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(Shelf(given.folder, given.registry), given.latency / 1000, given.port))


if __name__ == "__main__":
    main()
