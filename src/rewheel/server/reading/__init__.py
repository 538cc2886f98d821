"""What installers read: the pages of the Simple API, index files, metadata, and the files themselves."""

from rewheel.server.reading.downloads import Downloads
from rewheel.server.reading.routes import routes
from rewheel.server.reading.simple import SimplePages

__all__ = ["Downloads", "SimplePages", "routes"]
