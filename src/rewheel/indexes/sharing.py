"""Names that more than one index offers: where a stranger could step in for a project."""

from collections.abc import Iterable
from typing import NamedTuple

from rewheel.indexes.source import Source
from rewheel.indexes.sources import Sources

__all__ = ["SharedName", "shared_names"]


class SharedName(NamedTuple):
    """A project that several indexes offer, and nothing says which of them it is to come from."""

    project: str
    sources: tuple[Source, ...]
    """In the order in which they count."""

    def __str__(self) -> str:
        return f"{self.project} is offered by {' and by '.join(source.name for source in self.sources)}"


def shared_names(projects: Iterable[str], sources: Sources, *, ask: bool = False) -> list[SharedName]:
    """Find the projects that indexes of different groups offer, which no pin or denial decides between.

    Without `ask` nobody is asked: what the cache remembers of the indexes has to do, and an index that was
    never asked counts as one that has nothing. With it, raises `IndexesError` if an index fails.
    """
    candidates = {
        project: [source for source in sources.considered(project) if not source.is_find_links]
        for project in dict.fromkeys(projects)
    }
    several = {
        project: found for project, found in candidates.items() if len({each.group for each in found}) > 1
    }
    if ask:
        pairs = [(project, source) for project, found in several.items() for source in found]
        having = dict(zip(pairs, sources.map(lambda pair: pair[1].page(pair[0]), pairs), strict=True))
    found = []
    for project, offering in several.items():
        known = [
            s for s in offering if (having[project, s] is not None if ask else s.is_known_to_have(project))
        ]
        if len({source.group for source in known}) > 1:
            found.append(SharedName(project, tuple(known)))
    return found
