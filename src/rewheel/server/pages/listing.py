"""Lists of projects: search results and what was published last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rewheel.server.catalog import search, showing

__all__ = ["PAGE", "Card", "Pages", "Results", "find_projects", "latest_projects"]

PAGE = 24
"""Entries of a page of a list."""


@dataclass(frozen=True, slots=True)
class Card:
    """A project in a list."""

    name: str
    display_name: str
    status: str
    version: str
    summary: str
    labels: int
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in a list of several pages a page is."""

    number: int
    count: int

    @classmethod
    def at(cls, number: str, total: int) -> "Pages":
        """Return the page that is wanted, or the nearest one that there is."""
        count = max(1, -(-total // PAGE))
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
        return cls(min(max(1, wanted), count), count)

    @property
    def entries(self) -> slice:
        """The entries of this page."""
        return slice((self.number - 1) * PAGE, self.number * PAGE)


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what a search has found."""

    projects: Sequence[Card]
    total: int
    pages: Pages
    is_cut: bool = False
    guessed: bool = False

    @property
    def number(self) -> int:
        """The number of the page."""
        return self.pages.number

    @property
    def count(self) -> int:
        """How many pages there are."""
        return self.pages.count


def find_projects(connection: Connection, query: str, page: str) -> Results:
    """Search; without words all projects are listed by name."""
    if not query.strip():
        total = showing.count_projects(connection)
        pages = Pages.at(page, total)
        ids = showing.page_of_projects(connection, offset=pages.entries.start, limit=PAGE)
        return Results(list(_cards(connection, ids)), total, pages)
    hits = search.search(connection, query[:200])
    pages = Pages.at(page, len(hits.ids))
    cards = list(_cards(connection, hits.ids[pages.entries]))
    return Results(cards, len(hits.ids), pages, hits.is_cut, hits.guessed)


def latest_projects(connection: Connection, most: int = 12) -> Sequence[Card]:
    """Return the projects that published a release last, each once."""
    return list(_cards(connection, showing.recently_released(connection, most)))


def _cards(connection: Connection, ids: Iterable[int]) -> Iterable[Card]:
    for project_id in ids:
        found = showing.summary_of(connection, project_id)
        if found is not None:
            yield Card(*found)
