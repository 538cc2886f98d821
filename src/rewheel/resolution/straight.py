"""The search where nothing contradicts anything: it goes straight on, which is how most searches end.

Until the first contradiction, a solver only decides about one package after the other, and narrows what may
be decided about those that the decision needs. That takes no solver: this comes to the same solution, and at
a contradiction it gives up.
"""

from collections.abc import Callable, Sequence
from typing import Any

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.question import Question, Requested, Solution

__all__ = ["go_straight"]


def go_straight(
    question: Question,
    requested: Sequence[Requested],
    limit: Callable[[str], CandidateSet | None],
) -> Solution | None:
    """Find the solution that `solve` finds without ever taking a decision back; None if there is no such."""
    way = _Way(question)
    if not way.narrow(requested):
        return None
    edges: dict[str, Sequence[str]] = {}
    while (package := way.next()) is not None:
        allowed, limited = way.allowed[package], limit(package)
        number = question.choose(package, allowed if limited is None else allowed & limited)
        if number is None:
            return None
        way.decide(package, number)
        needs = question.dependencies(package, number)
        if not way.narrow(needs):
            return None
        edges[package] = list(dict.fromkeys(entry.package for entry in needs))
    return Solution(way.pins, _in_breadth(dict.fromkeys(entry.package for entry in requested), edges))


class _Way:
    """How far the search has come."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self.allowed: dict[str, CandidateSet] = {}
        """What may be decided about each package that is needed, and what was."""
        self.pins: dict[str, int] = {}
        """In the order of the decisions."""
        self._keys: dict[str, Any] = {}
        """By which the next package is picked, of those that are undecided."""

    def narrow(self, entries: Sequence[Requested]) -> bool:
        """Let packages satisfy more requirements; tell whether they can."""
        full = CandidateSet.full()
        for entry in entries:
            before = self.allowed.get(entry.package, full)
            after = self.allowed[entry.package] = before & entry.allowed
            if after.is_empty:
                return False
        for package in dict.fromkeys(entry.package for entry in entries):
            if package not in self.pins:
                self._keys[package] = self._question.priority(package, self.allowed[package], 0)
        return True

    def next(self) -> str | None:
        """Return the package that is to be decided next, if any is left."""
        return min(self._keys, key=self._keys.__getitem__, default=None)

    def decide(self, package: str, number: int) -> None:
        """Take a candidate of a package."""
        del self._keys[package]
        self.pins[package] = number
        self.allowed[package] = CandidateSet.singleton(number)


def _in_breadth(roots: dict[str, None], edges: dict[str, Sequence[str]]) -> list[tuple[str, str]]:
    """List the edges as they are met from the roots, nearest first."""
    found: list[tuple[str, str]] = []
    reached = dict(roots)
    queue = list(roots)
    for package in queue:
        for needed in edges[package]:
            found.append((package, needed))
            if needed not in reached:
                reached[needed] = None
                queue.append(needed)
    return found
