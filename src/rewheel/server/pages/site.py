"""What every page says about the index, and under which address its readers see it."""

import re

from starlette.requests import Request

from rewheel import __version__
from rewheel.server.pages.templating import Site
from rewheel.server.settings import ServerSettings

__all__ = ["site_of"]

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?"
)


def site_of(request: Request, settings: ServerSettings) -> Site:
    """Describe the index as this client sees it.

    Without a configured address it is the one that the client used; one that is no host name is not repeated.
    """
    root = settings.public_url.rstrip("/")
    if not root:
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host):
            host = f"{settings.host}:{settings.port}"
        scheme = "https" if request.url.scheme == "https" else "http"
        root = f"{scheme}://{host}"
    return Site(
        title=settings.title,
        index_url=f"{root}/simple/",
        upload_url=f"{root}/legacy/",
        version=__version__,
        has_admin=settings.directory is None,
    )
