"""Default extras in every way in which a requirement can be written (PEP 771)."""

import os
from pathlib import Path

import pytest

from resolution.conftest import World
from rewheel.environments import find_target
from rewheel.resolution import NoCandidate
from support.wheel_factory import make_wheel, write_wheel

METADATA = """\
Metadata-Version: 2.5
Name: pkg
Version: 1.0
Provides-Extra: Rec_Ommended
Provides-Extra: extra2
Provides-Extra: all
Default-Extra: rec-ommended
Requires-Dist: flask; extra == "rec-ommended"
Requires-Dist: fastapi; extra == "extra2"
Requires-Dist: pkg[rec-ommended,extra2]; extra == "all"
"""


@pytest.fixture
def stocked(world: World) -> World:
    for name in ("flask", "fastapi", "plain"):
        world.wheel(name)
    write_pkg(world.shelf)
    return world


def write_pkg(folder: Path, metadata: str = METADATA) -> Path:
    members = {
        "pkg.py": "",
        "pkg-1.0.dist-info/METADATA": metadata,
        "pkg-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    return write_wheel(folder / "pkg-1.0-py3-none-any.whl", members, "pkg-1.0.dist-info")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("pkg", {"flask"}),
        ("pkg>=1; python_version > '3'", {"flask"}),
        ("pkg[]", set()),
        ("pkg [] >=1 ; python_version > '3'", set()),
        ("pkg[rec_ommended]", {"flask"}),
        ("pkg[extra2]", {"fastapi"}),
        ("pkg[all]", {"flask", "fastapi"}),
        ("pkg[nope]", set()),
        ("pkg[nope,extra2]", {"fastapi"}),
    ],
)
def test_what_a_requirement_brings(stocked: World, wanted: str, expected: set[str]) -> None:
    assert set(stocked.versions(wanted)) == {"pkg", *expected}
    assert bool(stocked.reporter.warnings) == ("nope" in wanted)


def test_any_bare_occurrence_brings_the_defaults(stocked: World) -> None:
    make_wheel(stocked.shelf, "tomato", requires=["pkg[extra2]"])
    make_wheel(stocked.shelf, "egg", requires=["pkg"])
    make_wheel(stocked.shelf, "spam", requires=["tomato", "egg"])
    assert {"flask", "fastapi"} <= set(stocked.versions("spam"))
    assert "flask" not in stocked.versions("tomato")
    assert "flask" in stocked.versions("pkg[]", "egg")


def test_a_reference_can_leave_the_defaults_out(stocked: World) -> None:
    wheel = stocked.shelf / "pkg-1.0-py3-none-any.whl"
    assert set(stocked.versions(f"pkg[] @ {wheel.as_uri()}")) == {"pkg"}
    assert set(stocked.versions(f"pkg @ {wheel.as_uri()}")) == {"pkg", "flask"}


def test_the_defaults_of_what_is_installed_are_added(stocked: World, tmp_path: Path) -> None:
    info = tmp_path / "site" / "pkg-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "RECORD").write_text("")
    installed = find_target(None, tmp_path / "site", os.environ, tmp_path).installed()
    assert set(stocked.versions("pkg[]", installed=installed)) == {"pkg"}
    assert set(stocked.versions("pkg", installed=installed)) == {"pkg", "flask"}


def test_they_can_be_switched_off(stocked: World) -> None:
    assert set(stocked.versions("pkg", no_default_extras=True)) == {"pkg"}


def test_a_default_extra_that_is_not_provided_makes_metadata_invalid(world: World) -> None:
    write_pkg(world.shelf, "Metadata-Version: 2.5\nName: pkg\nVersion: 1.0\nDefault-Extra: nope\n")
    for wanted in ("pkg", "pkg[]"):
        with pytest.raises(NoCandidate, match="its default extra nope is none of the extras"):
            world.resolve(wanted)
    world.wheel("pkg", "0.9")
    assert world.versions("pkg") == {"pkg": "0.9"}
    assert "is ignored: its default extra nope" in world.reporter.warnings[-1]


def test_defaults_of_another_version_play_no_part(stocked: World) -> None:
    make_wheel(stocked.shelf, "pkg", "0.9")
    assert set(stocked.versions("pkg<1")) == {"pkg"}
