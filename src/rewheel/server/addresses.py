"""Under which address clients know the server, for links that have to be absolute."""

import re

from starlette.types import Scope

from rewheel.server.answers import header
from rewheel.server.errors import Refused
from rewheel.server.settings import ServerSettings

__all__ = ["base_url"]

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def base_url(settings: ServerSettings, scope: Scope) -> str:
    """Return the address of the root, with a trailing slash; raises Refused (400) for an impossible host.

    That of the settings, if there is one, else the one that the client named.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/") + "/"
    host = header(scope, b"host")
    if not _HOST.fullmatch(host):
        raise Refused(400, "the Host header names no host", kind="invalid-host")
    mounted = scope.get("root_path", "")
    app_root = scope.get("app_root_path", mounted)
    return f"{scope['scheme']}://{host}{app_root}/"
