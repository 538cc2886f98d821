"""Content-addressed storage: what a file holds is kept under its SHA-256, in a folder or an object store."""

from rewheel.server.blobs.opening import open_blobs
from rewheel.server.blobs.storage import Blobs, key_of

__all__ = ["Blobs", "key_of", "open_blobs"]
