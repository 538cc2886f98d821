"""What installers read: the pages of the Simple API, index files, metadata, and the files themselves."""

from rewheel.server.reading.routes import routes

__all__ = ["routes"]
