"""Resolution over a real index: versions, extras, markers, backtracking, and the words when it fails."""

import json
import os
from pathlib import Path

import pytest

from resolution.conftest import World
from rewheel.environments import find_target
from rewheel.errors import UsageError
from rewheel.indexes import Client, IndexesError
from rewheel.metadata import Requirement
from rewheel.resolution import Contradiction, NoCandidate, Status, UnknownProject
from support.index_server import Fault, IndexServer
from support.wheel_factory import make_wheel


def test_the_newest_version_and_its_dependencies(world: World) -> None:
    world.wheel("a", "1.0")
    world.wheel("a", "1.10", requires=["b>=1", "c; python_version < '3'"])
    world.wheel("a", "1.9")
    world.wheel("b", "2.0")
    assert world.versions("a") == {"b": "2.0", "a": "1.10"}


def test_an_older_version_is_taken_back_to_when_dependencies_contradict(world: World) -> None:
    world.wheel("a", "2.0", requires=["c>=2"])
    world.wheel("a", "1.0", requires=["c"])
    world.wheel("b", "1.0", requires=["c<2"])
    world.wheel("c", "1.0")
    world.wheel("c", "2.0")
    assert world.versions("a", "b") == {"a": "1.0", "b": "1.0", "c": "1.0"}


def test_extras_bring_their_dependencies(world: World) -> None:
    world.wheel("a", "1.0", extras=["X-y", "z"], requires=["b; extra == 'x-y'", "c; extra == 'z'"])
    world.wheel("b")
    world.wheel("c")
    world.wheel("d", requires=["a[x_y]"])
    assert world.versions("a") == {"a": "1.0"}
    assert set(world.versions("d")) == {"a", "b", "d"}
    resolution = world.resolve("a[x.y,z]")
    assert {package.project for package in resolution.packages} == {"a", "b", "c"}
    found = resolution.find("a")
    assert found is not None
    assert found.extras == ("x-y", "z")


def test_an_extra_may_refer_to_others_of_its_package(world: World) -> None:
    world.wheel("a", extras=["all", "x"], requires=["a[x]; extra == 'all'", "b; extra == 'x'"])
    world.wheel("b")
    assert set(world.versions("a[all]")) == {"a", "b"}


def test_an_unknown_extra_is_warned_of(world: World) -> None:
    world.wheel("a")
    assert world.versions("a[nonsense]") == {"a": "1.0"}
    assert world.reporter.warnings == ["a 1.0 has no extra named nonsense"]


def test_an_extra_and_its_package_are_of_one_version(world: World) -> None:
    world.wheel("a", "1.0", extras=["x"], requires=["b; extra == 'x'"])
    world.wheel("a", "2.0", extras=["x"])
    world.wheel("b")
    assert world.versions("a[x]", "a<2") == {"a": "1.0", "b": "1.0"}


def test_cycles_are_no_problem(world: World) -> None:
    world.wheel("a", requires=["b"])
    world.wheel("b", requires=["a"])
    assert set(world.versions("a")) == {"a", "b"}


def test_dependencies_come_first(world: World) -> None:
    world.wheel("a", requires=["b", "c"])
    world.wheel("b", requires=["d"])
    world.wheel("c", requires=["b"])
    world.wheel("d")
    assert [package.project for package in world.resolve("a").packages] == ["d", "b", "c", "a"]


@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        ("a", {}, "1.0"),
        ("a", {"pre": True}, "2.0rc1"),
        ("a>=2.0rc1", {}, "2.0rc1"),
        ("a>1.0", {}, "2.0rc1"),  # nothing else satisfies it (PEP 440)
        ("a==2.0rc1", {}, "2.0rc1"),
        ("a===2.0rc1", {}, "2.0rc1"),
    ],
)
def test_pre_releases(world: World, wanted: str, options: dict[str, bool], expected: str) -> None:
    world.wheel("a", "1.0")
    world.wheel("a", "2.0rc1")
    assert world.versions(wanted, **options) == {"a": expected}


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        (["b", "c>=99"], "1.0"),  # what nothing satisfies admits nothing
        (["b>=1.5a1", "c<1"], "1.0"),  # what is given up admits nothing in its place
        (["b>=0.5a1"], "1.0"),  # only the user's own word makes a pre-release as good as a release
        (["b>=1.5a1"], "2.0a1"),
        (["b>1.0"], "2.0a1"),
    ],
)
def test_pre_releases_that_packages_need(world: World, needs: list[str], expected: str) -> None:
    for version in ("1.0", "2.0a1"):
        world.wheel("b", version)
    world.wheel("c", "2.0")
    world.wheel("a", "2.0", requires=needs)
    world.wheel("a", "1.0", requires=["b"])
    assert world.versions("a")["b"] == expected
    assert world.versions("a", "b>=0.1a1")["b"] == "2.0a1"


def test_a_yanked_version_that_is_pinned_by_what_is_given_up_is_not_taken(world: World) -> None:
    world.wheel("b", "1.0")
    world.wheel("b", "2.0")
    world.wheel("c", "2.0")
    world.server.yanked["b-2.0-py3-none-any.whl"] = "broken"
    world.wheel("a", "2.0", requires=["b==2.0", "c<1"])
    world.wheel("a", "1.0", requires=["b"])
    assert world.versions("a") == {"a": "1.0", "b": "1.0"}


def test_local_versions_are_newer_and_match_their_public_version(world: World) -> None:
    world.wheel("a", "1.0")
    world.wheel("a", "1.0+cu12")
    assert world.versions("a==1.0") == {"a": "1.0+cu12"}


def test_constraints_limit_without_installing(world: World) -> None:
    world.wheel("a", requires=["b"])
    world.wheel("b", "1.0")
    world.wheel("b", "2.0")
    world.wheel("c")
    assert world.versions("a", constraints=("b<2", "c==1.0", "unheard-of<1")) == {"b": "1.0", "a": "1.0"}


def test_dependencies_can_be_left_out(world: World) -> None:
    world.wheel("a", requires=["b", "unheard-of"])
    assert world.versions("a", no_deps=True) == {"a": "1.0"}


def test_requires_python_of_the_wheel_itself_counts(world: World) -> None:
    world.server.metadata = False
    world.wheel("a", "2.0", requires_python="<3")
    world.wheel("a", "1.0")
    assert world.versions("a") == {"a": "1.0"}
    assert not world.reporter.warnings


def test_a_version_whose_wheels_do_not_fit_the_platform_is_passed_over_silently(world: World) -> None:
    world.wheel("a", "2.0", tag="cp39-cp39-win_arm64")
    world.wheel("a", "1.0")
    assert world.versions("a") == {"a": "1.0"}
    assert not world.reporter.warnings


def test_a_wheel_with_foreign_metadata_is_passed_over(world: World) -> None:
    path = world.wheel("b", "2.0")
    path.rename(path.with_name("a-2.0-py3-none-any.whl"))
    world.wheel("a", "1.0")
    assert world.versions("a") == {"a": "1.0"}
    assert len(world.reporter.warnings) == 1


def test_a_failing_source_stops_the_search(world: World) -> None:
    world.wheel("a", "2.0")
    world.server.faults["/simple/a/"] = Fault(status=403)
    with pytest.raises(IndexesError):
        world.versions("a")


def test_a_wheel_that_cannot_be_fetched_does_not_lead_to_an_older_one(world: World) -> None:
    world.wheel("a", "2.0")
    world.wheel("a", "1.0")
    world.server.faults["/files/a-2.0*"] = Fault(status=403)
    with pytest.raises(IndexesError):
        world.versions("a")


def test_every_package_starts_at_the_first_index(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_wheel(other, "a", "2.0", requires=["b"])
    make_wheel(other, "b", "2.0")
    world.wheel("a", "1.0")
    world.wheel("b", "1.0")
    with IndexServer(other) as second:
        world.extra_indexes.append(second.simple_url)
        assert world.versions("a") == {"a": "1.0"}
        assert world.versions("a>=2") == {"b": "1.0", "a": "2.0"}
        assert world.versions("a", constraints=("a>=2",)) == {"b": "1.0", "a": "2.0"}


def test_an_index_whose_files_do_not_fit_is_passed_over(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_wheel(other, "a", "1.0")
    world.wheel("a", "2.0", tag="cp39-cp39-win_arm64")
    world.wheel("a", "3.0")
    world.server.yanked["a-3.0-py3-none-any.whl"] = ""
    with IndexServer(other) as second:
        world.extra_indexes.append(second.simple_url)
        assert world.versions("a") == {"a": "1.0"}


# By path and URL


def test_a_reference_is_taken_whatever_the_index_has(world: World, tmp_path: Path) -> None:
    world.wheel("a", "2.0")
    path = make_wheel(tmp_path / "mine", "a", "1.0", requires=["b"])
    world.wheel("b", requires=["a>=1"])
    resolution = world.resolve(f"a @ {path.as_uri()}")
    found = resolution.find("a")
    assert found is not None
    assert found.version == "1.0"
    assert found.direct_url is not None
    assert found.direct_url["url"] == path.as_uri()
    with pytest.raises(Contradiction):
        world.resolve(f"a @ {path.as_uri()}", "a>=2")


def test_a_reference_may_come_from_a_dependency(world: World, tmp_path: Path) -> None:
    path = make_wheel(tmp_path / "mine", "a", "1.0")
    world.wheel("a", "2.0")
    world.wheel("b", requires=[f"a @ {path.as_uri()}"])
    assert world.versions("b") == {"a": "1.0", "b": "1.0"}
    assert world.versions("a") == {"a": "2.0"}


def test_a_reference_to_another_project_is_refused(world: World) -> None:
    path = world.wheel("b")
    with pytest.raises(NoCandidate, match="not a wheel of a"):
        world.resolve(f"a @ {path.as_uri()}")


# What is installed


def test_what_is_installed_is_kept_unless_asked_otherwise(world: World, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "a-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Dist: b\n")
    (info / "RECORD").write_text("")
    installed = find_target(None, site, os.environ, tmp_path).installed()
    world.wheel("a", "2.0")
    world.wheel("b")
    assert world.versions("a", installed=installed) == {"a": "1.0", "b": "1.0"}
    assert world.versions("a", installed=installed, upgrade=True) == {"a": "2.0"}
    assert world.versions("a", installed=installed, reinstall=True) == {"a": "2.0"}
    assert world.versions("a>1", installed=installed) == {"a": "2.0"}
    world.wheel("c", requires=["a"])
    assert world.versions("c", installed=installed, upgrade=True)["a"] == "1.0"


def test_an_installed_variant_keeps_its_markers(world: World, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "a-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n"
        "Requires-Dist: b; 'n :: f :: v' in variant_properties\n"
    )
    document = {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["n"]},
        "providers": {"n": {"static-properties": {"f": ["v"]}}},
        "variants": {"lab": {"n": {"f": ["v"]}}},
    }
    (info / "variant.json").write_text(json.dumps(document))
    world.wheel("b")
    installed = find_target(None, site, os.environ, tmp_path).installed()
    resolution = world.resolve("a", installed=installed)
    assert [(package.project, package.label) for package in resolution.packages] == [("b", ""), ("a", "lab")]


# When there is no answer


def test_an_unknown_project_is_named(world: World) -> None:
    with pytest.raises(UnknownProject, match="unheard-of") as caught:
        world.resolve("unheard-of")
    assert caught.value.hint


def test_an_impossible_version_lists_what_there_is(world: World) -> None:
    world.wheel("a", "1.0")
    world.wheel("a", "1.1")
    with pytest.raises(NoCandidate, match=r"there are 1\.1, 1\.0"):
        world.resolve("a>=2")


def test_a_contradiction_names_who_wants_what(world: World) -> None:
    world.wheel("a", requires=["c<2"])
    world.wheel("b", requires=["c>=2"])
    world.wheel("c", "1.0")
    world.wheel("c", "2.0")
    with pytest.raises(Contradiction) as caught:
        world.resolve("a", "b")
    facts = "\n".join(caught.value.facts)
    assert "you asked for a" in facts
    assert "a 1.0 needs c<2" in facts
    assert "b 1.0 needs c>=2" in facts


def test_an_unknown_dependency_is_named(world: World) -> None:
    world.wheel("a", requires=["unheard-of>1"])
    with pytest.raises(Contradiction) as caught:
        world.resolve("a")
    facts = "\n".join(caught.value.facts)
    assert "a 1.0 needs unheard-of>1" in facts
    assert "no source has a project named unheard-of" in facts


def test_variant_markers_are_refused_where_no_package_says_them(world: World) -> None:
    world.wheel("a")
    with pytest.raises(UsageError):
        world.resolve("a; 'n' in variant_namespaces")
    with pytest.raises(UsageError):
        world.resolve("a", constraints=("a; variant_label == ''",))


# Explaining


def test_every_wheel_of_the_version_is_explained(world: World) -> None:
    world.wheel("a", "1.0")
    world.wheel("a", "1.0", tag="cp39-cp39-win_arm64")
    world.wheel("a", "1.0", build="1")
    world.wheel("a", "0.9")
    world.server.requires_python["a-1.0-1-py3-none-any.whl"] = "<3"
    explanation = world.resolver().explain(Requirement.parse("a"))
    statuses = {verdict.file.filename: verdict.status for verdict in explanation.choice.verdicts}
    assert statuses == {
        "a-1.0-py3-none-any.whl": Status.SELECTED,
        "a-1.0-cp39-cp39-win_arm64.whl": Status.WRONG_PLATFORM,
        "a-1.0-1-py3-none-any.whl": Status.WRONG_PYTHON,
    }
    assert all(verdict.reason for verdict in explanation.choice.verdicts)


def test_passed_over_versions_are_explained_too(world: World) -> None:
    world.wheel("a", "2.0", tag="cp39-cp39-win_arm64")
    world.wheel("a", "1.0")
    explanation = world.resolver().explain(Requirement.parse("a"))
    assert explanation.choice.version == "1.0"
    assert [choice.version for choice in explanation.skipped] == ["2.0"]
    explanation = world.resolver().explain(Requirement.parse("a>=2"))
    assert explanation.choice.selected is None


def test_large_wheels_of_a_server_without_ranges(world: World) -> None:
    """What is chosen is fetched anyway; what is only looked at, for variants, is not (PEP 825)."""
    world.server.ranges = world.server.suffix_ranges = world.server.metadata = False
    world.client = Client(reporter=world.reporter, whole_limit=100)
    properties = {"n": {"f": ["v"]}}
    providers = {"n": {"static-properties": {"f": ["v"]}}}
    world.wheel("a", label="lab", properties=properties, providers=providers, priorities=["n"])
    world.wheel("a", requires=["b"])
    world.wheel("b")
    with world.client:
        resolution = world.resolve("a")
    assert [(package.project, package.label) for package in resolution.packages] == [("b", ""), ("a", "")]
    assert len(world.reporter.warnings) == 1


def test_what_is_not_taken_without_being_asked_for_is_told(world: World) -> None:
    world.wheel("gone", "1.0")
    world.wheel("gone", "2.0")
    world.wheel("old", "1.0", tag="cp39-cp39-win32")
    world.wheel("old", "1.1", tag="cp39-cp39-win32")
    world.wheel("old", "2.0rc1")
    world.wheel("top", requires=["gone", "old<2"])
    world.server.yanked = {"gone-1.0-py3-none-any.whl": "", "gone-2.0-py3-none-any.whl": "broken"}
    with pytest.raises(NoCandidate) as caught:
        world.resolve("gone")
    assert str(caught.value).splitlines()[1:] == ["  - gone 2.0: yanked: broken", "  - gone 1.0: yanked"]
    assert "with ==" in caught.value.hint
    with pytest.raises(NoCandidate) as caught:
        world.resolve("old")
    assert "  - old 1.0, 1.1: platform win32 does not fit this target" in str(caught.value)
    assert "  - old 2.0rc1: a pre-release" in str(caught.value)
    assert "--pre" in caught.value.hint
    with pytest.raises(Contradiction) as contradiction:
        world.resolve("top", "gone==1.0", constraints=("gone<2",))
    assert contradiction.value.facts[0].startswith("you asked for")
    assert "rewheel explain old" in contradiction.value.hint


def test_a_yanked_version_that_is_taken_is_warned_of(world: World) -> None:
    world.wheel("gone", "1.0")
    world.wheel("top", requires=["gone==1.0"])
    world.server.yanked = {"gone-1.0-py3-none-any.whl": "broken"}
    assert world.versions("top") == {"gone": "1.0", "top": "1.0"}
    (warning,) = world.reporter.warnings
    assert warning.startswith("gone 1.0 was yanked by its maintainers (broken)")
