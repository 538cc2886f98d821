"""The index server: what is uploaded, checked, kept, and shown to installers and to people."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.server.application import build_application
    from rewheel.server.errors import Refused, ServerError
    from rewheel.server.running import serve
    from rewheel.server.services import Services
    from rewheel.server.settings import ServerSettings

_HOMES = {
    "Refused": "errors",
    "ServerError": "errors",
    "ServerSettings": "settings",
    "Services": "services",
    "build_application": "application",
    "serve": "running",
}

__all__ = ["Refused", "ServerError", "ServerSettings", "Services", "build_application", "serve"]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
