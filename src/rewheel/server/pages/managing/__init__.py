"""Pages for those who look after an index: tokens, limits, status, stages, the log.

The operations are those of the management API, and so are permissions and refusals.
"""

from rewheel.server.pages.managing.routing import routes

__all__ = ["routes"]
