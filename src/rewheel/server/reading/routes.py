"""The addresses beside `/simple/` and `/files/`, which the application hands over before any route."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from rewheel.server.services import Services

__all__ = ["routes"]


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes of the read side."""
    del services
    return [Route("/simple", _to_list)]


async def _to_list(request: Request) -> Response:
    del request
    return RedirectResponse("simple/", 301)
