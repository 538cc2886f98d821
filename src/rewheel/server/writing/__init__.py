"""What maintainers send: uploads, and changes to their projects."""

from rewheel.server.writing.routes import routes

__all__ = ["routes"]
