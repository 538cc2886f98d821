"""An index on 127.0.0.1 that takes uploads, with manners and faults that the test chooses."""

import base64
import email.parser
import email.policy
import hashlib
import html
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

__all__ = ["Answer", "Upload", "UploadServer"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload as it arrived: the fields of the form, repeated ones as lists, and the file."""

    fields: dict[str, list[str]]
    filename: str
    content: bytes
    login: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the server answers one upload instead of taking it."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    keeps: bool = False
    """Whether the file is kept all the same."""
    drops: bool = False
    """Hang up without an answer."""
    early: bool = False
    """Answer and hang up before the body has arrived."""


class UploadServer:
    """Takes uploads at `/legacy/` and lists them below `/simple/`; a context manager.

    `answers` are for the next uploads, one each; afterwards everything is taken that is not there yet.
    With `login`, others are refused; without `takes_index_files` so is what is no distribution.
    """

    def __init__(
        self,
        *,
        answers: Sequence[Answer] = (),
        login: tuple[str, str] | None = None,
        takes_index_files: bool = False,
        lists_hashes: bool = True,
        private: bool = False,
    ) -> None:
        self.answers = list(answers)
        self.login = login
        self.takes_index_files = takes_index_files
        self.lists_hashes = lists_hashes
        self.private = private
        self.uploads: list[Upload] = []
        self.files: dict[str, bytes] = {}
        self.page_logins: list[tuple[str, str] | None] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where to upload to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/legacy/"

    @property
    def simple_url(self) -> str:
        """Where the files are listed."""
        return self.url.replace("/legacy/", "/simple/")

    def take(self, upload: Upload) -> Answer:
        """Decide over one upload."""
        self.uploads.append(upload)
        if self.login is not None and upload.login != self.login:
            return Answer(status=403, body=f"invalid login {upload.login and upload.login[1]}")
        if self.answers:
            answer = self.answers.pop(0)
            if answer.keeps:
                self.files[upload.filename] = upload.content
            return answer
        if upload.filename.endswith(".json") and not self.takes_index_files:
            return Answer(
                status=400, body="<html><head><title>no</title></head><b>not a distribution</b></html>"
            )
        if upload.filename in self.files:
            return Answer(status=400, body="File already exists")
        self.files[upload.filename] = upload.content
        return Answer()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: UploadServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_POST(self) -> None:
        owner = self.server.owner
        if owner.answers and owner.answers[0].early:
            self._answer(owner.answers.pop(0))
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = owner.take(self._upload(body))
        if answer.drops:
            self.close_connection = True
            return
        self._answer(answer)

    def do_GET(self) -> None:
        owner = self.server.owner
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/files/"):
            content = owner.files.get(path.removeprefix("/files/"))
            self._send(404 if content is None else 200, content or b"", "application/octet-stream")
            return
        owner.page_logins.append(self._login())
        if owner.private and self._login() != owner.login:
            self._send(401, b"", "text/plain")
            return
        project = path.removeprefix("/simple/").strip("/")
        names = [name for name in owner.files if name.lower().replace("_", "-").startswith(f"{project}-")]
        links = "".join(self._link(name) for name in names)
        self._send(
            200 if names else 404, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html"
        )

    def _link(self, name: str) -> str:
        owner = self.server.owner
        fragment = f"#sha256={hashlib.sha256(owner.files[name]).hexdigest()}" if owner.lists_hashes else ""
        return f'<a href="/files/{html.escape(name)}{fragment}">{html.escape(name)}</a>'

    def _upload(self, body: bytes) -> Upload:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields: dict[str, list[str]] = {}
        filename, content = "", b""
        for part in message.iter_parts():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            if part.get_filename():
                filename, content = str(part.get_filename()), payload
            else:
                name = str(part.get_param("name", header="content-disposition"))
                fields.setdefault(name, []).append(payload.decode())
        return Upload(fields, filename, content, self._login())

    def _login(self) -> tuple[str, str] | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password

    def _answer(self, answer: Answer) -> None:
        self._send(answer.status, answer.body.encode(), "text/html", answer.headers)

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
