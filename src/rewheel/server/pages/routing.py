"""The addresses that people know."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from rewheel.server.pages import managing
from rewheel.server.pages.views import PublicPages
from rewheel.server.services import Services

__all__ = ["routes"]


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes of the pages."""
    public = PublicPages(services)
    services.at_close(public.close)
    return [
        Route("/", public.home),
        Route("/search/", public.search),
        Route("/project/{name}/", public.project),
        Route("/project/{name}/releases/", public.releases),
        Route("/project/{name}/{version}/", public.project),
        Route("/project/{name}/{version}/machine/", public.machine, methods=["GET", "POST"]),
        Route("/static/{name}", public.asset),
        *managing.routes(services),
    ]
