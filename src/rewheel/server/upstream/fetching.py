"""Asking upstream indexes: one client for all, which keeps their logins apart and does not wait long."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rewheel.indexes import HttpSettings
from rewheel.indexes.answers import Stream, check
from rewheel.indexes.http import HttpClient
from rewheel.indexes.pages import ACCEPT, PAGE_LIMIT
from rewheel.server.settings import Upstream
from rewheel.server.upstream.listing import Listing, read_listing
from rewheel.server.upstream.reach import Reach

__all__ = ["Fetched", "Fetcher", "Unchanged"]

_METADATA_LIMIT = 16 << 20
"""Bytes of the metadata of one wheel."""


class Unchanged(Enum):
    """What an upstream index says when its page is the one that we have, or when it has none."""

    CURRENT = "current"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A new page."""

    listing: Listing
    etag: str
    """Empty if the index gave none."""


class Fetcher:
    """Fetches pages and files of upstream indexes. May be used by several threads at once.

    Raises IndexesError for everything that goes wrong out there; the messages have no secrets.
    """

    def __init__(
        self,
        upstreams: tuple[Upstream, ...],
        *,
        hosts: tuple[str, ...] = (),
        proxies: Mapping[str, str] | None = None,
        certificates: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Take the indexes with their logins; `hosts` may be fetched from although they are not public."""
        self._http = HttpClient(
            HttpSettings(
                timeout=timeout,
                retries=1,
                max_wait=2.0,
                proxies=proxies or {},
                certificates=certificates,
                may_reach=Reach(upstreams, hosts),
            )
        )
        for upstream in upstreams:
            self._http.learn(upstream.url)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def page(self, upstream: Upstream, project: str, etag: str) -> Fetched | Unchanged:
        """Ask for a project's page, unless it is still the one that `etag` names."""
        url = f"{upstream.url.rstrip('/')}/{project}/"
        headers = {"Accept": ACCEPT, **({"If-None-Match": etag} if etag else {})}
        response = self._http.get(url, limit=PAGE_LIMIT, headers=headers)
        if response.status == 304 and etag:
            return Unchanged.CURRENT
        if response.status in {404, 410}:
            return Unchanged.ABSENT
        check(response)
        listing = read_listing(response.body, response.headers.get("content-type", ""), response.url, project)
        return Fetched(listing, response.headers.get("etag", "")[:200])

    def small(self, url: str) -> bytes:
        """Fetch a small file whole."""
        response = self._http.get(url, limit=_METADATA_LIMIT)
        check(response)
        return response.body

    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> Stream:
        """Start to fetch a file; its status has not been looked at."""
        return self._http.stream(url, headers=headers)
