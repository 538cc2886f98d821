"""Serving a folder of distributions as it is: a catalog that nobody keeps, filled from what lies there."""

from rewheel.server.folder.blobs import DirectoryBlobs
from rewheel.server.folder.scanning import scan, watch

__all__ = ["DirectoryBlobs", "scan", "watch"]
