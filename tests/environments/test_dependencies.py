"""The graph of what is installed: always finite, never twice, whatever the metadata says."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given, strategies as st

from rewheel.environments.dependencies import DependencyGraph
from rewheel.environments.installed import InstalledDistribution
from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata, Requirement
from rewheel.variants import PLAIN, VariantEnvironment

MARKERS: Mapping[str, str] = {
    "python_version": "3.12",
    "python_full_version": "3.12.1",
    "sys_platform": sys.platform,
}


class Distribution(InstalledDistribution):
    """One that is installed in memory."""

    text: str = ""
    broken: str = ""

    def metadata(self) -> CoreMetadata:
        if self.broken:
            raise RewheelError(self.broken)
        return CoreMetadata.parse(self.text.encode())


def distribution(
    project: str,
    *requires: str,
    extras: Sequence[str] = (),
    defaults: Sequence[str] = (),
    version: str = "1.0",
) -> Distribution:
    lines = ["Metadata-Version: 2.5", f"Name: {project}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in requires]
    lines += [f"Provides-Extra: {name}" for name in extras] + [f"Default-Extra: {name}" for name in defaults]
    found = Distribution(Path(f"/nowhere/{project}-{version}.dist-info"), project, version)
    object.__setattr__(found, "text", "\n".join(lines) + "\n")
    return found


def needs(graph: DependencyGraph, project: str) -> list[tuple[str, str]]:
    return [(each.requirement.project, each.extra) for each in graph.needs(project)]


def test_extras_spread_through_self_references() -> None:
    foo = distribution(
        "foo",
        "a; extra == 'one'",
        "foo[one]; extra == 'all'",
        "b; extra == 'two'",
        extras=["one", "two", "all"],
    )
    graph = DependencyGraph([foo, distribution("user", "Foo[ALL]")], MARKERS)
    assert graph.extras("foo") == {"one", "all"}
    assert needs(graph, "foo") == [("foo", "all"), ("a", "one")]
    assert [each.requirement.project for each in graph.needed_by("a")] == ["a"]


def test_what_is_needed_anyway_is_not_needed_by_an_extra() -> None:
    foo = distribution("foo", "a; python_version > '3' or extra == 'x'", extras=["x"])
    graph = DependencyGraph([foo, distribution("user", "foo[x]")], MARKERS)
    assert needs(graph, "foo") == [("a", "")]


def test_default_extras_come_when_any_occurrence_names_none() -> None:
    foo = distribution("foo", "a; extra == 'd'", "b; extra == 'x'", extras=["d", "x"], defaults=["D"])
    one = distribution("one", "foo[x]")
    two = distribution("two", "foo")
    assert needs(DependencyGraph([foo, one], MARKERS), "foo") == [("b", "x")]
    assert sorted(needs(DependencyGraph([foo, one, two], MARKERS), "foo")) == [("a", "d"), ("b", "x")]
    assert needs(DependencyGraph([foo], MARKERS), "foo") == []


def test_versions_that_do() -> None:
    graph = DependencyGraph(
        [
            distribution("user", "a>=1", "a<1", "b @ https://a.test/b.zip", "odd===odd", "odd>=1", "gone"),
            distribution("a", version="2.0rc1"),
            distribution("b"),
            distribution("odd", version="odd"),
        ],
        MARKERS,
    )
    assert [each.is_met for each in graph.needs("user")] == [True, False, True, True, False, False]


def test_trouble_with_one_leaves_the_others_alone() -> None:
    bad = distribution("bad")
    object.__setattr__(bad, "broken", "it is broken")
    graph = DependencyGraph(
        [bad, distribution("worse", "???"), distribution("good", "bad[x]", "worse")], MARKERS
    )
    assert graph.unreadable["bad"] == "it is broken"
    assert "???" in graph.unreadable["worse"]
    assert needs(graph, "good") == [("bad", ""), ("worse", "")]


def test_variants_are_looked_up_only_where_a_marker_asks() -> None:
    asked = []

    def variant_of(found: InstalledDistribution) -> VariantEnvironment:
        asked.append(found.project)
        return VariantEnvironment("v")

    plain = distribution("plain", "a; variant_label == ''")
    silent = distribution("silent", "a")
    telling = distribution(
        "telling", "a; variant_label == 'v'", "b; variant_label != 'v'", "c; variant_label == 'v'"
    )
    for each, label in ((plain, ""), (silent, "v"), (telling, "v")):
        each.__dict__["label"] = label
    graph = DependencyGraph([plain, silent, telling], MARKERS, variant_of)
    assert asked == ["telling"]
    assert needs(graph, "plain") == [("a", "")]
    assert needs(graph, "telling") == [("a", ""), ("c", "")]
    assert PLAIN.label == ""


NAMES = ["a", "b", "c", "d", "e"]
edges = st.dictionaries(
    st.sampled_from(NAMES),
    st.lists(
        st.builds(
            lambda name, asked, extra: f"{name}{asked}" + (f"; extra == '{extra}'" if extra else ""),
            st.sampled_from([*NAMES, "missing"]),
            st.sampled_from(["", "[]", "[x]", "[x,y]", "[nope]"]),
            st.sampled_from(["", "", "x", "y"]),
        ),
        max_size=4,
    ),
)


@given(edges)
def test_everything_is_reached_once(requires: dict[str, list[str]]) -> None:
    installed = [
        distribution(name, *texts, extras=["x", "y"], defaults=["y"]) for name, texts in requires.items()
    ]
    graph = DependencyGraph(installed, MARKERS)
    for ends, neighbours in (
        (graph.roots(), lambda name: [each.requirement.project for each in graph.needs(name)]),
        (graph.leaves(), lambda name: [each.parent.project for each in graph.needed_by(name)]),
    ):
        reached: set[str] = set()
        waiting = [each.project for each in ends]
        assert len(waiting) == len(set(waiting))
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [other for other in neighbours(name) if graph.find(other)]
        assert reached == set(requires)
    for each in installed:
        found = [(str(need.requirement), need.extra) for need in graph.needs(each.project)]
        texts = [str(Requirement.parse(text)) for text in requires[each.project]]
        assert all(found.count(pair) <= texts.count(pair[0]) for pair in found)
        for need in graph.needs(each.project):
            assert not need.extra or need.extra in graph.extras(each.project)
