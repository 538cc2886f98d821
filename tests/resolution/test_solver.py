"""The search finds a solution whenever there is one, and its proof of failure names real premises."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.question import Requested
from rewheel.resolution.solver import FactKind, Unsolvable, solve
from rewheel.resolution.straight import go_straight

Needs = dict[tuple[str, int], list[tuple[str, int]]]


class Catalogue:
    """A tiny world: how many candidates each package has, and what each of them needs, as bits."""

    def __init__(self, counts: dict[str, int], needs: Needs) -> None:
        self.counts = counts
        self.needs = needs

    def choose(self, package: str, allowed: CandidateSet) -> int | None:
        return next((n for n in range(self.counts[package]) if n in allowed), None)

    def dependencies(self, package: str, number: int) -> Sequence[Requested]:
        return [
            Requested(name, CandidateSet(bits), "") for name, bits in self.needs.get((package, number), [])
        ]

    def priority(self, package: str, allowed: CandidateSet, conflicts: int) -> Any:
        return (-conflicts, package)

    def is_solution(self, pins: dict[str, int | None], roots: list[tuple[str, int]]) -> bool:
        wanted = list(roots)
        for package, number in pins.items():
            if number is not None:
                wanted += self.needs.get((package, number), [])
        return all(pins[name] is not None and bits >> pins[name] & 1 for name, bits in wanted)

    def has_solution(self, roots: list[tuple[str, int]]) -> bool:
        names = list(self.counts)
        choices = [[None, *range(self.counts[name])] for name in names]
        return any(self.is_solution(dict(zip(names, pick, strict=True)), roots) for pick in product(*choices))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Catalogue, list[tuple[str, int]]]:
    counts = {name: draw(st.integers(min_value=1, max_value=3)) for name in "abcd"}
    need = st.tuples(st.sampled_from("abcd"), st.integers(min_value=0, max_value=7))
    needs = {
        (name, number): [entry for entry in draw(st.lists(need, max_size=2)) if entry[0] != name]
        for name, count in counts.items()
        for number in range(count)
    }
    roots = draw(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.integers(min_value=1, max_value=7)), min_size=1, max_size=2
        )
    )
    return Catalogue(counts, needs), roots


@given(worlds())
def test_it_agrees_with_trying_everything(world: tuple[Catalogue, list[tuple[str, int]]]) -> None:
    catalogue, roots = world
    requested = [Requested(name, CandidateSet(bits), f"{name} in {bits:b}") for name, bits in roots]
    try:
        solution = solve(catalogue, requested)
    except Unsolvable as unsolvable:
        assert not catalogue.has_solution(roots)
        assert any(fact.kind is FactKind.REQUESTED for fact in unsolvable.facts)
    else:
        pins: dict[str, int | None] = dict.fromkeys(catalogue.counts)
        pins.update(solution.pins)
        assert catalogue.is_solution(pins, roots)


@given(worlds(), st.dictionaries(st.sampled_from("abcd"), st.integers(min_value=1, max_value=7)))
def test_going_straight_comes_to_the_same(
    world: tuple[Catalogue, list[tuple[str, int]]], limits: dict[str, int]
) -> None:
    """The very same solution, in the same order, or none where decisions have to be taken back."""
    catalogue, roots = world
    requested = [Requested(name, CandidateSet(bits), f"{name} in {bits:b}") for name, bits in roots]

    def limit(package: str) -> CandidateSet | None:
        return CandidateSet(limits[package]) if package in limits else None

    straight = go_straight(catalogue, requested, limit)
    if straight is not None:
        solved = solve(catalogue, requested, limit)
        assert list(straight.pins.items()) == list(solved.pins.items())
        assert list(straight.edges) == list(solved.edges)


def test_going_straight_gives_up_at_a_contradiction() -> None:
    catalogue = Catalogue({"a": 1, "b": 2}, {("a", 0): [("b", 0b10)]})
    roots = [Requested("a", CandidateSet.full(), "a"), Requested("b", CandidateSet(0b11), "b")]
    solution = go_straight(catalogue, roots, lambda _: None)
    assert solution is not None
    assert (solution.pins, solution.edges) == ({"a": 0, "b": 1}, [("a", "b")])
    roots[1] = Requested("b", CandidateSet(0b01), "b")
    assert go_straight(catalogue, roots, lambda _: None) is None


def test_a_better_candidate_is_given_up_only_for_a_reason() -> None:
    catalogue = Catalogue({"a": 2, "b": 2}, {("a", 0): [("b", 0b10)], ("a", 1): []})
    roots = [Requested("a", CandidateSet.full(), "a"), Requested("b", CandidateSet(0b01), "b")]
    assert solve(catalogue, roots).pins == {"a": 1, "b": 0}


def test_a_constraint_narrows_but_does_not_need() -> None:
    catalogue = Catalogue({"a": 1, "b": 2, "c": 1}, {("a", 0): [("b", 0b11)]})
    asked = []

    def limit(package: str) -> CandidateSet | None:
        asked.append(package)
        return {"b": CandidateSet(0b10), "c": CandidateSet(0b1)}.get(package)

    wanted = [Requested("a", CandidateSet.full(), "a")]
    assert solve(catalogue, wanted, limit).pins == {"a": 0, "b": 1}
    assert sorted(asked) == ["a", "b"], "each once, and c is nobody's business"


def test_the_proof_names_the_premises() -> None:
    catalogue = Catalogue({"a": 1, "b": 2, "c": 1}, {("a", 0): [("b", 0b01)], ("c", 0): [("b", 0b10)]})
    roots = [Requested("a", CandidateSet.full(), "a please"), Requested("c", CandidateSet.full(), "c please")]
    with pytest.raises(Unsolvable) as caught:
        solve(catalogue, roots)
    texts = {fact.text for fact in caught.value.facts if fact.kind is FactKind.REQUESTED}
    needs = {
        (fact.package, fact.dependency) for fact in caught.value.facts if fact.kind is FactKind.DEPENDENCY
    }
    assert texts == {"a please", "c please"}
    assert needs == {("a", "b"), ("c", "b")}
