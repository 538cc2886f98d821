"""HTTP/1.1 as it goes over a connection: requests are written, answers are read, within limits.

The standard library's client reads the head of an answer as that of a mail, which takes longer than all else
that a small answer costs, and longer to load than the rest of this room. What it lets pass and what could be
understood in two ways (RFC 9112, message body length) is refused here.
"""

import re
import socket
import time
from collections.abc import Iterable, Mapping

__all__ = ["Answer", "ProtocolError", "Wire"]

_PIECE = 64 * 1024
"""Bytes that are received at once as long as it is not known how many there are."""
_LARGEST_HEAD = 128 * 1024
_MOST_HEADERS = 200
_MOST_INTERIM = 20
"""Answers before the answer, such as those that name what else the server will be asked for."""
_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.(\d) +([1-9]\d\d)(?: +(.*))?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\0\r\n]")
_TARGET = re.compile(r"[!-~]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n")
_LONGEST_LINE = 16 * 1024
_LINE_ENDS = (b"\r\n", b"\n")
_BODILESS = frozenset({204, 304})


class ProtocolError(ValueError):
    """What came is no valid HTTP; the message is a sentence fragment."""


class Wire:
    """One end of a connection, used by one thread at a time. Raises OSError, or ProtocolError."""

    __slots__ = ("_at", "_received", "sock")

    def __init__(self, sock: socket.socket) -> None:
        """Take an open connection, whose timeout holds for every wait for the other side."""
        self.sock = sock
        self._received = b""
        """What has come, of which `_at` bytes are given away already."""
        self._at = 0

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: Iterable[bytes] = ()) -> None:
        """Send a request. Raises ValueError for what has no place in one, before anything is sent."""
        lines = [f"{method} {target} HTTP/1.1"]
        if not _TARGET.fullmatch(target):
            raise ValueError("not a target of a request")
        for name, value in headers.items():
            if _FORBIDDEN.search(value):
                raise ValueError(f"the value of {name} cannot be sent")
            lines.append(f"{name}: {value}")
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        for piece in body:
            self.sock.sendall(piece)

    def answer(self, *, patience: float) -> "Answer":
        """Read the head of the answer, which must be here within so many seconds."""
        deadline = time.monotonic() + patience
        for _ in range(_MOST_INTERIM):
            answer = Answer(self, self._head(deadline))
            if answer.status >= 200 or answer.status == 101:
                return answer
        raise ProtocolError("there is no end of interim answers")

    def _head(self, deadline: float) -> bytes:
        """Give what comes before the first empty line."""
        looked_at = self._at
        while not (end := _HEAD_END.search(self._received, looked_at)):
            if len(self._received) - self._at > _LARGEST_HEAD:
                raise ProtocolError("its head is too large")
            if time.monotonic() > deadline:
                raise TimeoutError
            looked_at = max(len(self._received) - self._at - 2, 0)
            self._receive_more()
        head = self._received[self._at : end.start()]
        self._at = end.end()
        return head

    def receive(self, amount: int) -> bytes:
        """Give at most `amount` bytes of what comes, nothing once the other side has hung up."""
        if self._at < len(self._received):
            piece = self._received[self._at : self._at + amount]
            self._at += len(piece)
            return piece
        return self.sock.recv(amount)

    def receive_line(self) -> bytes:
        """Give a line with its end."""
        while (end := self._received.find(b"\n", self._at) + 1) == 0:
            if len(self._received) - self._at > _LONGEST_LINE:
                raise ProtocolError("a line between its pieces is too long")
            self._receive_more()
        line = self._received[self._at : end]
        self._at = end
        return line

    def _receive_more(self) -> None:
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise ConnectionResetError("the server hung up")
        self._received = self._received[self._at :] + piece
        self._at = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that nobody has asked for."""
        return self._at == len(self._received)


class Answer:
    """The head of an answer, and its body as it comes."""

    __slots__ = (
        "_between",
        "_is_chunked",
        "_left",
        "_wire",
        "headers",
        "is_complete",
        "length",
        "reason",
        "status",
        "will_close",
    )

    def __init__(self, wire: Wire, head: bytes) -> None:
        self._wire = wire
        first, *lines = head.split(b"\n")
        found = _STATUS.fullmatch(first.rstrip(b"\r"))
        if found is None:
            raise ProtocolError("it does not begin as one")
        self.status = int(found[2])
        self.reason = (found[3] or b"").decode("latin-1").strip()
        self.headers = _headers(lines)
        """Names are in lower case."""
        connection = self.headers.get("connection", "").lower()
        self.will_close = "close" in connection or (found[1] == b"0" and "keep-alive" not in connection)
        encoding = self.headers.get("transfer-encoding", "").lower()
        if encoding not in {"", "identity", "chunked"}:
            raise ProtocolError("its transfer encoding was not asked for")
        self._is_chunked = encoding == "chunked"
        self.length: int | None = None
        """Bytes of the body as it is sent, if the server says so."""
        if self.status in _BODILESS or self.status < 200:
            self._is_chunked, self.length = False, 0
        elif not self._is_chunked:
            self.length = _content_length(self.headers.get("content-length"))
            self.will_close = self.will_close or self.length is None
        elif "content-length" in self.headers:
            self.will_close = True  # two lengths: whoever is between us and the server may see two answers
        self._left = self.length or 0
        """Bytes that are still to come of the body, or of its present piece."""
        self._between = False
        """Whether the end of a piece is to come before the next."""
        self.is_complete = self.length == 0

    def read(self, amount: int) -> bytes:
        """Give at most `amount` bytes of the body as they come, nothing when it is complete.

        Nothing comes either of a body that ends before the length that was told: it is not complete then.
        """
        if self.is_complete or (self._is_chunked and not self._left and not self._next_piece()):
            return b""
        is_bounded = self._is_chunked or self.length is not None
        data = self._wire.receive(min(amount, self._left) if is_bounded else amount)
        if not is_bounded:
            self.is_complete = not data
        elif data:
            self._left -= len(data)
            self.is_complete = not (self._left or self._is_chunked)
        elif self._is_chunked:
            raise ConnectionResetError("the server hung up")
        return data

    @property
    def leaves_room(self) -> bool:
        """Whether another request can follow on this connection."""
        return self.is_complete and not self.will_close and self._wire.is_quiet

    def _next_piece(self) -> bool:
        """Read how long the next piece of the body is; false if there is none."""
        if self._between and self._wire.receive_line() not in _LINE_ENDS:
            raise ProtocolError("a piece is longer than it says")
        self._between = True
        found = _CHUNK_SIZE.fullmatch(self._wire.receive_line())
        if found is None:
            raise ProtocolError("the size of a piece is none")
        self._left = int(found[1], 16)
        if self._left:
            return True
        for _ in range(_MOST_HEADERS):  # more headers may follow, which nobody needs
            if self._wire.receive_line() in _LINE_ENDS:
                self.is_complete = True
                return False
        raise ProtocolError("it has too many headers")


def _headers(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > _MOST_HEADERS:
        raise ProtocolError("it has too many headers")
    headers: dict[str, str] = {}
    key = ""
    for line in lines:
        if line[:1] in {b" ", b"\t"} and key:  # the rest of the line before, as it was done once
            headers[key] = f"{headers[key]} {line.decode('latin-1').strip()}"
            continue
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise ProtocolError("one of its headers is none")
        key = name.decode("ascii").lower()
        text = value.decode("latin-1").strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _content_length(text: str | None) -> int | None:
    """Read the length; one that is given twice must be the same."""
    if text is None:
        return None
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdecimal() and len(length) < 19):
        raise ProtocolError("its length is none")
    return int(length)
