"""The search for candidates that fit together: the only module that knows the resolver library."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from nab_resolver.errors import ResolutionError as NoSolution, ResolutionTerminatedError
from nab_resolver.resolver import BaseProvider, Resolver as PubGrub
from nab_resolver.types import Incompatibility, IncompatibilityCause, RangeProtocol, RootRequirement

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.errors import ResolutionError
from rewheel.resolution.question import Question, Requested, Solution

__all__ = ["Fact", "FactKind", "Unsolvable", "solve"]


class FactKind(StrEnum):
    """Where a sentence of a failure comes from."""

    REQUESTED = "requested"
    CONSTRAINT = "constraint"
    DEPENDENCY = "dependency"
    NO_CANDIDATE = "no-candidate"


class Fact(NamedTuple):
    """One of the premises that together exclude every solution."""

    kind: FactKind
    package: str
    candidates: CandidateSet
    """The candidates of `package` that the fact is about."""
    text: str = ""
    """The requirement's words, for a request."""
    dependency: str = ""
    """The package that is needed, for a dependency."""


class Unsolvable(Exception):  # noqa: N818 - a control flow signal between two modules, never shown
    """No candidates fit together; `facts` are the premises that exclude one another, in the proof's order."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        super().__init__()
        self.facts = tuple(facts)


def solve(
    question: Question,
    requested: Sequence[Requested],
    limit: Callable[[str], CandidateSet | None] | None = None,
) -> Solution:
    """Find one candidate for every package that is needed (PubGrub).

    `limit` returns what constraints leave of a package; it is asked only about what something needs. Raises
    `Unsolvable` if no choice fits together, `ResolutionError` if the search gives up.
    """
    roots = [RootRequirement(entry.package, _range(entry.allowed), entry.text) for entry in requested]
    solver = PubGrub(_Provider(question), range_type=CandidateSet)
    try:
        found = solver.solve(roots, _Limits(limit) if limit is not None else None)
    except ResolutionTerminatedError as error:
        raise ResolutionError(
            "the search for versions that fit together was given up: too many contradictions",
            hint="pin some of the projects to narrow the search",
        ) from error
    except NoSolution as error:
        if error.incompatibility is None:
            raise ResolutionError(f"no versions fit together: {error}") from error
        raise Unsolvable(_facts(error.incompatibility)) from error
    return Solution(found.pins, found.edges)


class _Provider(BaseProvider[str, int]):
    """Puts the library's questions into our words."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._dependencies: dict[tuple[str, int], Mapping[str, RangeProtocol[int]]] = {}

    def choose_version(self, package: str, version_range: RangeProtocol[int]) -> int | None:
        return self._question.choose(package, _set(version_range))

    def has_satisfying_version(self, package: str, version_range: RangeProtocol[int]) -> bool:
        return self._question.choose(package, _set(version_range)) is not None

    def get_dependencies(self, package: str, version: int) -> Mapping[str, RangeProtocol[int]]:
        known = self._dependencies.get((package, version))
        if known is None:
            merged: dict[str, CandidateSet] = {}
            for entry in self._question.dependencies(package, version):
                merged[entry.package] = merged.get(entry.package, CandidateSet.full()) & entry.allowed
            known = {name: _range(allowed) for name, allowed in merged.items()}
            self._dependencies[package, version] = known
        return known

    def prioritize(
        self,
        package: str,
        version_range: RangeProtocol[int],
        conflict_counts: Mapping[str, int],
        culprit_counts: Mapping[str, int] | None = None,
    ) -> Any:  # noqa: ANN401
        conflicts = conflict_counts.get(package, 0) + (culprit_counts or {}).get(package, 0)
        return self._question.priority(package, _set(version_range), conflicts)

    def widen_decision(self, package: str, version: int) -> RangeProtocol[int] | None:
        """Let one clause speak for all candidates that were seen to need the very same."""
        needs = self._dependencies.get((package, version))
        bits = 1 << version
        for (other, number), others_needs in self._dependencies.items():
            if other == package and others_needs == needs:
                bits |= 1 << number
        return _range(CandidateSet(bits))


class _Limits(Mapping[str, RangeProtocol[int]]):
    """Constraints that are looked up when a package is met: whoever has many need not look them all up."""

    def __init__(self, limit: Callable[[str], CandidateSet | None]) -> None:
        self._limit = limit
        self._known: dict[str, CandidateSet | None] = {}

    def __getitem__(self, package: str) -> RangeProtocol[int]:
        if package not in self._known:
            self._known[package] = self._limit(package)
        found = self._known[package]
        if found is None:
            raise KeyError(package)
        return _range(found)

    def __iter__(self) -> Iterator[str]:
        return (package for package, found in self._known.items() if found is not None)

    def __len__(self) -> int:
        return len(self._known) + 1  # never empty, for whoever takes an empty mapping for none


def _range(allowed: CandidateSet) -> RangeProtocol[int]:
    return allowed


def _set(allowed: RangeProtocol[int]) -> CandidateSet:
    assert isinstance(allowed, CandidateSet)
    return allowed


def _facts(proof: Incompatibility[str, int]) -> list[Fact]:
    facts: list[Fact] = []
    for node in proof.walk():
        fact = _fact(node)
        if fact is not None and fact not in facts:
            facts.append(fact)
    return facts


def _fact(node: Incompatibility[str, int]) -> Fact | None:
    own = [term for term in node.terms if isinstance(term.package, str)]
    if node.cause is IncompatibilityCause.ROOT and own:
        return Fact(FactKind.REQUESTED, own[-1].package, _set(own[-1].constraint), str(node.origin))
    if node.cause is IncompatibilityCause.CONSTRAINT and own and node.constraint_range is not None:
        return Fact(FactKind.CONSTRAINT, own[-1].package, _set(node.constraint_range))
    if node.cause is IncompatibilityCause.NO_VERSIONS and own:
        return Fact(FactKind.NO_CANDIDATE, own[0].package, _set(own[0].constraint))
    if node.cause is IncompatibilityCause.DEPENDENCY and own:
        needed = own[-1].package if len(own) > 1 else own[0].package
        return Fact(FactKind.DEPENDENCY, own[0].package, _set(own[0].constraint), dependency=needed)
    return None
