"""Small answers through the cache: fresh ones are taken from disk, stale ones are asked for again.

Freshness is what the server says it is. A server that says nothing is asked every time, so that a changing
index is never seen as it was; only offline is the past good enough.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rewheel.indexes.errors import Offline
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from rewheel.indexes.answers import Response
    from rewheel.indexes.cache import Cache, Entry
    from rewheel.indexes.http import HttpClient

__all__ = ["ACCEPT", "PAGE_LIMIT", "Document", "Documents", "is_known"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.01"
"""What is asked for where a project's page is wanted: JSON says more and is read faster."""
PAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of a page; the largest known have about 25 million."""

_LONGEST_LIFETIME = 7 * 24 * 3600.0
"""Seconds that an answer is believed at most; a slip in a server's settings must not last for years."""


class Document(NamedTuple):
    """An answer; `url` is where it came from after redirects. Without `exists` there is nothing there."""

    exists: bool
    url: str
    content_type: str = ""
    body: bytes = b""
    sha256: str = ""
    """Of the body, if that is known already."""
    was_kept: bool = False
    """Whether it was in the cache already, as it is."""

    @property
    def digest(self) -> str:
        """What tells this answer from others at the same address."""
        from hashlib import sha256

        return (self.sha256 or sha256(self.body).hexdigest()) if self.exists else "absent"


class Documents:
    """Fetches documents by URL, remembering them for later runs. Thread-safe."""

    def __init__(self, http: Callable[[], "HttpClient"], cache: "Cache", *, offline: bool = False) -> None:
        """Ask `http()` for the client only when the network is really needed."""
        self._http = http
        self._cache = cache
        self._offline = offline

    def known(self, url: str, *, accept: str) -> Document | None:
        """Return a document that is good without asking, but without its body; None if none is."""
        entry = self._cache.head("documents", f"{url}\n{accept}")
        if entry is None or not (self._offline or _is_fresh(entry)):
            return None
        return _document(entry)

    def was_there(self, url: str, *, accept: str) -> bool:
        """Tell whether the cache has a document, fresh or not, that is not an absence."""
        entry = self._cache.head("documents", f"{url}\n{accept}")
        return entry is not None and _document(entry).exists

    def get(self, url: str, *, accept: str, limit: int) -> Document:
        """Fetch at most `limit` bytes. Raises FetchError for anything but a success or an absence."""
        key = f"{url}\n{accept}"
        entry = self._cache.get("documents", key)
        if entry is not None and (self._offline or _is_fresh(entry)):
            return _document(entry)
        if self._offline:
            raise Offline(url)
        headers = {"Accept": accept, **(_validators(entry) if entry is not None else {})}
        response = self._http().get(url, limit=limit, headers=headers)
        if response.status == 304 and entry is not None:
            meta = {**entry.meta, "url": response.url, **_freshness(response.headers)}
            self._cache.put("documents", key, meta, entry.body)
            return _document(entry)._replace(url=response.url)
        document = _accepted(response)
        if _may_keep(response.headers):
            meta = {"exists": document.exists, "url": document.url, "type": document.content_type}
            meta |= _freshness(response.headers)
            self._cache.put("documents", key, meta, document.body, sha256=document.sha256)
        return document


def is_known(cache: "Cache", url: str, accept: str, digest: str) -> bool:
    """Tell whether a document with this digest is good without asking anybody."""
    entry = cache.head("documents", f"{url}\n{accept}")
    return entry is not None and _is_fresh(entry) and _document(entry).digest == digest


def _accepted(response: "Response") -> Document:
    from rewheel.indexes.answers import check

    if response.status in {404, 410} or _is_hidden_absence(response):
        return Document(exists=False, url=response.url)
    check(response)
    document = Document(
        exists=True,
        url=response.url,
        content_type=response.headers.get("content-type", ""),
        body=response.body,
    )
    return document._replace(sha256=document.digest)


def _is_hidden_absence(response: "Response") -> bool:
    """Tell how object stores say "not found" to those who may not list: 403 with this very document."""
    return response.status == 403 and b"<Code>AccessDenied</Code>" in response.body


def _document(entry: "Entry") -> Document:
    meta = entry.meta
    exists = meta.get("exists") is True
    return Document(
        exists,
        str(meta.get("url", "")),
        str(meta.get("type", "")),
        entry.body if exists else b"",
        entry.sha256,
        was_kept=True,
    )


def _directives(headers: Mapping[str, str]) -> dict[str, str]:
    directives = {}
    for part in headers.get("cache-control", "").lower().split(","):
        name, _, value = part.strip().partition("=")
        directives[name] = value.strip('"')
    return directives


def _may_keep(headers: Mapping[str, str]) -> bool:
    return "no-store" not in _directives(headers)


def _freshness(headers: Mapping[str, str]) -> dict[str, Any]:
    """Gather what decides on the next request: how long the answer is good, and how to ask again."""
    directives = _directives(headers)
    age = directives.get("max-age", "")
    lifetime = 0.0
    if age.isdecimal() and "no-cache" not in directives:
        passed = headers.get("age", "")
        lifetime = float(age[:12]) - (float(passed[:12]) if passed.isdecimal() else 0.0)
    found: dict[str, Any] = {"lifetime": lifetime}
    for name in ("etag", "last-modified"):
        if name in headers:
            found[name] = headers[name]
    return found


def _is_fresh(entry: "Entry") -> bool:
    lifetime = entry.meta.get("lifetime")
    age = time.time() - entry.stored
    # An entry from the future was written under another clock: nothing is known about its age.
    return isinstance(lifetime, float | int) and 0 <= age < min(lifetime, _LONGEST_LIFETIME)


def _validators(entry: "Entry") -> dict[str, str]:
    headers = {}
    if isinstance(etag := entry.meta.get("etag"), str):
        headers["If-None-Match"] = etag
    elif isinstance(modified := entry.meta.get("last-modified"), str):
        headers["If-Modified-Since"] = modified
    return headers
