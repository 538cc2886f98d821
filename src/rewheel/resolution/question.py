"""What a search is given, what it asks while it goes on, and what it finds."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.rows import NamedTuple

__all__ = ["Question", "Requested", "Solution"]


class Requested(NamedTuple):
    """A requirement as the search sees it: a package, the candidates that would do, and the words for it."""

    package: str
    """A project's name, or the name with one extra, `project[extra]`."""
    allowed: CandidateSet
    text: str


class Question(Protocol):
    """What the search asks while it goes on; the answers about one candidate must never change."""

    def choose(self, package: str, allowed: CandidateSet) -> int | None:
        """Return the number of the best usable candidate of the set, or `None`."""
        ...

    def dependencies(self, package: str, number: int) -> Sequence[Requested]:
        """Return what a candidate needs."""
        ...

    def priority(self, package: str, allowed: CandidateSet, conflicts: int) -> Any:  # noqa: ANN401
        """Return a key by which the next package is picked, the lowest first."""
        ...


class Solution(NamedTuple):
    """The candidate of each package, and which package needs which."""

    pins: Mapping[str, int]
    edges: Sequence[tuple[str, str]]
