"""What is installed is enough if it is all that is needed: then no source is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resolution.conftest import World
from rewheel.environments import InstalledDistribution, find_target


@pytest.fixture
def installed(world: World, tmp_path: Path) -> list[InstalledDistribution]:
    """Install a 1.0, which needs b, and with the extra x also c, which is not there."""
    world.wheel("a", "1.0", requires=["b", 'c; extra == "x"'], extras=["x"])
    world.wheel("b", "1.0")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", str(world.shelf)]
    subprocess.run([*pip, "--no-warn-conflicts", "-t", str(site), "a"], check=True)
    world.wheel("a", "2.0")
    world.wheel("b", "2.0")
    return find_target(None, site, os.environ, tmp_path).installed()


def test_no_source_is_asked(world: World, installed: list[InstalledDistribution]) -> None:
    world.server.requests.clear()
    resolution = world.resolve("a", "b>=1", installed=installed)
    assert {p.project: p.kept is not None for p in resolution.packages} == {"a": True, "b": True}
    assert [p.project for p in resolution.packages if p.requested] == ["b", "a"]
    assert resolution.is_settled
    assert world.server.requests == []


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ("a>1", {}),
        ("a", {"upgrade": True}),
        ("a", {"reinstall": True}),
    ],
)
def test_sources_are_asked_for_anything_else(
    world: World, installed: list[InstalledDistribution], wanted: str, options: dict[str, bool]
) -> None:
    resolution = world.resolve(wanted, installed=installed, **options)
    assert not resolution.is_settled
    assert {p.project: p.version for p in resolution.packages}["a"] == "2.0"


def test_a_missing_dependency_is_looked_for(world: World, installed: list[InstalledDistribution]) -> None:
    only_a = [found for found in installed if found.project == "a"]
    resolution = world.resolve("a", installed=only_a)
    assert not resolution.is_settled
    assert world.versions("a", installed=only_a) == {"a": "1.0", "b": "2.0"}


def test_so_are_extras_and_what_constraints_ask_for(
    world: World, installed: list[InstalledDistribution]
) -> None:
    world.wheel("c", "1.0")
    resolution = world.resolve("a[x]", installed=installed)
    assert {p.project: p.version for p in resolution.packages} == {"a": "1.0", "b": "1.0", "c": "1.0"}
    resolution = world.resolve("a", constraints=("b>1",), installed=installed)
    assert {p.project: p.version for p in resolution.packages} == {"a": "1.0", "b": "2.0"}
