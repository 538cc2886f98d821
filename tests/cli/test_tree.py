"""`rewheel tree`: down and up, cycles, and what is missing."""

import json
from pathlib import Path

import pytest

from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment, site_packages


@pytest.fixture
def forest(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "App", requires=["lib[fast]>=1", "tool", "gone"])
    make_wheel(shelf, "lib", requires=["base", "speed<1; extra == 'fast'"], extras=["fast"])
    make_wheel(shelf, "tool", requires=["lib", "app"])
    make_wheel(shelf, "base")
    make_wheel(shelf, "speed")
    names = ["app", "lib", "tool", "base", "speed"]
    assert run("install", "--no-deps", *names, "-f", shelf, "--no-index").code == 0


def test_down(run: Run, forest: None) -> None:
    code, out, err = run("tree")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "App 1.0",
        "├── gone (not installed)",
        "├── lib 1.0 [>=1]",
        "│   ├── base 1.0",
        "│   └── speed 1.0 [<1; extra fast] (wrong version)",
        "└── tool 1.0",
        "    ├── App 1.0 (cycle)",
        "    └── lib 1.0 (*)",
    ]


def test_up(run: Run, forest: None) -> None:
    assert run("tree", "--reverse", "base", "gone").out.splitlines() == [
        "base 1.0",
        "└── lib 1.0",
        "    ├── App 1.0 [>=1]",
        "    │   └── tool 1.0",
        "    │       └── App 1.0 (cycle)",
        "    └── tool 1.0 (*)",
        "gone (not installed)",
        "└── App 1.0 (*)",
    ]
    assert run("tree", "--reverse").out.splitlines()[0] == "base 1.0"


def test_depth(run: Run, forest: None) -> None:
    assert run("tree", "--depth", "0").out == "App 1.0\n"
    assert len(run("tree", "--depth", "1", "lib").out.splitlines()) == 3
    assert len(run("tree", "--depth", "1").out.splitlines()) == 4
    assert run("tree", "--depth", "-1").code == 2


def test_json(run: Run, forest: None) -> None:
    (app,) = json.loads(run("tree", "--json").out)
    assert (app["name"], app["version"], app["installed"]) == ("App", "1.0", True)
    gone, lib, tool = app["requires"]
    assert (gone["installed"], gone["met"]) == (False, False)
    assert [(each["name"], each["extras"], each["met"]) for each in lib["requires"]] == [
        ("base", [], True),
        ("speed", ["fast"], False),
    ]
    assert tool["requires"][0]["cycle"] is True
    assert (tool["requires"][1]["repeated"], tool["requires"][1]["requires"]) == (True, [])
    (base,) = json.loads(run("tree", "--json", "--reverse", "--depth", "1", "base").out)
    assert [each["name"] for each in base["required_by"]] == ["lib"]


def test_names_that_are_not_there(run: Run, forest: None) -> None:
    code, out, err = run("tree", "nothing")
    assert (code, out) == (1, "")
    assert err.startswith("error: not installed in")
    assert run("tree", "gone").code == 1


def test_an_empty_environment_has_no_tree(run: Run) -> None:
    make_environment()
    assert run("tree") == (0, "", "")
    assert run("tree", "--json").out == "[]\n"


def test_many_ways_to_one_package_are_drawn_once(run: Run, shelf: Path) -> None:
    make_environment()
    for number in range(30):
        requires = [f"p{number + 1}", f"p{number + 1}>=1", f"p{number + 2}"] if number < 28 else []
        make_wheel(shelf, f"p{number}", requires=requires)
    run("install", "p0", "-f", shelf, "--no-index")
    assert len(run("tree").out.splitlines()) < 70
    assert run("tree", "--json").out.count('"name"') < 70


def test_chains_without_an_end_are_cut(run: Run) -> None:
    make_environment()
    for number in range(1500):
        info = site_packages() / f"q{number}-1.0.dist-info"
        info.mkdir()
        text = f"Metadata-Version: 2.1\nName: q{number}\nVersion: 1.0\nRequires-Dist: q{number + 1}\n"
        (info / "METADATA").write_text(text)
    for arguments in ((), ("--json",), ("--reverse", "q1400")):
        code, _, err = run("tree", *arguments)
        assert (code, err) == (0, "")
