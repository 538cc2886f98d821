"""The addresses that publishing tools know."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount

from rewheel.server.services import Services
from rewheel.server.writing.legacy import LegacyUpload

__all__ = ["routes"]


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes of the write side."""
    return [Mount("/legacy", app=LegacyUpload(services))]
