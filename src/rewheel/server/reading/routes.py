"""The addresses that installers know."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount

from rewheel.server.reading.downloads import Downloads
from rewheel.server.reading.page_cache import PageCache
from rewheel.server.reading.simple import SimplePages
from rewheel.server.services import Services

__all__ = ["routes"]


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes of the read side."""
    return [
        Mount("/simple", app=SimplePages(services, PageCache(services.settings.page_cache))),
        Mount("/files", app=Downloads(services)),
    ]
