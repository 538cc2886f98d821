"""What the sources offer of one project, in the order in which it counts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rewheel.indexes.errors import IndexesError
from rewheel.indexes.files import ProjectPage
from rewheel.indexes.policy import IndexPolicy, Strategy
from rewheel.rows import NamedTuple
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.indexes.source import Source

__all__ = ["Offer", "Step", "steps"]


@frozen
class Offer:
    """The pages of a project, in tiers: a later tier counts only where the earlier ones have nothing."""

    project: str
    tiers: tuple[tuple[ProjectPage, ...], ...]
    """Pages of one tier are of equal standing: the best version counts, whichever has it."""
    failure: IndexesError | None = None
    """Why sources after these could not be asked. Whoever is content with the tiers need not care; without
    an answer among them, this is the reason, and not that there is none."""

    @property
    def pages(self) -> tuple[ProjectPage, ...]:
        """All of them, in order."""
        return tuple(page for tier in self.tiers for page in tier)

    @property
    def indexes(self) -> tuple["Source", ...]:
        """The indexes among the sources that have the project."""
        return tuple(page.source for page in self.pages if not page.source.is_find_links)


class Step(NamedTuple):
    """Sources of equal standing, and the group that they belong to."""

    sources: tuple["Source", ...]
    group: int
    is_links: bool
    is_alone: bool
    """Whether nothing else of its group counts once it has the project."""


def steps(sources: Iterable["Source"], policy: IndexPolicy) -> list[Step]:
    """Put sources into the order in which a project is looked for; find-links come first."""
    groups: dict[int, list[Source]] = {}
    for source in sources:
        groups.setdefault(-1 if source.is_find_links else source.group, []).append(source)
    found: list[Step] = []
    for number in sorted(groups):
        members = groups[number]
        inside = policy.inside.get(number, Strategy.VERSION_PRIORITY)
        if number < 0 or inside is Strategy.VERSION_PRIORITY:
            found.append(Step(tuple(members), number, number < 0, is_alone=True))
        else:
            alone = inside is Strategy.FIRST_INDEX
            found += [Step((source,), number, is_links=False, is_alone=alone) for source in members]
    return found
