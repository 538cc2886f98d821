"""Answers that are bytes in memory, and refusals as text, straight to the web server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from rewheel.server.errors import Refused

__all__ = ["Answer", "header", "refusal", "text_answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; as an ASGI application it sends itself, without its body to a HEAD."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = field(default_factory=tuple)
    """With lowercase names; the length is added."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        del receive
        headers = list(self.headers)
        if self.status != 304:
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def text_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return words for a person who looks at what a tool prints."""
    lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    lines.append((b"content-type", b"text/plain; charset=utf-8"))
    return Answer(status, f"{text}\n".encode(), lines)


def refusal(refused: Refused) -> Answer:
    """Return a refusal as text."""
    return text_answer(refused.status, refused.text, refused.headers)


def header(scope: Scope, name: bytes) -> str:
    """Return a header of a request, empty if it is not there; several of one name are joined."""
    found: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return b", ".join(found).decode("latin-1") if found else ""
