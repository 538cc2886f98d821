"""Whether the indexes that offer one name say of each other that it is the same project (PEP 708).

An index may say of a project that it *tracks* another index's, or which *alternate locations* it has. The
word of one index about another counts only as far as PEP 708 lets it: who tracks is bound to the owner, and
alternate locations must name each other.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from rewheel.indexes.files import ProjectPage
from rewheel.indexes.source import IndexSource

__all__ = ["strangers"]


def strangers(pages: Sequence[ProjectPage]) -> tuple[ProjectPage, ProjectPage] | None:
    """Return two pages of different indexes that do not vouch for one another, or `None` if all do.

    What lies on this computer, and places with links that the user named, have no say and need none.
    """
    remote = [page for page in pages if isinstance(page.source, IndexSource) and page.files]
    owners = _owners(remote)
    for number, one in enumerate(owners):
        for other in owners[number + 1 :]:
            if not _is_one_project(one, other):
                return one, other
    return None


def _owners(pages: Sequence[ProjectPage]) -> list[ProjectPage]:
    """Leave out the pages that track another one, however many steps away, which tracks none itself."""
    owners = [page for page in pages if not any(_tracks(page, other) for other in pages)]
    reached = list(owners)
    while True:
        more = [page for page in pages if page not in reached and any(_tracks(page, r) for r in reached)]
        if not more:
            # What is left tracks one another in a circle, and so has no owner to answer for it.
            return [page for page in pages if page in owners or page not in reached]
        # One that also tracks somebody else is bound to both, and that other one is an owner, too.
        reached += more


def _is_one_project(one: ProjectPage, other: ProjectPage) -> bool:
    if _tracks(one, other) or _tracks(other, one):
        return True
    return _names(one.alternate_locations, other) and _names(other.alternate_locations, one)


def _tracks(page: ProjectPage, owner: ProjectPage) -> bool:
    return page is not owner and _names(page.tracks, owner)


def _names(urls: Sequence[str], page: ProjectPage) -> bool:
    """Tell whether one of the URLs is that of the page: where it was asked for or where it was found."""
    own = {_canonical(page.url), _canonical(f"{page.source.location.rstrip('/')}/{page.project}/")}
    return any(_canonical(url) in own for url in urls)


def _canonical(url: str) -> str:
    """Write a URL so that all those of one page are equal; what is no URL is equal to none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return f"invalid {url!r}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"invalid {url!r}"
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname if port in {None, usual} else f"{parts.hostname}:{port}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
