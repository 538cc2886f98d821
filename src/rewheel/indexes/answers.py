"""What a server answers: a status, headers, and a body that may come slowly, damaged or only in part."""

import socket
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from rewheel.indexes.connections import Connection, Connections
from rewheel.indexes.decoding import Decoder, DecodingError
from rewheel.indexes.errors import FetchError, Interrupted, NotFound, TooLarge
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.wire import Answer, ProtocolError
from rewheel.values import frozen

__all__ = ["PATIENCE", "RETRIED", "Response", "Stream", "check", "hint_of", "is_final", "reason_of"]

RETRIED = frozenset({429, 500, 502, 503, 504})
"""Answers that may be others the next time."""
_CHUNK = 256 * 1024
_DRAINED = 64 * 1024
"""Bytes of an unwanted answer that are read to save the connection; a larger one costs a connection."""
PATIENCE = 20
"""A whole small answer may take this many timeouts; else a server could drip bytes and hold us for ever."""


@frozen
class Response:
    """A complete answer; header names are in lower case, `url` is where it came from after redirects."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes
    reason: str = ""
    """The words beside the status, which some servers explain themselves with."""


class Stream:
    """An answer whose body is still to be read. A context manager; used by one thread."""

    def __init__(
        self,
        connection: Connection,
        answer: Answer,
        url: str,
        connections: Connections,
        settings: HttpSettings,
    ) -> None:
        self.status = answer.status
        self.reason = answer.reason
        self.url = url
        self.headers: Mapping[str, str] = answer.headers
        self._connection: Connection | None = connection
        self._connections = connections
        self._answer = answer
        self._deadline = time.monotonic() + PATIENCE * settings.timeout
        self.length = answer.length
        """Bytes of the body as it is sent, if the server says so."""
        self._left = self.length

    def __enter__(self) -> Self:
        """Give the stream itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def chunks(self) -> Iterator[bytes]:
        """Give the body as it comes, undecoded. Raises Interrupted if it ends too early."""
        while True:
            data = self._take(_CHUNK)
            if not data:
                return
            yield data

    def read(self, limit: int) -> bytes:
        """Read the whole body and decode it. Raises TooLarge, Interrupted or FetchError."""
        if self.length is not None and self.length > limit:
            raise TooLarge(self.url, limit)
        parts = []
        try:
            decoder = Decoder(self.headers.get("content-encoding", ""), limit)
            for chunk in self.chunks():
                parts.append(decoder.feed(chunk))
                if time.monotonic() > self._deadline:
                    raise FetchError(self.url, "the answer came too slowly")
            decoder.finish()
        except DecodingError as error:
            raise FetchError(self.url, str(error), status=self.status) from error
        except OverflowError as error:
            raise TooLarge(self.url, limit) from error
        return b"".join(parts)

    def close(self) -> None:
        """Let go of the connection; it is kept if little or nothing of the answer is left unread."""
        if self._connection is None:
            return
        if self._left is not None and 0 < self._left <= _DRAINED:
            try:
                while self._take(_DRAINED):
                    pass
            except Interrupted:
                return
        self._release()

    def _take(self, amount: int) -> bytes:
        if self._connection is None:
            return b""
        if self._left is not None:
            amount = min(amount, self._left)
        try:
            # What has arrived, rather than waiting for the whole amount: a slow server must not go unnoticed.
            data = self._answer.read(amount) if amount else b""
        except (OSError, ValueError) as error:
            self._release()
            raise Interrupted(self.url, reason_of(error), status=self.status) from error
        if self._left is not None:
            self._left -= len(data)
        if not data:
            if self._left:
                missing = self._left
                self._release()
                raise Interrupted(
                    self.url, f"the answer ended {missing:,} bytes too early", status=self.status
                )
            self._release()
        return data

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._answer.leaves_room:
            self._connections.give_back(connection)
        else:
            connection.close()


def check(response: Response | Stream) -> None:
    """Raise NotFound or FetchError unless the answer is a success."""
    status = response.status
    if 200 <= status < 300:
        return
    if status in {404, 410}:
        raise NotFound(response.url, f"not found ({status})", status=status)
    phrase = _phrase(status)
    hint = ""
    if status in {401, 403, 407}:
        hint = "give credentials in the URL (https://user:password@host/…), in the netrc file or in a keyring"
    elif status in RETRIED:
        hint = "the server has a problem of its own: try again later"
    raise FetchError(response.url, f"the server answered {status} ({phrase})", status=status, hint=hint)


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def is_final(error: OSError) -> bool:
    """Tell failures that stay: an unknown host, a certificate that does not fit."""
    if isinstance(error, socket.gaierror):
        return error.errno != socket.EAI_AGAIN
    return _is_distrust(error)


def _is_distrust(error: Exception) -> bool:
    """Tell an untrusted certificate, without loading the TLS module for plain connections."""
    return type(error).__name__ == "SSLCertVerificationError"


def reason_of(error: Exception) -> str:
    """Say in words what the operating system or the library says in its own."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "the host's name is unknown, or names cannot be resolved"
    if _is_distrust(error):
        return f"its certificate is not trusted ({getattr(error, 'verify_message', '') or error})"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection was closed"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    if isinstance(error, ProtocolError):
        return f"the answer is no valid HTTP: {error}"
    return f"it cannot be asked for ({type(error).__name__})"


def hint_of(error: Exception) -> str:
    """Say what can be done about it, or nothing."""
    if _is_distrust(error):
        return "name the certificate of your network with --cert, or trust this one host with --trusted-host"
    if isinstance(error, OSError):
        return "check the URL and the network; --offline uses the cache alone"
    return ""
