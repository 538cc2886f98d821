"""Search for projects: an index of words, so that the cost grows with the answer and not with the catalog.

Every project has terms: its name, the parts of its name, the words of its summary and its keywords. A query
finds terms that begin with its words. Where nothing does, names that share most of their trigrams are found,
so that a slip of the finger finds something as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from rewheel.server.catalog.newest import newest_release
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import projects, releases, search_terms
from rewheel.variants import normalize_project

__all__ = ["Hits", "drifted", "forget", "renew", "search"]

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 40
_MOST_WORDS = 120
"""Terms that one project may have, so that a long summary pushes nobody else aside."""
_MOST_QUERY_WORDS = 6
_MOST_HITS = 1000
"""Projects that one word of a query is allowed to find; the best of them."""
_GRAM = "~"
"""What terms begin with that are trigrams of a name: no word does."""
_LIKENESS = 0.4

_NAME, _PART, _KEYWORD, _SUMMARY, _TRIGRAM = 16, 8, 4, 2, 1


@dataclass(frozen=True, slots=True)
class Hits:
    """The projects that a query finds, best first, by their ids."""

    ids: tuple[int, ...]
    is_cut: bool = False
    """Whether there may be more."""
    guessed: bool = False
    """Whether these are only names that look alike."""


_SAYS = Prepared(
    select(projects.c.name, releases.c.summary, releases.c.metadata)
    .join(releases, releases.c.project_id == projects.c.id)
    .where(releases.c.id == bindparam("release"))
)
_KNOWN = Prepared(
    select(search_terms.c.term, search_terms.c.weight).where(
        search_terms.c.project_id == bindparam("project")
    )
)
_FORGET = Prepared(delete(search_terms).where(search_terms.c.project_id == bindparam("project")))
_ADD = Prepared(insert(search_terms))


def renew(connection: Connection, project_id: int) -> None:
    """Let a project be found by what its newest release says about it: after everything that changes that.

    Nobody else may change the project meanwhile.
    """
    terms, known = _said(connection, project_id), _known(connection, project_id)
    if known == terms:
        return
    if known:
        forget(connection, project_id)
    rows = [
        {"project_id": project_id, "term": term, "weight": weight} for term, weight in sorted(terms.items())
    ]
    if rows:
        _ADD.add_all(connection, rows)


def drifted(connection: Connection, *, after: int, limit: int) -> tuple[Sequence[str], int | None]:
    """Return those of some projects that are found by other words than their newest releases say.

    With them comes the id of the last project that was looked at, after which to go on; None for the end.
    """
    query = select(projects.c.id, projects.c.name).where(projects.c.id > after).order_by(projects.c.id)
    rows = connection.execute(query.limit(limit)).all()
    found = [row.name for row in rows if _said(connection, row.id) != _known(connection, row.id)]
    return found, rows[-1].id if len(rows) == limit else None


def forget(connection: Connection, project_id: int) -> None:
    """Let a project not be found any more."""
    _FORGET.change(connection, {"project": project_id})


def search(connection: Connection, query: str) -> Hits:
    """Find the visible projects that have all words of a query, or else names that look like it."""
    words = _words(query)[:_MOST_QUERY_WORDS]
    if not words:
        return Hits(())
    scores: dict[int, int] | None = None
    is_cut = False
    for word in words:
        found = _beginning(connection, word)
        is_cut = is_cut or len(found) >= _MOST_HITS
        scores = found if scores is None else {key: scores[key] + found[key] for key in scores.keys() & found}
    wanted = normalize_project("-".join(words))
    if scores:
        return Hits(_best_first(connection, scores, wanted), is_cut)
    alike = _alike(connection, wanted)
    return Hits(_best_first(connection, alike, wanted), guessed=bool(alike))


def _said(connection: Connection, project_id: int) -> dict[str, int]:
    release = newest_release(connection, project_id)
    if release is None:
        return {}
    ((name, summary, metadata),) = _SAYS.rows(connection, {"release": release})
    return _terms(name, summary, metadata.get("keywords", ()))


def _known(connection: Connection, project_id: int) -> dict[str, int]:
    return dict(map(tuple, _KNOWN.rows(connection, {"project": project_id})))


def _terms(name: str, summary: str, keywords: Iterable[str]) -> dict[str, int]:
    """Return the terms of a project with their weights; the heaviest come first."""
    terms: dict[str, int] = {}
    for words, weight in (
        ([name[:_LONGEST]], _NAME),
        (_words(name), _PART),
        (_words(" ".join(keywords)[:2000]), _KEYWORD),
        (_words(summary[:2000]), _SUMMARY),
    ):
        for word in words:
            if len(terms) < _MOST_WORDS:
                terms.setdefault(word, weight)
    return terms | dict.fromkeys(_grams(name), _TRIGRAM)


def _words(text: str) -> list[str]:
    return [word[:_LONGEST] for word in dict.fromkeys(_WORD.findall(text.casefold()))]


def _grams(name: str) -> list[str]:
    padded = f" {name[:_LONGEST]} "
    return sorted({f"{_GRAM}{padded[i : i + 3]}" for i in range(len(padded) - 2)})


def _beginning(connection: Connection, word: str) -> dict[int, int]:
    """Find projects by a term that begins with a word; whole words count more."""
    weight = func.max(search_terms.c.weight)
    query = (
        select(search_terms.c.project_id, weight)
        .where(search_terms.c.term >= word, search_terms.c.term < f"{word}\U0010fffd")
        .group_by(search_terms.c.project_id)
        .order_by(weight.desc())
        .limit(_MOST_HITS)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _alike(connection: Connection, name: str) -> dict[int, int]:
    """Find names that share trigrams with this one, and how alike they are in percent."""
    grams = _grams(name)
    shared = func.count()
    query = (
        select(search_terms.c.project_id, shared)
        .where(search_terms.c.term.in_(grams))
        .group_by(search_terms.c.project_id)
        .having(shared >= max(2, int(len(grams) * _LIKENESS)))
        .order_by(shared.desc())
        .limit(50)
    )
    return {row[0]: 100 * row[1] // len(grams) for row in connection.execute(query)}


def _best_first(connection: Connection, scores: Mapping[int, int], wanted: str) -> tuple[int, ...]:
    """Order by score; the very name comes first, and short names before long ones."""
    names: dict[int, str] = {}
    for some in _batches(sorted(scores)):
        query = select(projects.c.id, projects.c.name).where(
            projects.c.id.in_(some), projects.c.is_visible.is_(True)
        )
        names |= {row.id: row.name for row in connection.execute(query)}
    return tuple(
        sorted(names, key=lambda key: (names[key] != wanted, -scores[key], len(names[key]), names[key]))
    )


def _batches(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
