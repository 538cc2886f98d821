"""How several indexes count: the strategy, groups of mirrors, pins, denials, and what a failure means."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from rewheel.rows import NamedTuple
from rewheel.values import field, frozen

__all__ = ["Guard", "IndexPolicy", "NamePattern", "Pin", "Strategy", "matches_any"]


class Strategy(StrEnum):
    """How a project that several indexes offer is looked for (PEP 766)."""

    INDEX_PRIORITY = "index-priority"  # index by index, and on only if nothing of the one before will do
    FIRST_INDEX = "first-index"  # never past the first index that knows the project's name
    VERSION_PRIORITY = "version-priority"  # all indexes are one heap, and its best version counts


class Guard(StrEnum):
    """What to do about a name that several indexes offer without vouching for one another (PEP 708)."""

    OFF = "off"
    WARN = "warn"
    REFUSE = "refuse"


class NamePattern(NamedTuple):
    """A project's normalised name, or several by `*`, which stands for any run of characters."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "NamePattern":
        """Read a name in any spelling. Raises ValueError if it could be no project's."""
        normalised = re.sub(r"[-_.]+", "-", text.strip()).lower()
        if not re.fullmatch(r"[a-z0-9*-]+", normalised):
            message = f"{text!r} is neither the name of a project nor a pattern of names such as acme-*"
            raise ValueError(message)
        return cls(normalised)

    def matches(self, project: str) -> bool:
        """Tell whether a normalised name is meant."""
        if "*" not in self.text:
            return self.text == project
        from fnmatch import fnmatchcase

        return fnmatchcase(project, self.text)

    @property
    def weight(self) -> tuple[bool, int]:
        """Of two patterns that match, the one of greater weight counts: a whole name, else the longer one."""
        return "*" not in self.text, len(self.text)


class Pin(NamedTuple):
    """A user's word that a project comes from one index, or one group of them, and from no other."""

    pattern: NamePattern
    target: str
    """The name of the index or of the group."""
    sources: frozenset[str]
    """The names of the sources that it stands for."""


@frozen
class IndexPolicy:
    """What the user decided about indexes; sources are named by their names, groups by their numbers."""

    strategy: Strategy = Strategy.INDEX_PRIORITY
    inside: Mapping[int, Strategy] = field(default_factory=dict)
    """The strategy between the members of a group: version priority unless it is told otherwise."""
    pins: tuple[Pin, ...] = ()
    denied: Mapping[str, tuple[NamePattern, ...]] = field(default_factory=dict)
    """Projects that an index is not asked for, by the index's name."""
    ignore_errors: bool = False
    """Go on without an index that fails."""
    guard: Guard = Guard.OFF
    verified: frozenset[str] = frozenset()
    """Projects whose files must have hashes that the user gave; the guard need not care who offers them."""

    def pin_of(self, project: str) -> Pin | None:
        """Return the pin that holds for a project: that of the whole name, else of the longest pattern."""
        found = [pin for pin in self.pins if pin.pattern.matches(project)]
        return max(found, key=lambda pin: pin.pattern.weight) if found else None

    def denies(self, source: str, project: str) -> bool:
        """Tell whether a source is not to be asked for a project."""
        return matches_any(self.denied.get(source, ()), project)


def matches_any(patterns: Iterable[NamePattern], project: str) -> bool:
    """Tell whether one of the patterns means the project."""
    return any(pattern.matches(project) for pattern in patterns)
