"""Whether projects are found by the words of their newest releases, as search says it; the rest is put right.

Every change of a project sees to that itself. This is for what got past it: an index that an older version of
rewheel has filled, or rows that somebody has changed by hand.
"""

from collections.abc import Sequence

from rewheel.server.catalog import projects, search
from rewheel.server.catalog.facts import fact, keep_fact
from rewheel.server.services import Services

__all__ = ["renew_all", "renew_some"]

_AT_ONCE = 200
"""Projects that are looked at while one connection is held."""
_PLACE = "words-looked-at"
"""The fact that says up to which project the last turn has come."""


def renew_some(services: Services) -> int:
    """Look at a few projects more, from the first again after the last; return how many were put right."""
    with services.database.read() as connection:
        place = fact(connection, _PLACE)
    renewed, last = _renew(services, int(place or 0))
    if str(last or 0) != (place or "0"):
        with services.database.write() as connection:
            keep_fact(connection, _PLACE, str(last or 0))
    return len(renewed)


def renew_all(services: Services) -> int:
    """Look at all projects; return how many were put right."""
    count, last = 0, 0
    while True:
        renewed, following = _renew(services, last)
        count += len(renewed)
        if following is None:
            return count
        last = following


def _renew(services: Services, after: int) -> tuple[Sequence[str], int | None]:
    with services.database.read() as connection:
        names, last = search.drifted(connection, after=after, limit=_AT_ONCE)
    if names:
        with services.database.write() as connection:
            for name in sorted(names):  # as whoever else locks several
                project = projects.find(connection, name, for_update=True)
                if project is not None:
                    search.renew(connection, project.id)
    return names, last
