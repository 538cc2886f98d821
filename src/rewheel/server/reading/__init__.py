"""What installers read: the pages of the Simple API, index files, metadata, and the files themselves."""

from rewheel.server.reading.downloads import Downloads
from rewheel.server.reading.routes import routes
from rewheel.server.reading.simple import SimplePages
from rewheel.server.reading.upstream_files import UpstreamFiles

__all__ = ["Downloads", "SimplePages", "UpstreamFiles", "routes"]
