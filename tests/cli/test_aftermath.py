"""What an installation does to those who were there before, and what it passes over."""

import json
from pathlib import Path

from support.wheel_factory import make_wheel

from .conftest import Run

STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}


def test_what_an_upgrade_breaks_is_warned_of(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "b", "1.0")
    make_wheel(shelf, "Needs.B", requires=["b<2", "lost", "b<2; extra == 'x'", "b>9; python_version < '3'"])
    make_wheel(shelf, "optional", requires=["b<2; extra == 'x'"], extras=["x"])
    make_wheel(shelf, "fine", requires=["b>=1"])
    flags = ["-f", shelf, "--no-index", "-t", "there"]
    assert run("install", "needs-b", "--no-deps", *flags).err == ""
    assert run("install", "b", "optional", "fine", *flags).err == ""
    make_wheel(shelf, "b", "3.0")
    assert run("install", "-U", "b", "--dry-run", *flags).err == ""
    upgraded = run("install", "-U", "b", *flags)
    assert upgraded.err == "warning: needs-b 1.0 has requirement b<2, but you have b 3.0\n"
    assert upgraded.out.splitlines()[-1] == "Installed b 3.0, was 1.0"
    assert run("install", "-U", "b", *flags).err == "", "nothing changed"
    assert run("install", "--reinstall", "--no-deps", "b", *flags).err == "", "who wants no dependencies"


def test_variant_markers_count_for_who_was_there_before(run: Run, shelf: Path) -> None:
    requires = ["b<2; 'gpu :: arch :: x1' in variant_properties", "b<3; variant_label == 'x2'"]
    properties = {"gpu": {"arch": ["x2"]}}
    make_wheel(shelf, "a", label="x2", properties=properties, providers=STATIC, requires=requires)
    make_wheel(shelf, "b", "1.0")
    flags = ["-f", shelf, "--no-index", "-t", "there"]
    assert run("install", "a", *flags).code == 0
    make_wheel(shelf, "b", "2.0")
    assert run("install", "-U", "b", *flags).err == ""
    make_wheel(shelf, "b", "3.0")
    assert "warning: a 1.0 has requirement b<3" in run("install", "-U", "b", *flags).err


def test_what_a_marker_rules_out_is_told(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "a")
    flags = ["-f", shelf, "--no-index", "-t", "there"]
    code, out, err = run("install", "a", "never; python_version < '3'", *flags)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("Ignoring never; python_version")
    code, out, _ = run("install", "never; python_version < '3'", *flags, "--dry-run", "--report", "-")
    assert json.loads(out)["install"] == []
