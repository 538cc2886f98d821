"""Dependency groups: inclusion, circles, names, and everything that is none."""

import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.errors import RewheelError
from rewheel.metadata.dependency_groups import read_dependency_group, resolve_dependency_group
from rewheel.metadata.errors import InvalidDependencyGroup


def names(groups: object, name: str) -> list[str]:
    return [str(found) for found in resolve_dependency_group(groups, name)]  # type: ignore[arg-type]


def test_groups_include_one_another_in_order() -> None:
    groups = {
        "test": ["pytest>=8", {"include-group": "Type.Check"}, "coverage"],
        "type-check": ["mypy", "types-x; python_version >= '3'"],
        "all": [{"include-group": "test"}, {"include-group": "type_check"}],
    }
    test = ["pytest>=8", "mypy", 'types-x; python_version >= "3"', "coverage"]
    assert names(groups, "TEST") == test
    assert names(groups, "all") == [*test, "mypy", 'types-x; python_version >= "3"']


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ({}, "there is no dependency group a"),
        ({"a": [{"include-group": "b"}]}, "there is no dependency group b, which the group a includes"),
        (
            {"a": [{"include-group": "b"}], "b": [{"include-group": "A"}]},
            "dependency groups include one another in a circle: a -> b -> a",
        ),
        ({"a": [{"include-group": "a"}]}, "in a circle: a -> a"),
        ({"a": "x"}, "the dependency group a is not a list"),
        ({"a": [1]}, "may hold requirements and include-group, not 1"),
        ({"a": [{"include-group": "b", "more": 1}], "b": []}, "may hold requirements and include-group"),
        ({"a": [{"include-group": 3}]}, "include-group is not a name"),
        ({"a": ["???"]}, "does not start with a project name"),
        ({"a": ["foo; variant_label == 'x'"]}, "variant markers are allowed only in the dependencies of"),
        ({"a": [], "A": []}, "the groups a and A have the same name"),
    ],
)
def test_what_is_no_group(groups: object, problem: str) -> None:
    with pytest.raises(InvalidDependencyGroup) as caught:
        names(groups, "a")
    assert problem in str(caught.value)


def test_a_broken_group_that_nobody_asks_for_does_no_harm() -> None:
    assert names({"a": ["foo"], "b": "???"}, "a") == ["foo"]


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    for text in ("[dependency-groups]\nb = []", "not toml", "dependency-groups = 3", "\xff"):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(InvalidDependencyGroup) as caught:
            read_dependency_group(path, "a")
        assert str(path) in str(caught.value)
    with pytest.raises(InvalidDependencyGroup, match="cannot be read"):
        read_dependency_group(tmp_path, "a")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.lists(_JSON | st.builds(lambda n: {"include-group": n}, st.sampled_from("abc")), max_size=4),
    )
)
def test_any_table_gives_requirements_or_one_error(groups: dict[str, object]) -> None:
    for name in ("a", "b"):
        with contextlib.suppress(RewheelError):
            names(groups, name)


def test_this_project_s_own_groups() -> None:
    path = Path(__file__).parents[2] / "pyproject.toml"
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["dependency-groups"]
    for name in groups:
        assert read_dependency_group(path, name)
