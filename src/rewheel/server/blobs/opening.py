"""Finding the storage that the settings name."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from rewheel.server.blobs.storage import Blobs
from rewheel.server.errors import UnusableStore
from rewheel.server.settings import ServerSettings

__all__ = ["open_blobs"]

_OPTIONS = {
    "endpoint": "endpoint",
    "region": "region",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
}

_FORM = "it looks like s3://bucket/prefix?endpoint=https://host or is a folder"


def open_blobs(settings: ServerSettings) -> Blobs:
    """Return the storage; nothing is connected yet. Raises UnusableStore for a URL that makes no sense."""
    from rewheel.server.blobs.folder import FolderBlobs

    if not settings.storage:
        return FolderBlobs(settings.blob_folder)
    parts = urlsplit(settings.storage)
    if parts.scheme == "file":
        return FolderBlobs(Path(unquote(parts.path)))
    if not parts.scheme:
        return FolderBlobs(Path(settings.storage))
    if parts.scheme == "s3" and not parts.netloc:
        raise UnusableStore("the URL of the storage names no bucket", hint=_FORM)
    if parts.scheme != "s3":
        raise UnusableStore(
            f"storage of the kind {parts.scheme!r} is not known",
            hint=_FORM,
        )
    return _open_s3(parts.netloc, parts.path.strip("/"), dict(parse_qsl(parts.query)))


def _open_s3(bucket: str, prefix: str, query: dict[str, str]) -> Blobs:
    """Open a bucket; keys that the URL does not hold are read from the usual variables (AWS_…)."""
    from obstore.store import S3Store

    from rewheel.server.blobs.objects import ObjectBlobs

    unknown = sorted(set(query) - set(_OPTIONS))
    if unknown:
        raise UnusableStore(
            f"the URL of the storage has an unknown option {unknown[0]!r}",
            hint=f"known are {', '.join(_OPTIONS)}",
        )
    options: dict[str, Any] = {_OPTIONS[name]: value for name, value in query.items()}
    is_plain = query.get("endpoint", "").startswith("http://")
    store = S3Store(
        bucket,
        prefix=prefix or None,
        client_options={"allow_http": is_plain, "timeout": "60s", "connect_timeout": "5s"},
        retry_config=_retries(),
        **options,
    )
    return ObjectBlobs(store)


def _retries() -> Any:  # noqa: ANN401 - a typed dictionary of obstore's stubs
    from datetime import timedelta

    return {
        "max_retries": 3,
        "retry_timeout": timedelta(seconds=20),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }
