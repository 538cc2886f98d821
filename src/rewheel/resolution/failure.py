"""Why there is no solution, told in sentences."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rewheel.resolution.errors import Contradiction
from rewheel.resolution.solver import Fact, FactKind

if TYPE_CHECKING:
    from rewheel.resolution.candidate_set import CandidateSet
    from rewheel.resolution.candidates import ProjectCandidates

__all__ = ["contradiction"]


def contradiction(
    facts: Sequence[Fact],
    *,
    candidates: Callable[[str], "ProjectCandidates"],
    words: Callable[[str, int, str], Iterable[str]],
    obstacles: Callable[[str, "CandidateSet"], Iterable[str]],
) -> Contradiction:
    """Make the error that tells which premises exclude one another.

    `words(package, number, dependency)` are the requirements by which a candidate needs a dependency,
    `obstacles(project, candidates)` the reasons why candidates could not be used.
    """
    sentences: dict[str, None] = {}
    for fact in facts:
        project = fact.package.partition("[")[0]
        for sentence in _sentences(fact, candidates(project), words, obstacles):
            sentences.setdefault(sentence)
    listed = tuple(sentences)
    return Contradiction(
        "no versions fit together:\n" + "\n".join(f"  - {sentence}" for sentence in listed),
        facts=listed,
        hint="loosen one of these requirements",
    )


def _sentences(
    fact: Fact,
    project: "ProjectCandidates",
    words: Callable[[str, int, str], Iterable[str]],
    obstacles: Callable[[str, "CandidateSet"], Iterable[str]],
) -> Iterable[str]:
    numbers = [number for number in range(len(project.candidates)) if number in fact.candidates]
    if fact.kind is FactKind.REQUESTED:
        yield f"you asked for {fact.text}"
    elif fact.kind is FactKind.CONSTRAINT:
        versions = _versions(project, numbers) or "in no known version"
        yield f"a constraint allows {fact.package} only {versions}"
    elif fact.kind is FactKind.DEPENDENCY:
        needed: dict[str, list[int]] = {}
        for number in numbers:
            for text in words(fact.package, number, fact.dependency):
                needed.setdefault(text, []).append(number)
        for text, those in needed.items():
            yield f"{fact.package} {_versions(project, those)} needs {text}"
    else:
        reasons = list(obstacles(project.project, fact.candidates))
        yield from reasons
        if not reasons and numbers:
            yield f"{project.project} {_versions(project, numbers)} can't be used"
        elif not reasons:
            known = _versions(project, list(range(len(project.candidates))))
            yield f"no version of {project.project} satisfies that" + (
                f"; there are {known}" if known else ""
            )


def _versions(project: "ProjectCandidates", numbers: Sequence[int]) -> str:
    names = list(
        dict.fromkeys(str(project.candidates[number].version) for number in sorted(numbers, reverse=True))
    )
    if len(names) <= 3:
        return ", ".join(names)
    return f"{names[0]} to {names[-1]}"
