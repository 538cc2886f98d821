"""Sets of candidates obey the algebra that the solver relies on."""

from hypothesis import given, strategies as st

from rewheel.resolution.candidate_set import CandidateSet

sets = st.integers(min_value=-(1 << 70), max_value=1 << 70).map(CandidateSet)


@given(sets, sets)
def test_difference_is_intersection_with_the_complement(a: CandidateSet, b: CandidateSet) -> None:
    assert a - b == a & ~b
    assert a.is_subset((a - b) | b)


@given(sets, sets)
def test_relation_tells_what_the_single_questions_tell(a: CandidateSet, b: CandidateSet) -> None:
    relation = a.relation(b)
    assert relation.is_subset == a.is_subset(b) == b.is_superset(a) == (a & b == a)
    assert relation.is_disjoint == a.is_disjoint(b) == (a & b).is_empty


@given(sets)
def test_everything_lies_between_empty_and_full(a: CandidateSet) -> None:
    assert CandidateSet.empty().is_subset(a)
    assert a.is_subset(CandidateSet.full())
    assert ~CandidateSet.empty() == CandidateSet.full()
    assert (a | ~a) == CandidateSet.full()


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=0, max_value=200))
def test_a_singleton_has_its_one_member(a: int, b: int) -> None:
    assert (b in CandidateSet.singleton(a)) == (a == b)
    assert (b in ~CandidateSet.singleton(a)) == (a != b)
