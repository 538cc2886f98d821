"""The HTTP/1.1 client: one request at a time per connection, many threads, with redirects and retries.

`wire.py` moves the bytes; what is decided here is who gets our credentials, where we let
ourselves be sent, how often we try again and how much we are willing to read.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from rewheel.indexes.answers import PATIENCE, RETRIED, Response, Stream, hint_of, is_final, reason_of
from rewheel.indexes.connections import Connection, Connections
from rewheel.indexes.credentials import Credentials, basic
from rewheel.indexes.errors import FetchError, Interrupted
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.urls import Origin, quoted, redact, without_fragment

__all__ = ["Attempts", "Body", "HttpClient"]

_ANSWER_LIMIT = 1 << 20
_ANSWER_PATIENCE = 300.0
"""Seconds that a server may take to answer after it has got a large body."""


class Body(Protocol):
    """What is sent: pieces that can be gone through more than once."""

    @property
    def content_type(self) -> str:
        """The media type."""
        ...

    @property
    def length(self) -> int:
        """Bytes in all."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Begin anew."""
        ...


_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class HttpClient:
    """Fetches URLs. Thread-safe. Answers of any status are given, only failures are raised."""

    def __init__(
        self,
        settings: HttpSettings | None = None,
        *,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or HttpSettings()
        self._credentials = credentials if credentials is not None else Credentials(self.settings.netrc)
        self._connections = Connections(self.settings)
        self._sleep = sleep

    def close(self) -> None:
        """Hang up, and give up all requests that are still under way."""
        self._connections.close()

    def learn(self, url: str) -> str:
        """Remember the login in a URL for its server, and give the URL without it. Raises ValueError."""
        return self._credentials.learn(url)

    def get(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> Response:
        """Fetch a whole answer of at most `limit` bytes, decoded.

        Raises TooLarge, or FetchError when no answer came in spite of all retries. What the server answers
        to the last retry is given, whatever its status.
        """
        attempts = self.attempts()
        wanted = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
        while True:
            try:
                with self._open(url, wanted, attempts) as stream:
                    return Response(stream.status, stream.headers, stream.url, stream.read(limit))
            except Interrupted as error:
                attempts.again(error)

    def stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> "Stream":
        """Start to fetch an answer that is read bit by bit; to be closed. Raises FetchError.

        Connecting is retried; a connection that breaks later raises Interrupted while reading.
        """
        return self._open(url, {"Accept-Encoding": "identity", **(headers or {})}, self.attempts())

    def send(
        self, url: str, body: Body, *, login: str = "", method: str = "POST", limit: int = _ANSWER_LIMIT
    ) -> Response:
        """Send a body, once, and give the answer, whatever its status.

        `login` is the value of `Authorization`; without it that of the URL, of netrc or of the keyring is
        used, which is asked before a large body is sent for nothing. Redirects are not followed: nobody else
        is to get the body. Raises Interrupted when the connection breaks, so that it is not known whether
        the server has taken the body, and FetchError.
        """
        url, origin = self._prepared(url)
        known = login or self._credentials.header_for(url, origin)
        headers = {
            "Host": origin.address,
            "User-Agent": self.settings.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Content-Type": body.content_type,
            "Content-Length": str(body.length),
            "Connection": "close",
        }
        if found := known or self._credentials.after_refusal(url, origin, ""):
            headers["Authorization"] = found
        connection = self._connect(url, origin, fresh=True)
        try:
            with self._exchange(connection, url, headers, body, method) as stream:
                return Response(stream.status, stream.headers, stream.url, stream.read(limit), stream.reason)
        except (OSError, ValueError) as error:
            connection.close()
            raise Interrupted(url, reason_of(error), hint=hint_of(error)) from error

    def attempts(self) -> "Attempts":
        """Start to count the tries of one request."""
        return Attempts(self.settings, self._sleep, lambda: self._connections.is_closed)

    def _open(self, url: str, headers: Mapping[str, str], attempts: "Attempts") -> "Stream":
        while True:
            try:
                stream = self._follow(url, headers)
            except Interrupted as error:
                attempts.again(error)
                continue
            if stream.status not in RETRIED or not attempts.wait(stream.headers.get("retry-after", "")):
                return stream
            stream.close()

    def _follow(self, url: str, headers: Mapping[str, str]) -> "Stream":
        """Send the request, and send it on to where the answers point."""
        for _ in range(self.settings.max_redirects + 1):
            stream = self._send(url, headers)
            location = stream.headers.get("location", "")
            if stream.status not in _REDIRECTS or not location:
                return stream
            stream.close()
            url = _redirected(url, location)
        raise FetchError(url, f"more than {self.settings.max_redirects} redirects")

    def _send(self, url: str, headers: Mapping[str, str]) -> "Stream":
        url, origin = self._prepared(url)
        login = self._credentials.header_for(url, origin)
        stream = self._request(url, origin, headers, login)
        if stream.status == 401 and (better := self._credentials.after_refusal(url, origin, login)):
            stream.close()
            stream = self._request(url, origin, headers, better)
        return stream

    def _prepared(self, url: str) -> tuple[str, Origin]:
        try:
            url = without_fragment(quoted(self._credentials.learn(url)))[0]
            return url, Origin.of(url)
        except (ValueError, UnicodeError) as error:
            raise FetchError(url, f"cannot be fetched: {error}") from error

    def _request(self, url: str, origin: Origin, headers: Mapping[str, str], login: str) -> "Stream":
        all_headers = {
            "Host": origin.address,
            "User-Agent": self.settings.user_agent,
            "Accept": "*/*",
            **headers,
        }
        if login:
            all_headers["Authorization"] = login
        fresh = False
        while True:
            connection = self._connect(url, origin, fresh=fresh)
            try:
                return self._exchange(connection, url, all_headers)
            except (OSError, ValueError) as error:
                connection.close()
                # A kept connection may have been closed by the server in the meantime: that is no failure.
                if connection.reused and not isinstance(error, TimeoutError):
                    fresh = True
                    continue
                raise Interrupted(url, reason_of(error), hint=hint_of(error)) from error

    def _connect(self, url: str, origin: Origin, *, fresh: bool) -> Connection:
        try:
            return self._connections.take(origin, fresh=fresh)
        except OSError as error:
            # What will be the same the next time is not worth the wait of a retry.
            kind = FetchError if is_final(error) else Interrupted
            raise kind(url, reason_of(error), hint=hint_of(error)) from error
        except ValueError as error:
            raise FetchError(url, f"cannot be reached: {error}") from error

    def _exchange(
        self,
        connection: Connection,
        url: str,
        headers: dict[str, str],
        body: Body | None = None,
        method: str = "GET",
    ) -> "Stream":
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if connection.proxy is not None:
            target = f"{parts.scheme}://{parts.netloc}{target}"
            if connection.proxy[1] is not None:
                headers = {**headers, "Proxy-Authorization": basic(*connection.proxy[1])}
        wire, timeout = connection.wire, self.settings.timeout
        if body is None:
            wire.ask(method, target, headers)
        else:
            timeout = max(timeout, _ANSWER_PATIENCE)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered already
                wire.ask(method, target, headers, body)
            wire.sock.settimeout(timeout)  # it may have to store and examine what it got
        answer = wire.answer(patience=PATIENCE * timeout)
        return Stream(connection, answer, url, self._connections, self.settings)


class Attempts:
    """Counts the tries of one request and waits between them."""

    def __init__(
        self, settings: HttpSettings, sleep: Callable[[float], None], is_closed: Callable[[], bool]
    ) -> None:
        self._left = settings.retries
        self._wait = settings.backoff
        self._longest = settings.max_wait
        self._sleep = sleep
        self._is_closed = is_closed

    def again(self, error: FetchError) -> None:
        """Wait for the next try, or raise the error if there is none left."""
        if not self.wait():
            raise error

    def wait(self, retry_after: str = "") -> bool:
        """Wait as long as the server asks for, else longer each time; false if there is no next try."""
        if self._left <= 0 or self._is_closed():
            return False
        asked = _seconds(retry_after)
        if asked is not None and asked > self._longest:
            return False
        self._left -= 1
        self._sleep(min(self._wait, self._longest) if asked is None else asked)
        self._wait *= 2
        return True


def _redirected(url: str, location: str) -> str:
    """Find where a redirect leads. Raises FetchError where we do not want to be led."""
    try:
        goal = quoted(urljoin(url, location))
        scheme = urlsplit(goal).scheme
    except ValueError as error:
        raise FetchError(url, "redirects to something that is no URL") from error
    if scheme not in {"http", "https"}:
        raise FetchError(url, f"redirects to a {scheme or 'strange'} URL, which is refused")
    if scheme == "http" and url.startswith("https:"):
        raise FetchError(
            url,
            f"redirects from https to {redact(goal)}, which is refused",
            hint="use the https URL of the index",
        )
    return goal


def _seconds(retry_after: str) -> float | None:
    """Read a `Retry-After` header: seconds or a date."""
    text = retry_after.strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
