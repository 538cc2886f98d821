"""Where a requirements file is: on disk or on the web, and what counts from there."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from rewheel.config import redact_url
from rewheel.errors import UsageError
from rewheel.values import field, frozen

__all__ = ["Fetch", "FilePlace", "UrlPlace", "place_of"]

Fetch = Callable[[str, int], bytes]
"""Gets what is at a URL, at most so many bytes; raises RewheelError."""


@frozen
class FilePlace:
    """A file on disk."""

    path: Path
    fetch: Fetch | None = field(compare=False)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def key(self) -> str:
        """What tells one file from another, whatever its names."""
        return str(self.path.resolve())

    @property
    def folder(self) -> Path:
        """Where relative paths count from."""
        return self.path.parent

    def read(self, limit: int) -> bytes:
        """Return the content, one byte more than `limit` at most; raises UsageError."""
        try:
            with self.path.open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror or error}") from error

    def beside(self, text: str) -> "FilePlace | UrlPlace":
        """Return the place that the file means by a path or URL in it."""
        return place_of(text, self.folder, self.fetch)


@frozen
class UrlPlace:
    """A file on the web; paths in it, other than those of further files, count from `folder`."""

    url: str
    folder: Path
    fetch: Fetch | None = field(compare=False)

    def __str__(self) -> str:
        return redact_url(self.url)

    @property
    def key(self) -> str:
        """What tells one file from another."""
        return self.url

    def read(self, limit: int) -> bytes:
        """Fetch the content; raises RewheelError."""
        assert self.fetch is not None
        return self.fetch(self.url, limit)

    def beside(self, text: str) -> "FilePlace | UrlPlace":
        """Return the place that the file means: on its own server, or at another URL; never on this disk."""
        url = urljoin(self.url, text)
        if urlsplit(url).scheme.lower() not in {"http", "https"}:
            raise UsageError(f"{redact_url(text)}: a file from the web may name only files on the web")
        return UrlPlace(url, self.folder, self.fetch)


def place_of(text: str, base: Path, fetch: Fetch | None) -> FilePlace | UrlPlace:
    """Read a path, which counts from `base`, or a URL of http, https or file; raises UsageError."""
    scheme = urlsplit(text).scheme.lower() if "://" in text or text.startswith("file:") else ""
    if scheme in {"http", "https"} and fetch is None:
        raise UsageError(f"{redact_url(text)}: expected a file; download it first")
    if scheme in {"http", "https"}:
        return UrlPlace(text, base, fetch)
    if scheme == "file":
        from urllib.request import url2pathname

        return FilePlace(Path(url2pathname(urlsplit(text).path)), fetch)
    if scheme:
        raise UsageError(f"{redact_url(text)}: expected a file, or a URL of http, https or file")
    return FilePlace((base / text).absolute(), fetch)
