"""The addresses that publishing tools know."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount

from rewheel.server.answers import text_answer
from rewheel.server.services import Services
from rewheel.server.writing.legacy import LegacyUpload
from rewheel.server.writing.management import ManagementApi
from rewheel.server.writing.upload2 import StagePreview, UploadApi

__all__ = ["routes"]


_READ_ONLY = text_answer(403, "this server shows a folder, and takes no uploads: put the files there")


def routes(services: Services) -> Sequence[BaseRoute]:
    """Return the routes of the write side."""
    if services.settings.directory is not None:
        return [Mount(path, app=_READ_ONLY) for path in ("/legacy", "/upload", "/api")]
    return [
        Mount("/legacy", app=LegacyUpload(services)),
        Mount("/upload", app=UploadApi(services)),
        Mount("/stage", app=StagePreview(services)),
        Mount("/api", app=ManagementApi(services)),
    ]
