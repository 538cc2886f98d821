"""The parts of a server, put together into one ASGI application."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from rewheel.server import operating, pages, reading, writing
from rewheel.server.answers import text_answer
from rewheel.server.errors import Refused
from rewheel.server.folder import watch
from rewheel.server.forwarding import Forwarded
from rewheel.server.operating.observing import Observed, UploadLimit
from rewheel.server.operating.sampling import sample
from rewheel.server.operating.upkeep import keep_up
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings
from rewheel.server.writing.draining import HeardOut

__all__ = ["build_application"]

_PARTS: Sequence[Callable[[Services], Sequence[BaseRoute]]] = (
    reading.routes,
    writing.routes,
    operating.routes,
    pages.routes,
)
"""Each part of the server gives its routes; the first that matches answers."""

_LARGEST_HEAD = 1 << 16
"""Bytes of the headers of a request."""

_log = logging.getLogger("rewheel.server")


def build_application(settings: ServerSettings, services: Services | None = None) -> ASGIApp:
    """Return the application; the database has to be migrated already (`running.prepare`)."""
    services = services or Services.open(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            if settings.directory is not None:
                tasks.start_soon(watch, services, _log.warning)
            tasks.start_soon(sample, services)
            tasks.start_soon(keep_up, services)
            yield
            tasks.cancel_scope.cancel()
        services.close()

    application = Starlette(
        routes=[route for part in _PARTS for route in part(services)],
        lifespan=lifespan,
        exception_handlers=_error_handlers(settings),
    )
    heard_out = HeardOut(
        _Front(services, application), limit=settings.hard_file_limit, patience=settings.body_timeout
    )
    bounded = UploadLimit(heard_out, settings.uploads)
    return Forwarded(Observed(bounded, services.metrics), settings.trusted_proxies)


class _Front:
    """Takes what installers read before the routes are searched: nothing else is asked for as often."""

    def __init__(self, services: Services, application: ASGIApp) -> None:
        self._simple = reading.SimplePages(services)
        self._files = reading.Downloads(services)
        self._upstream = reading.UpstreamFiles(services, self._files)
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its part."""
        path: str = scope.get("path", "") if scope["type"] == "http" else ""
        if sum([len(name) + len(value) for name, value in scope.get("headers", ())]) > _LARGEST_HEAD:
            answer = text_answer(431, "the headers of the request are too long", {"Connection": "close"})
            await answer(scope, receive, send)
        elif "\0" in path:  # nothing is called so, and PostgreSQL would not even look
            await text_answer(404, "there is nothing here")(scope, receive, send)
        elif path.startswith("/simple/"):
            await self._simple(scope, receive, send)
        elif path.startswith("/files/"):
            await self._files(scope, receive, send)
        elif path.startswith("/upstream/"):
            await self._upstream(scope, receive, send)
        else:
            await self._application(scope, receive, send)


def _error_handlers(settings: ServerSettings) -> Mapping[Any, ExceptionHandler]:
    """Say what went wrong: to people as a page, to tools as a line of text."""

    def answer(request: Request, status: int, message: str, hint: str = "") -> Response:
        if pages.wants_html(request):
            return cast("Response", pages.message_page(request, settings, status, message, hint=hint))
        return PlainTextResponse(f"{message}\n", status)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        if pages.wants_html(request):
            return cast("Response", pages.refusal_page(request, settings, error))
        return PlainTextResponse(f"{error.text}\n", error.status, headers=error.headers)

    async def not_found(request: Request, error: Exception) -> Response:
        del error
        return answer(request, 404, "there is nothing here", "search for a project, or begin at home")

    async def failed(request: Request, error: Exception) -> Response:
        del error  # a stranger learns nothing about our insides
        return answer(request, 500, "the server failed; its operator finds the reason in its log")

    return {Refused: refused, 404: not_found, 500: failed}
