"""A real package index on 127.0.0.1 whose manners and faults are chosen by the test."""

import base64
import contextlib
import dataclasses
import fnmatch
import gzip
import hashlib
import html
import json
import re
import socket
import socketserver
import ssl
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote, unquote, urlsplit

__all__ = ["HTML", "JSON", "Fault", "IndexServer", "RecordedRequest", "Response"]

HTML = "application/vnd.pypi.simple.v1+html"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong at a path; the parts combine, and only the first `times` requests suffer if given."""

    status: int = 0
    """Answer with this status and a short text instead of the content."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Extra headers, such as `Retry-After`."""
    body: bytes | None = None
    """Send these bytes, with a matching length, instead of the right ones."""
    truncate: int | None = None
    """Announce the whole length but hang up after this many bytes of the body."""
    stall: float = 0.0
    """Seconds to say nothing in after the truncated body, before hanging up."""
    drop: bool = False
    """Hang up without any answer."""
    delay: float = 0.0
    """Seconds to wait before the answer."""
    times: int | None = None
    """How many requests are hit before the path works again; None hits all of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it arrived; `headers` has lower-case names, `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclasses.dataclass(slots=True)
class Response:
    """A raw answer that a test puts at a path, whatever it means."""

    body: bytes = b""
    content_type: str = "text/html"
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class IndexServer:
    """Serves the files of directories as an index; a context manager.

    `simple_url` is the index in the format that the client accepts (`formats` limits it), `links_url` one
    HTML page with every file, for `--find-links`, and files lie below `/files/`. Directories are read at
    each request, so a test may add wheels while the server runs. Attributes may be changed while it runs:

    - `ranges`, `suffix_ranges`: whether partial requests (and those for the last bytes) are answered;
    - `metadata`: whether wheels offer their METADATA beside them; `hashes`: whether links have hashes;
    - `etag`, `last_modified`: whether validators are sent and honoured; `cache_control`: value to send;
    - `compress`: whether pages are gzipped for clients that accept it;
    - `auth`: user name and password that every request must have;
    - `yanked`, `requires_python`: by file name; `index_files`: whether `*-variants.json` are listed;
    - `faults`: by path or pattern of it, the first match counts; `responses`: raw answers by exact path;
      `redirects`: exact path or prefix that ends in "/" to a URL or path.
    """

    def __init__(
        self,
        *directories: Path,
        formats: Sequence[Literal["json", "html"]] = ("json", "html"),
        ranges: bool = True,
        suffix_ranges: bool = True,
        metadata: bool = True,
        hashes: bool = True,
        etag: bool = False,
        last_modified: bool = False,
        cache_control: str = "",
        compress: bool = False,
        auth: tuple[str, str] | None = None,
        yanked: Mapping[str, str] | None = None,
        requires_python: Mapping[str, str] | None = None,
        index_files: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.directories = list(directories)
        self.formats = tuple(formats)
        self.ranges = ranges
        self.suffix_ranges = suffix_ranges
        self.metadata = metadata
        self.hashes = hashes
        self.etag = etag
        self.last_modified = last_modified
        self.cache_control = cache_control
        self.compress = compress
        self.auth = auth
        self.yanked: dict[str, str] = dict(yanked or {})
        self.requires_python: dict[str, str] = dict(requires_python or {})
        self.index_files = index_files
        self.faults: dict[str, Fault] = {}
        self.responses: dict[str, Response] = {}
        self.redirects: dict[str, str] = {}
        self.requests: list[RecordedRequest] = []
        self.connections = 0
        self._tls = tls
        self._lock = threading.Lock()
        self._hits: dict[str, int] = {}
        self._digests: dict[tuple[str, int, int], str] = {}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to serve on a free port."""
        self._server = _Server(self, self._tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self.stop()

    def stop(self) -> None:
        """Stop serving and hang up on everyone; further requests are refused. May be called twice."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        self._thread = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        assert self._server is not None, "the server was not started"
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Scheme, host and port, without a trailing slash."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def simple_url(self) -> str:
        """What `--index-url` takes."""
        return f"{self.url}/simple/"

    @property
    def links_url(self) -> str:
        """What `--find-links` takes."""
        return f"{self.url}/links/"

    def file_url(self, filename: str) -> str:
        """Where a file is served."""
        return f"{self.url}/files/{quote(filename)}"

    def paths(self, method: str = "") -> list[str]:
        """Give the paths requested so far, in order of arrival; of one method if it is given."""
        return [r.path for r in self.requests if not method or r.method == method]

    def count(self, pattern: str) -> int:
        """Count the requests so far whose path matches the pattern (`*` matches anything)."""
        return sum(fnmatch.fnmatchcase(path, pattern) for path in self.paths())

    def forget(self) -> None:
        """Forget the recorded requests, connections and how often each fault has struck."""
        with self._lock:
            self.requests.clear()
            self._hits.clear()
            self.connections = 0

    # What the handler asks for.

    def record(self, request: RecordedRequest) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)

    def fault_at(self, path: str) -> Fault | None:
        """Find what goes wrong at this path this time."""
        with self._lock:
            for pattern, fault in self.faults.items():
                if path == pattern or fnmatch.fnmatchcase(path, pattern):
                    hits = self._hits[pattern] = self._hits.get(pattern, 0) + 1
                    if fault.times is None or hits <= fault.times:
                        return fault
        return None

    def redirect_of(self, path: str) -> str:
        """Find where a path has moved to; empty if it has not."""
        for prefix, goal in self.redirects.items():
            if path == prefix:
                return goal
            if prefix.endswith("/") and path.startswith(prefix):
                return goal + path[len(prefix) :]
        return ""

    def find(self, filename: str) -> Path | None:
        """Find a served file by its name."""
        return next((path for path in self._files() if path.name == filename), None)

    def page(self, path: str, accept: str) -> Response | None:
        """Make the page for a path below `/simple/` or `/links/`; None if there is none."""
        if path == "/links/":
            return Response(self._html("Links", list(self._files())), "text/html")
        kind = self._negotiate(accept)
        if path == "/simple/":
            names = sorted({_project_of(file.name) for file in self._files()})
            if kind == "json":
                document = {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in names]}
                return Response(json.dumps(document).encode(), JSON)
            links = "".join(f'<a href="/simple/{name}/">{name}</a><br/>\n' for name in names)
            return Response(_document("Simple index", links), HTML)
        match = re.fullmatch(r"/simple/([^/]+)/", path)
        files = [file for file in self._files() if match and _project_of(file.name) == match[1]]
        if match is None or not files:
            return None
        if kind == "json":
            document = {
                "meta": {"api-version": "1.1"},
                "name": match[1],
                "versions": sorted({_version_of(file.name) for file in files}),
                "files": [self._entry(file) for file in files],
            }
            return Response(json.dumps(document).encode(), JSON)
        return Response(self._html(f"Links for {match[1]}", files), HTML)

    def _negotiate(self, accept: str) -> str:
        if len(self.formats) == 1:
            return self.formats[0]
        return "json" if JSON in accept or "application/json" in accept else "html"

    def _files(self) -> Iterator[Path]:
        for directory in self.directories:
            for path in sorted(directory.iterdir()):
                listed = path.name.endswith((".whl", ".whlx", ".tar.gz", ".zip"))
                if listed or (self.index_files and path.name.endswith("-variants.json")):
                    yield path

    def _digest(self, path: Path) -> str:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        if key not in self._digests:
            self._digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[key]

    def _metadata_digest(self, path: Path) -> str:
        data = read_metadata_member(path) if self.metadata and path.suffix == ".whl" else None
        return hashlib.sha256(data).hexdigest() if data is not None else ""

    def _entry(self, path: Path) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "filename": path.name,
            "url": f"/files/{quote(path.name)}",
            "hashes": {"sha256": self._digest(path)} if self.hashes else {},
            "size": path.stat().st_size,
        }
        if path.name in self.requires_python:
            entry["requires-python"] = self.requires_python[path.name]
        if path.name in self.yanked:
            entry["yanked"] = self.yanked[path.name] or True
        if digest := self._metadata_digest(path):
            entry["core-metadata"] = {"sha256": digest} if self.hashes else True
        return entry

    def _html(self, title: str, files: Sequence[Path]) -> bytes:
        links = []
        for path in files:
            attributes = ""
            if path.name in self.requires_python:
                attributes += f' data-requires-python="{html.escape(self.requires_python[path.name])}"'
            if path.name in self.yanked:
                attributes += f' data-yanked="{html.escape(self.yanked[path.name])}"'
            if digest := self._metadata_digest(path):
                attributes += f' data-core-metadata="{f"sha256={digest}" if self.hashes else "true"}"'
            fragment = f"#sha256={self._digest(path)}" if self.hashes else ""
            target = f"/files/{quote(path.name)}{fragment}"
            links.append(f'<a href="{target}"{attributes}>{html.escape(path.name)}</a><br/>\n')
        return _document(title, "".join(links))


def read_metadata_member(path: Path) -> bytes | None:
    """Read METADATA of a wheel; None if it is no readable wheel."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".dist-info/METADATA"):
                    return archive.read(name)
    except (OSError, zipfile.BadZipFile):
        pass
    return None


def _document(title: str, links: str) -> bytes:
    return (
        "<!DOCTYPE html>\n<html><head>"
        '<meta name="pypi:repository-version" content="1.1">'
        f"<title>{html.escape(title)}</title></head>\n<body>\n{links}</body></html>\n"
    ).encode()


def _project_of(filename: str) -> str:
    stem = filename.removesuffix(".tar.gz").removesuffix(".zip")
    name = filename.partition("-")[0] if stem == filename else stem.rpartition("-")[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def _version_of(filename: str) -> str:
    stem = filename.removesuffix(".tar.gz").removesuffix(".zip")
    return filename.split("-")[1] if stem == filename else stem.rpartition("-")[2]


class _Server(ThreadingHTTPServer):
    """The listening socket; keeps hold of the connections in order to hang up on them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, index: IndexServer, tls: ssl.SSLContext | None) -> None:
        self.index = index
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)
        self._tls = tls

    def server_bind(self) -> None:
        """Bind without asking the resolver for a host name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection; the TLS handshake belongs to its thread."""
        self.index.connections += 1
        connection = self._tls.wrap_socket(request, server_side=True) if self._tls else request
        self._open.add(connection)
        try:
            _Handler(connection, client_address, self)
        finally:
            self._open.discard(connection)
            if connection is not request:
                connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of these tests hang up on purpose."""

    def hang_up(self) -> None:
        """End all open connections."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection with keep-alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 30
    headers: Message

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent; requests are recorded instead."""

    def do_GET(self) -> None:
        """Answer with the body."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer()

    @property
    def _index(self) -> IndexServer:
        assert isinstance(self.server, _Server)
        return self.server.index

    def _answer(self) -> None:
        index = self._index
        headers = {name.lower(): value for name, value in self.headers.items()}
        index.record(RecordedRequest(self.command, self.path, headers))
        path = unquote(urlsplit(self.path).path)
        fault = index.fault_at(path)
        if fault is not None:
            if fault.delay:
                time.sleep(fault.delay)
            if fault.drop:
                self.close_connection = True
                return
            if fault.status:
                self._send(Response(b"as asked\n", "text/plain", fault.status, fault.headers), None)
                return
        self._send(self._find(path, headers), fault)

    def _find(self, path: str, headers: Mapping[str, str]) -> Response:
        index = self._index
        if index.auth is not None:
            token = base64.b64encode(":".join(index.auth).encode()).decode()
            if headers.get("authorization") != f"Basic {token}":
                return Response(
                    b"who are you?\n", "text/plain", 401, {"WWW-Authenticate": 'Basic realm="index"'}
                )
        if path in index.responses:
            return index.responses[path]
        if goal := index.redirect_of(path):
            return Response(b"", "text/plain", 302, {"Location": goal})
        if path.startswith("/files/"):
            return self._file(path.removeprefix("/files/"), headers)
        page = index.page(path, headers.get("accept", ""))
        if page is None:
            return Response(b"not found\n", "text/plain", 404)
        page.headers = {**page.headers, "Vary": "Accept"}
        return self._conditional(page, headers, modified=None)

    def _file(self, name: str, headers: Mapping[str, str]) -> Response:
        file = self._index.find(name)
        if file is not None:
            response = Response(file.read_bytes(), "application/octet-stream")
            return self._conditional(response, headers, modified=file.stat().st_mtime)
        wheel = self._index.find(name.removesuffix(".metadata"))
        if wheel is not None and self._index.metadata and (data := read_metadata_member(wheel)) is not None:
            return Response(data, "text/plain; charset=UTF-8")
        return Response(b"not found\n", "text/plain", 404)

    def _conditional(
        self, response: Response, headers: Mapping[str, str], modified: float | None
    ) -> Response:
        """Add validators, then answer 304 or a part where that is asked for."""
        index = self._index
        extra = dict(response.headers)
        if index.etag:
            extra["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:16]}"'
        if index.last_modified and modified is not None:
            extra["Last-Modified"] = formatdate(modified, usegmt=True)
        if index.cache_control:
            extra["Cache-Control"] = index.cache_control
        response.headers = extra
        if "ETag" in extra and headers.get("if-none-match") == extra["ETag"]:
            return Response(b"", response.content_type, 304, extra)
        if "Last-Modified" in extra and headers.get("if-modified-since") == extra["Last-Modified"]:
            return Response(b"", response.content_type, 304, extra)
        if modified is not None and index.ranges:
            extra["Accept-Ranges"] = "bytes"
            validator = headers.get("if-range")
            if "range" in headers and validator in {None, extra.get("ETag"), extra.get("Last-Modified")}:
                return self._part(response, headers["range"])
        if modified is None and index.compress and "gzip" in headers.get("accept-encoding", ""):
            extra["Content-Encoding"] = "gzip"
            response.body = gzip.compress(response.body)
        return response

    def _part(self, response: Response, wanted: str) -> Response:
        size = len(response.body)
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
        if match is None or not (match[1] or match[2]):
            return response
        if not match[1]:
            if not self._index.suffix_ranges:
                return Response(b"", "text/plain", 416, {"Content-Range": f"bytes */{size}"})
            start, end = max(0, size - int(match[2])), size - 1
        else:
            start, end = int(match[1]), min(size - 1, int(match[2]) if match[2] else size - 1)
        if start > end:
            return Response(b"", "text/plain", 416, {"Content-Range": f"bytes */{size}"})
        headers = {**response.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
        return Response(response.body[start : end + 1], response.content_type, 206, headers)

    def _send(self, response: Response, fault: Fault | None) -> None:
        body = response.body if fault is None or fault.body is None else fault.body
        self.send_response(response.status, HTTPStatus(response.status).phrase)
        for name, value in {**response.headers, **(fault.headers if fault else {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        if response.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is not None and fault.truncate is not None:
            body = body[: fault.truncate]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
        if fault is not None and fault.stall:
            time.sleep(fault.stall)
