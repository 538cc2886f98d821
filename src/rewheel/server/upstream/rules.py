"""Who may be asked for what: the company's names stay at home, and nobody from outside takes their place.

Decisions only, without input or output (PEP 766, index priority; PEP 708, tracks).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from rewheel.indexes import NamePattern
from rewheel.server.settings import Upstream

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The upstream indexes in their order, and the names that no upstream index ever hears."""

    upstreams: tuple[Upstream, ...]
    reserved: tuple[NamePattern, ...] = ()

    @classmethod
    def of(cls, upstreams: Iterable[Upstream], reserved: Iterable[str]) -> "Rules":
        """Read the operator's words. Raises ValueError for what can be no name or pattern of names."""
        return cls(tuple(upstreams), tuple(NamePattern.parse(text) for text in reserved))

    def is_reserved(self, project: str) -> bool:
        """Tell whether a normalised name belongs to the company, used or not."""
        return any(pattern.matches(project) for pattern in self.reserved)

    def asked(self, project: str, *, is_local: bool, tracks: Iterable[str] = ()) -> tuple[Upstream, ...]:
        """Return the upstream indexes that may hear of a project, in the order in which they count.

        A project that is here, published or not, is asked for nowhere else. The exception is one that says of
        itself that it tracks an upstream index's project: that index may add to it.
        """
        if is_local:
            followed = {_canonical(url) for url in tracks}
            return tuple(
                u for u in self.upstreams if _canonical(f"{u.url.rstrip('/')}/{project}") in followed
            )
        if self.is_reserved(project):
            return ()
        return tuple(upstream for upstream in self.upstreams if _is_permitted(upstream, project))


def _is_permitted(upstream: Upstream, project: str) -> bool:
    if any(NamePattern.parse(text).matches(project) for text in upstream.deny):
        return False
    return not upstream.only or any(NamePattern.parse(text).matches(project) for text in upstream.only)


def _canonical(url: str) -> str:
    """Write a project's URL so that its spellings are equal: without login, final slash and usual port."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    usual = port in {None, 80 if parts.scheme == "http" else 443}
    host = parts.hostname if usual else f"{parts.hostname}:{port}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
