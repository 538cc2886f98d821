"""A plain client of Upload 2.0 (PEP 694), which shows tests every answer as it is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.server import Reply, RunningServer

__all__ = ["Uploader"]

TYPE = "application/vnd.pypi.upload.v2+json"
META = {"api-version": "2.0"}


@dataclass(frozen=True)
class Uploader:
    """Somebody with a token."""

    server: RunningServer
    token: str

    def send(self, method: str, url: str, document: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """Send a document, with the envelope that every request has."""
        parts = urlsplit(url)
        path = parts.path if parts.netloc else url
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if document is not None:
            sent = {"Content-Type": TYPE, **sent}
            body = json.dumps({"meta": META, **document}).encode()
        return self.server.request(method, path, body, sent, token=self.token)

    def create(self, name: str, version: str = "1.0") -> Reply:
        """Ask for a session."""
        return self.send("POST", "/upload/", {"name": name, "version": version})

    def session(self, name: str, version: str = "1.0") -> dict[str, Any]:
        """Begin a session."""
        reply = self.create(name, version)
        assert reply.status == 201, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def begin(self, session: Mapping[str, Any], path: Path, **changes: Any) -> Reply:
        """Ask for room for a file."""
        content = path.read_bytes()
        document = {
            "filename": path.name,
            "size": len(content),
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "mechanism": "http-post-bytes",
            **changes,
        }
        return self.send("POST", session["links"]["upload"], document)

    def send_bytes(self, file: Mapping[str, Any], content: bytes) -> Reply:
        """Send the bytes of a file."""
        path = urlsplit(file["mechanism"]["file_url"]).path
        headers = {"Content-Type": "application/octet-stream"}
        return self.server.request("POST", path, content, headers, token=self.token)

    def complete(self, file: Mapping[str, Any]) -> Reply:
        """Say that all of a file has been sent."""
        return self.send("POST", file["links"]["complete"], {})

    def add(self, session: Mapping[str, Any], path: Path, **changes: Any) -> dict[str, Any]:
        """Upload a file from beginning to end."""
        begun = self.begin(session, path, **changes)
        assert begun.status == 202, begun.text
        sent = self.send_bytes(begun.json(), path.read_bytes())
        assert sent.status == 204, sent.text
        completed = self.complete(begun.json())
        assert completed.status == 201, completed.text
        found: dict[str, Any] = completed.json()
        return found

    def status(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """Look at a session."""
        reply = self.send("GET", session["links"]["session"])
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def publish(self, session: Mapping[str, Any], **headers: str) -> Reply:
        """Publish a session."""
        return self.send("POST", session["links"]["publish"], {}, **headers)

    def manage(self, method: str, path: str, **document: Any) -> Reply:
        """Ask the management interface."""
        body = json.dumps(document).encode() if document else None
        headers = {"Content-Type": "application/json"} if document else {}
        return self.server.request(method, f"/api/{path}", body, headers, token=self.token)

    def friend(self, account: str, **scopes: Any) -> "Uploader":
        """Make a token for another account; only administrators can."""
        reply = self.manage("POST", "tokens", name="test", account=account, **scopes)
        assert reply.status == 200, reply.text
        return Uploader(self.server, reply.json()["secret"])
