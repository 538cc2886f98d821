"""The addresses of the management pages."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from rewheel.server.pages.managing.views import ManagementPages
from rewheel.server.services import Services

__all__ = ["routes"]


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes below `/admin/`; none where a folder is served, in which nothing can be changed."""
    if services.settings.directory is not None:
        return []
    pages = ManagementPages(services)
    both = ["GET", "POST"]
    return [
        Route("/admin/", pages.overview),
        Route("/admin/login/", pages.login, methods=["POST"]),
        Route("/admin/logout/", pages.logout, methods=both),
        Route("/admin/tokens/", pages.tokens, methods=both),
        Route("/admin/log/", pages.log),
        Route("/admin/project/{name}/", pages.project, methods=both),
    ]
