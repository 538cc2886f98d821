"""What an upgrade may replace: what is named, or all that it needs, and never by something older."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewheel.environments import InstalledDistribution, find_target
from support.wheel_factory import make_wheel

from .conftest import World


@pytest.fixture
def installed(tmp_path: Path) -> Sequence[InstalledDistribution]:
    """Version 1.0 of c, a and b, of which each needs the next, and 2.0 of ahead."""
    site = tmp_path / "site"
    for name, version, needs in (
        ("c", "1.0", "a"),
        ("a", "1.0", "b"),
        ("b", "1.0", ""),
        ("ahead", "2.0", ""),
    ):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {needs}"] if needs else []
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "RECORD").touch()
    return find_target(None, site, os.environ, tmp_path).installed()


@pytest.fixture
def stocked(world: World) -> World:
    for name, needs in (("c", ["a"]), ("a", ["b"]), ("b", [])):
        for version in ("1.0", "2.0"):
            world.wheel(name, version, requires=needs)
    return world


def test_only_what_is_named(stocked: World, installed: Sequence[InstalledDistribution]) -> None:
    found = stocked.versions("c", installed=installed, upgrade=True)
    assert found == {"b": "1.0", "a": "1.0", "c": "2.0"}


def test_what_that_needs_if_it_must(stocked: World, installed: Sequence[InstalledDistribution]) -> None:
    stocked.wheel("c", "3.0", requires=["a>=2"])
    found = stocked.versions("c", installed=installed, upgrade=True)
    assert found == {"b": "1.0", "a": "2.0", "c": "3.0"}


def test_eagerly_everything(stocked: World, installed: Sequence[InstalledDistribution]) -> None:
    found = stocked.versions("c", installed=installed, upgrade=True, eager=True)
    assert found == {"b": "2.0", "a": "2.0", "c": "2.0"}
    assert stocked.versions("c", installed=installed, eager=True)["c"] == "1.0", "there is nothing to upgrade"


def test_never_by_something_older(stocked: World, installed: Sequence[InstalledDistribution]) -> None:
    stocked.wheel("ahead", "1.0")
    stocked.wheel("needing", "1.0", requires=["ahead"])
    assert stocked.versions("ahead", installed=installed, upgrade=True) == {"ahead": "2.0"}
    assert stocked.versions("needing", installed=installed, upgrade=True, eager=True)["ahead"] == "2.0"
    assert stocked.versions("ahead", installed=installed, reinstall=True) == {"ahead": "1.0"}
    assert stocked.versions("ahead<2", installed=installed, upgrade=True) == {"ahead": "1.0"}


def test_not_by_the_older_of_an_earlier_index_either(
    stocked: World, installed: Sequence[InstalledDistribution], tmp_path: Path
) -> None:
    stocked.wheel("ahead", "1.0")
    make_wheel(tmp_path / "later" / "ahead", "ahead", "3.0")
    stocked.extra_indexes.append((tmp_path / "later").as_uri())
    assert stocked.versions("ahead", installed=installed, upgrade=True) == {"ahead": "2.0"}


def test_what_no_source_has_stays(stocked: World, installed: Sequence[InstalledDistribution]) -> None:
    assert stocked.versions("ahead", installed=installed, upgrade=True) == {"ahead": "2.0"}
    stocked.wheel("needing", "1.0", requires=["ahead"])
    assert stocked.versions("needing", installed=installed, upgrade=True, eager=True)["ahead"] == "2.0"
