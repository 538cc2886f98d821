"""A small web server for one folder, on this machine only, with what package installers ask for.

It knows the parts of HTTP that a static index needs: partial content, so that an installer can read one
member of a wheel, and the choice between the HTML and the JSON form of a page.
"""

import mimetypes
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = ["serve"]

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "application/vnd.pypi.simple.v1+html"
_CHUNK = 1 << 20


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Serve `directory` on a free port of 127.0.0.1 meanwhile; gives the URL of its root, with a final slash.

    Requests are answered by threads that end with the context.
    """

    class Handler(_Handler):
        root = directory.resolve()

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="rewheel-demo", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """Listens without asking for the computer's name, and does not speak of clients that hang up."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind as any TCP server: HTTPServer would wait for an answer from the name service."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client's own message tells what went wrong."""


class _Range(NamedTuple):
    start: int
    length: int


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files below `root`."""

    root: Path
    protocol_version = "HTTP/1.1"
    server_version = "rewheel-demo"
    sys_version = ""
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Send the file, or the part of it that is asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what would come before the file."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the demo speaks through the commands that it runs."""

    def _answer(self, *, with_body: bool) -> None:
        path = self._find(unquote(urlsplit(self.path).path))
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        if path.is_dir():
            if not urlsplit(self.path).path.endswith("/"):
                self._refuse(HTTPStatus.MOVED_PERMANENTLY, {"Location": urlsplit(self.path).path + "/"})
                return
            path /= "index.json" if self._wants_json() else "index.html"
        try:
            stream = path.open("rb")
        except OSError:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        with stream:
            self._send(path, stream, with_body=with_body)

    def _find(self, path: str) -> Path | None:
        """Return the file or folder that `path` names, if it lies below the root."""
        if "\0" in path or "\\" in path:
            return None
        found = self.root.joinpath(*(part for part in path.split("/") if part)).resolve()
        return found if found.is_relative_to(self.root) and found.exists() else None

    def _wants_json(self) -> bool:
        """Tell whether the client accepts JSON and does not put HTML before it."""
        weights = {"json": 0.0, "html": 0.0}
        for item in self.headers.get("Accept", "").split(","):
            kind, _, parameters = item.strip().partition(";")
            match = re.search(r"\bq=([0-9.]{1,5})", parameters)
            try:
                weight = float(match[1]) if match else 1.0
            except ValueError:
                weight = 0.0
            if kind == _JSON:
                weights["json"] = weight
            elif kind in {_HTML, "text/html"}:
                weights["html"] = max(weights["html"], weight)
        return weights["json"] > 0 and weights["json"] >= weights["html"]

    def _send(self, path: Path, stream: BinaryIO, *, with_body: bool) -> None:
        stat = path.stat()
        size = stat.st_size
        etag = f'"{stat.st_mtime_ns:x}-{size:x}"'
        part = self._range(size, etag)
        headers = {
            "Content-Type": _content_type(path),
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Vary": "Accept",
        }
        if part is None and self.headers.get("If-None-Match") == etag:
            self._refuse(HTTPStatus.NOT_MODIFIED, {"ETag": etag})
            return
        if part is not None and part.length <= 0:
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"})
            return
        self.send_response(HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT)
        if part is None:
            part = _Range(0, size)
        else:
            headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(part.length))
        self.end_headers()
        if with_body:
            self._copy(stream, part)

    def _range(self, size: int, etag: str) -> _Range | None:
        """Return the one range that is asked for; None means the whole file, as for several ranges."""
        if self.headers.get("If-Range", etag) != etag:
            return None
        match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", self.headers.get("Range", "").strip())
        if match is None or match[0] == "bytes=-":
            return None
        first, last = match[1], match[2]
        if not first:
            length = min(int(last), size)
            return _Range(size - length, length)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None  # RFC 9110: such a range is invalid and to be ignored
        return _Range(int(first), end - int(first) + 1)

    def _copy(self, stream: BinaryIO, part: _Range) -> None:
        stream.seek(part.start)
        left = part.length
        try:
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                self.wfile.write(chunk)
                left -= len(chunk)
        except ConnectionError:
            self.close_connection = True  # a client that has read enough may hang up
        if left > 0:
            self.close_connection = True  # the file shrank meanwhile: the announced length cannot be kept

    def _refuse(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", "0")
        self.end_headers()


def _content_type(path: Path) -> str:
    if path.parent.parent.name == "simple" or path.parent.name == "simple":
        return {".json": _JSON, ".html": _HTML}.get(path.suffix, "application/octet-stream")
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
