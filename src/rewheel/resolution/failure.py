"""Why there is no solution, told in sentences."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.candidates import PRE_RELEASE
from rewheel.resolution.choice import Status
from rewheel.resolution.errors import Contradiction
from rewheel.resolution.packages import project_of
from rewheel.resolution.question import Requested
from rewheel.resolution.solver import Fact, FactKind

if TYPE_CHECKING:
    from rewheel.resolution.candidates import ProjectCandidates

__all__ = ["Memory", "advice", "contradiction", "versions_of"]

_ORDER = (FactKind.REQUESTED, FactKind.CONSTRAINT, FactKind.DEPENDENCY, FactKind.NO_CANDIDATE)


class Memory(Protocol):
    """What the search remembers of its way, in order to tell of it."""

    def candidates(self, project: str) -> "ProjectCandidates":
        """Return the candidates of a project."""
        ...

    def needs_of(self, package: str, number: int, dependency: str) -> Iterable[Requested]:
        """Return the requirements by which a candidate needs a dependency."""
        ...

    def constraints(self, project: str) -> Sequence[str]:
        """Return the words of the constraints on a project."""
        ...

    def origin(self, text: str) -> str:
        """Say where a requirement or constraint of the user's stands, or nothing."""
        ...

    def obstacles(self, project: str, among: CandidateSet) -> Iterable[str]:
        """Say why candidates could not be used, or that no source has the project."""
        ...

    def statuses(self, project: str) -> Iterable[str]:
        """Tell, by words of `Status` and `PRE_RELEASE`, why candidates were not taken."""
        ...


def contradiction(facts: Sequence[Fact], memory: Memory) -> Contradiction:
    """Make the error that tells which premises exclude one another: what was asked for, and what follows."""
    in_order = sorted(facts, key=lambda fact: _ORDER.index(fact.kind))
    sentences = tuple(dict.fromkeys(sentence for fact in in_order for sentence in _tell(fact, memory)))
    barren = [project_of(fact.package) for fact in facts if fact.kind is FactKind.NO_CANDIDATE]
    hints = ["loosen one of these requirements"]
    if any(fact.kind is FactKind.CONSTRAINT for fact in facts):
        hints = ["loosen the constraint or one of these requirements"]
    if further := advice(dict.fromkeys(barren), memory):
        hints.append(further)
    return Contradiction(
        "no versions fit together:\n" + "\n".join(f"  - {sentence}" for sentence in sentences),
        facts=sentences,
        hint=", or ".join(hints),
    )


def advice(projects: Iterable[str], memory: Memory) -> str:
    """Say what may help with projects none of whose candidates will do; empty if there are no projects."""
    found: dict[str, None] = {}
    for project in projects:
        statuses = set(memory.statuses(project))
        if PRE_RELEASE in statuses:
            found["allow pre-releases with --pre"] = None
        if Status.YANKED in statuses:
            found["name exactly, with ==, a yanked version that must be"] = None
        if Status.WRONG_PYTHON in statuses:
            found["use another Python with --python"] = None
        if memory.candidates(project).candidates:
            found[f"see with `rewheel explain {project}` what became of every wheel"] = None
    return ", or ".join(found)


def _tell(fact: Fact, memory: Memory) -> Iterable[str]:
    tell: Callable[[Fact, Memory], Iterable[str]] = _TELLERS[fact.kind]
    return tell(fact, memory)


def _request(fact: Fact, memory: Memory) -> Iterable[str]:
    yield f"you asked for {_with_origin(fact.text, memory)}"


def _constraint(fact: Fact, memory: Memory) -> Iterable[str]:
    project = memory.candidates(project_of(fact.package))
    versions = versions_of(project, fact.candidates) or "in no known version"
    constraints = [_with_origin(text, memory) for text in memory.constraints(project_of(fact.package))]
    said = f"the constraint {' and '.join(constraints)}" if constraints else "a constraint"
    yield f"{said} allows {fact.package} only {versions}"


def _with_origin(text: str, memory: Memory) -> str:
    origin = memory.origin(text)
    return f"{text} ({origin})" if origin else text


def _dependency(fact: Fact, memory: Memory) -> Iterable[str]:
    project = memory.candidates(project_of(fact.package))
    needed: dict[str, CandidateSet] = {}
    unmet = False
    for number in fact.candidates.numbers(len(project.candidates)):
        for entry in memory.needs_of(fact.package, number, fact.dependency):
            needed[entry.text] = needed.get(entry.text, CandidateSet.empty()) | CandidateSet.singleton(number)
            unmet = unmet or entry.allowed.is_empty
    for text, those in needed.items():
        yield f"{fact.package} {versions_of(project, those)} needs {text}"
    if unmet:
        yield from _absence(project_of(fact.dependency), CandidateSet.empty(), memory)


def _no_candidate(fact: Fact, memory: Memory) -> Iterable[str]:
    return _absence(project_of(fact.package), fact.candidates, memory)


def _absence(name: str, among: CandidateSet, memory: Memory) -> Iterable[str]:
    """Say why none of the candidates will do, or that there are none."""
    reasons = list(memory.obstacles(name, among))
    yield from reasons
    if reasons:
        return
    project = memory.candidates(name)
    if versions := versions_of(project, among):
        yield f"{name} {versions} can't be used"
    else:
        known = versions_of(project, CandidateSet.full())
        yield f"no version of {name} satisfies that" + (f"; there are {known}" if known else "")


def versions_of(project: "ProjectCandidates", among: CandidateSet) -> str:
    """Name the versions of a set of candidates, the oldest and the newest of many."""
    numbers = sorted(among.numbers(len(project.candidates)), reverse=True)
    versions = project.candidates.versions
    names = list(dict.fromkeys(versions[number] for number in numbers))
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"


_TELLERS: dict[FactKind, Callable[[Fact, Memory], Iterable[str]]] = {
    FactKind.REQUESTED: _request,
    FactKind.CONSTRAINT: _constraint,
    FactKind.DEPENDENCY: _dependency,
    FactKind.NO_CANDIDATE: _no_candidate,
}
