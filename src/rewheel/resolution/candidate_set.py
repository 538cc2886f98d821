"""Sets of candidates of one project, in the shape that the solver calculates with."""

from collections.abc import Iterator
from typing import Self

from rewheel.rows import NamedTuple

__all__ = ["CandidateSet", "Relation"]


class Relation(NamedTuple):
    """How the members of one set sit against another's; both hold only for an empty set."""

    is_subset: bool
    is_disjoint: bool


class CandidateSet:
    """An immutable set of candidates, one bit for each; the solver's notion of a range of versions.

    A project's candidates are numbered in the order in which they are preferred. Numbers instead of version
    intervals make every rule exact that intervals can only approach: arbitrary equality, pre-releases, local
    versions, direct references and one version from two sources. Python's integers have infinitely many sign
    bits, so a complement is again a set, and every operation is one machine instruction for most projects.
    """

    __slots__ = ("bits",)

    def __init__(self, bits: int) -> None:
        self.bits = bits

    @classmethod
    def empty(cls) -> Self:
        """Return the set without candidates."""
        return cls(0)

    @classmethod
    def full(cls) -> Self:
        """Return the set of all candidates, known or not."""
        return cls(-1)

    @classmethod
    def singleton(cls, version: int) -> Self:
        """Return the set of the one candidate with this number."""
        return cls(1 << version)

    @property
    def is_empty(self) -> bool:
        """Whether no candidate is in the set."""
        return not self.bits

    def numbers(self, count: int) -> Iterator[int]:
        """Yield the members below `count`, in order."""
        return (number for number in range(count) if self.bits >> number & 1)

    def __contains__(self, version: int, /) -> bool:
        return bool(self.bits >> version & 1)

    def __and__(self, other: object) -> Self:
        return type(self)(self.bits & other.bits) if isinstance(other, CandidateSet) else NotImplemented

    def __or__(self, other: object) -> Self:
        return type(self)(self.bits | other.bits) if isinstance(other, CandidateSet) else NotImplemented

    def __sub__(self, other: object) -> Self:
        return type(self)(self.bits & ~other.bits) if isinstance(other, CandidateSet) else NotImplemented

    def __invert__(self) -> Self:
        return type(self)(~self.bits)

    def is_subset(self, other: Self) -> bool:
        """Whether every candidate of this set is in the other."""
        return not self.bits & ~other.bits

    def is_superset(self, other: Self) -> bool:
        """Whether every candidate of the other set is in this one."""
        return not other.bits & ~self.bits

    def is_disjoint(self, other: Self) -> bool:
        """Whether no candidate is in both sets."""
        return not self.bits & other.bits

    def relation(self, other: Self) -> Relation:
        """Return how the members of this set sit against the other's."""
        return Relation(self.is_subset(other), self.is_disjoint(other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CandidateSet) and self.bits == other.bits

    def __hash__(self) -> int:
        return hash(self.bits)

    def __repr__(self) -> str:
        return f"CandidateSet({self.bits:#b})"
