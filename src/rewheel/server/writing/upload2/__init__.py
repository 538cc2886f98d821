"""Upload 2.0: releases are put together in sessions, looked at as stages, and published at once (PEP 694)."""

from rewheel.server.writing.upload2.endpoint import UploadApi
from rewheel.server.writing.upload2.preview import StagePreview

__all__ = ["StagePreview", "UploadApi"]
