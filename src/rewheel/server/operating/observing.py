"""What surrounds every request: it is counted, timed, logged, and bounded."""

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rewheel.server.answers import refusal
from rewheel.server.errors import Refused
from rewheel.server.operating.logs import ACCESS, shown_path
from rewheel.server.operating.metrics import METHODS, Metrics, route_of
from rewheel.server.writing.upload2.problems import problem

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

__all__ = ["Observed", "UploadLimit"]

_LOG = logging.getLogger("rewheel.server")
_UPLOADS = frozenset({"/legacy/", "/upload/"})
_SENDING = frozenset({"POST", "PUT", "PATCH"})


class Observed:
    """An application that is measured. What fails in it is logged, and its client learns nothing of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._measures: dict[tuple[str, str, str | int], tuple[Counter, Histogram, Counter]] = {}
        """By what is told apart: looking them up by their labels costs more than measuring."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, begin = self._metrics, time.perf_counter()
        status, sent, received = 0, 0, 0
        headers: Iterable[tuple[bytes, bytes]] = ()

        async def observed_send(message: Message) -> None:
            nonlocal status, sent, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message.get("headers", ())
            elif message["type"] == "http.response.pathsend":  # the web server sends it without us
                sent += _announced(headers)
            else:
                sent += len(message.get("body", b""))
            await send(message)

        async def observed_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        metrics.active.inc()
        try:
            await self._app(scope, observed_receive, observed_send)
        except BaseException as error:
            if isinstance(error, Exception):
                _LOG.exception(
                    "%s %s failed", scope["method"], shown_path(scope["path"]), extra={"event": "failure"}
                )
            raise
        finally:
            metrics.active.dec()
            self._note(scope, status, sent, received, time.perf_counter() - begin)

    def _note(self, scope: Scope, status: int, sent: int, received: int, seconds: float) -> None:
        metrics, path, method = self._metrics, scope["path"], scope["method"]
        route = route_of(path)
        kind = (method if method in METHODS else "other", route, status or "none")
        measures = self._measures.get(kind)
        if measures is None:
            measures = self._measures[kind] = (
                metrics.requests.labels(*kind),
                metrics.latency.labels(route),
                metrics.sent.labels(route),
            )
        measures[0].inc()
        measures[1].observe(seconds)
        measures[2].inc(sent)
        if received:
            metrics.received.labels(route).inc(received)
        if route == "/legacy/" and method == "POST":
            metrics.uploads.labels(_outcome(status)).inc()
        if not ACCESS.disabled:
            ACCESS.info(
                "%s %s %s",
                method,
                shown_path(path),
                status,
                extra={
                    "event": "request",
                    "method": method,
                    "path": shown_path(path),
                    "status": status,
                    "milliseconds": round(seconds * 1000, 2),
                    "sent": sent,
                    "received": received,
                    "client": (scope.get("client") or ("",))[0],
                },
            )


class UploadLimit:
    """Takes so many uploads at once and asks the others to come again: disks and memory are not endless."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if there is room for it."""
        is_upload = (
            scope["type"] == "http" and scope["method"] in _SENDING and route_of(scope["path"]) in _UPLOADS
        )
        if not is_upload:
            await self._app(scope, receive, send)
            return
        if self._active >= self._limit:
            refused = Refused(
                503,
                f"the server takes in {self._limit} uploads already",
                hint="try again in a moment",
                kind="too-many-uploads",
                headers={"Retry-After": "5", "Connection": "close"},
            )
            say = problem if route_of(scope["path"]) == "/upload/" else refusal
            await say(refused)(scope, receive, send)
            return
        self._active += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._active -= 1


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "accepted"
    return "refused" if 400 <= status < 500 else "failed"
