"""Files that are named by URL, by packages and in constraints, and what is not looked up."""

import itertools
from pathlib import Path

import pytest

from rewheel.resolution import Contradiction, NoCandidate
from support.wheel_factory import make_wheel

from .conftest import World


@pytest.fixture
def away(world: World, tmp_path: Path) -> str:
    """Six 1.0 and 2.0 on the index, 1.5 elsewhere; return its URL."""
    world.wheel("six", "1.0")
    world.wheel("six", "2.0")
    return make_wheel(tmp_path / "away", "six", "1.5").as_uri()


def test_a_package_that_names_a_file_is_heard_whatever_is_met_first(world: World, away: str) -> None:
    world.wheel("any", requires=["six"])
    world.wheel("some", requires=["six>1.2"])
    world.wheel("file", requires=[f"six @ {away}"])
    for order in itertools.permutations(["any", "some", "file"]):
        assert world.versions(*order)["six"] == "1.5", order
    for order in (("six", "file"), ("file", "six")):
        assert world.versions(*order)["six"] == "1.5", order


def test_contradictions_stay_what_they_are(world: World, away: str, tmp_path: Path) -> None:
    world.wheel("old", requires=["six<1.2"])
    world.wheel("file", requires=[f"six @ {away}"])
    other = make_wheel(tmp_path / "elsewhere", "six", "1.5").as_uri()
    world.wheel("another", requires=[f"six @ {other}"])
    for order in itertools.permutations(["old", "file"]):
        with pytest.raises(Contradiction) as caught:
            world.resolve(*order)
        assert f"file 1.0 needs six @ {away}" in str(caught.value)
        assert "old 1.0 needs six<1.2" in str(caught.value)
    with pytest.raises(Contradiction):
        world.resolve("file", "another")


def test_a_constraint_may_name_the_file(world: World, away: str) -> None:
    world.wheel("needing", requires=["six"])
    constraints = (f"six @ {away}",)
    for wanted in ("six", "six>1", "needing"):
        found = world.resolve(wanted, constraints=constraints).find("six")
        assert found is not None
        assert (found.version, found.direct_url and found.direct_url["url"]) == ("1.5", away)
    assert world.server.count("/simple/six/") == 0, "nothing that an index has could be taken"
    with pytest.raises(NoCandidate, match="six==2") as caught:
        world.resolve("six==2.0", constraints=constraints)
    assert f"a constraint names {away}" in caught.value.hint


def test_constraints_are_looked_up_only_for_what_is_needed(world: World, away: str) -> None:
    world.wheel("needing", requires=["six"])
    for name in ("x", "y"):
        world.wheel(name)
    constraints = ("x==1.0", "never", "six<2", "y @ https://example.invalid/y-1.0-py3-none-any.whl")
    assert world.versions("needing", constraints=constraints) == {"six": "1.0", "needing": "1.0"}
    asked = {path for path in world.server.paths() if path.startswith("/simple/")}
    assert asked == {"/simple/needing/", "/simple/six/"}
