"""What people read: projects, releases, variants, and who would get which of them. Works without JavaScript.

Loaded when it is first used: the process that renders descriptions needs none of it.
"""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.server.pages.messages import message_page, refusal_page, wants_html
    from rewheel.server.pages.routing import routes

_HOMES = {
    "message_page": "messages",
    "refusal_page": "messages",
    "routes": "routing",
    "wants_html": "messages",
}

__all__ = ["message_page", "refusal_page", "routes", "wants_html"]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
