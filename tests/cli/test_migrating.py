"""docs/migrating.md promises only commands and options that there are, and none that pip lacks."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rewheel.cli.group import COMMANDS
from rewheel.cli.parsing import _rewheel

from .test_documentation import commands

TEXT = (Path(__file__).parents[2] / "docs/migrating.md").read_text(encoding="utf-8")
ALL = dict(commands(_rewheel))
OPTIONS = {
    option
    for command in ALL.values()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
}
INSTALL = {
    option
    for parameter in ALL["rewheel install"].params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
} | {"-h", "--help"}


def rows(start: str, end: str = "\n#") -> list[tuple[str, str]]:
    """Return the first two cells of the table below a heading."""
    part = TEXT[TEXT.index(start) + len(start) :]
    lines = [line for line in part.partition(end)[0].splitlines() if line.startswith("|")][2:]
    return [(line.split("|")[1].strip(), line.split("|")[2].strip()) for line in lines]


def flags(cell: str) -> list[str]:
    return re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", " ".join(re.findall(r"`([^`]+)`", cell)))


TABLES = [cells for start in ("### `pip install`", "### `uv pip install`") for cells in rows(start)]


@pytest.mark.parametrize(("theirs", "ours"), TABLES)
def test_what_install_is_said_to_take_it_takes(theirs: str, ours: str) -> None:
    assert ours
    for flag in flags(theirs if ours == "the same" else ours):
        assert flag in INSTALL, flag
    if ours == "none":
        assert not (set(flags(theirs)) & INSTALL) - {"--user"}  # which is only known to be refused


def test_other_commands_are_there() -> None:
    named = set(re.findall(r"`rewheel (\w+)", TEXT))
    assert named <= set(COMMANDS)
    for word in re.findall(r"`rewheel ([^`]+)`", TEXT):
        assert set(flags(f"`{word}`")) <= OPTIONS


def test_every_flag_of_pip_is_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--help"], capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", done.stdout))
    for theirs, _ in rows("### `pip install`"):
        for flag in flags(theirs):
            assert flag in known, flag


def known_flags(*command: str) -> set[str]:
    done = subprocess.run([*command, "install", "--help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^\s+(?:(-[A-Za-z]), )?(--[a-z][a-z-]*)", done.stdout, re.MULTILINE)
    return {flag for pair in listed for flag in pair if flag}


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("tool", "command", "start"),
    [("pip", ("pip",), "### `pip install`"), ("uv", ("uv", "pip"), "### `uv pip install`")],
)
def test_no_flag_of_the_newest_is_missing(
    tmp_path: Path, tool: str, command: tuple[str, ...], start: str
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "v"], cwd=tmp_path, check=True)
    scripts = tmp_path / "v" / "bin"
    subprocess.run([scripts / "pip", "install", "--quiet", "--upgrade", tool], check=True)
    named = {flag for theirs, _ in rows(start) for flag in flags(theirs)}
    assert known_flags(str(scripts / command[0]), *command[1:]) - named == set()
