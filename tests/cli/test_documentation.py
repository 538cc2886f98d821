"""docs/cli.md knows every command, option, variable and key, and its configuration file is a valid one."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from rewheel.cli.group import COMMANDS
from rewheel.cli.parsing import _rewheel
from rewheel.config import Folders, read_settings
from rewheel.config.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]
TEXT = (Path(__file__).parents[2] / "docs/cli.md").read_text(encoding="utf-8")


def commands(group: click.Command, path: str = "rewheel") -> Iterator[tuple[str, click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{path} {name}")


ALL = dict(commands(_rewheel))


def test_there_are_the_commands_that_are_promised() -> None:
    assert {path.split()[1] for path in ALL if " " in path} == set(COMMANDS)
    assert {path.split(" ", 1)[1] for path in ALL if path.count(" ") == 2} == {
        "index audit", "index token", "index project", "index organisation", "index log",
        "index backup", "index restore", "index verify",
        "machine show", "machine save", "machine providers", "machine trust",
        "variant make", "variant unmake", "variant init", "variant show",
        "wheel show", "wheel verify", "wheel dismount",
        "release check", "release index", "release publish",
        "cache dir", "cache info", "cache prune", "cache clean",
    }  # fmt: skip


@pytest.mark.parametrize("path", [path for path in ALL if " " in path])
def test_every_command_and_option_is_documented(path: str) -> None:
    assert re.search(rf"\b{path.removeprefix('rewheel ')}\b", TEXT)
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help or parameter.name == "help" or "DIR" in str(parameter.metavar)
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert re.search(rf"`{option}[`= ]", TEXT) or f" {option}`" in TEXT, f"{path} {option}"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_is_documented_and_mirrors_an_option(setting: object) -> None:
    key = setting.key  # type: ignore[attr-defined]
    if not setting.in_environment:  # type: ignore[attr-defined]
        return
    assert f"`REWHEEL_{key.upper().replace('-', '_')}`" in TEXT
    if key != "trust-file":
        options = {option for command in ALL.values() for item in command.params for option in item.opts}
        assert f"--{key}" in options


def test_the_documented_file_is_a_valid_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "rewheel.toml").write_text(block)
    settings = read_settings(
        {}, environ={"PIP_CONFIG_FILE": "/dev/null"}, cwd=tmp_path, folders=Folders(tmp_path, tmp_path, ())
    )
    in_files = {setting.field for setting in SETTINGS if setting.in_files}
    assert {name for name in in_files if name in settings.origins} == in_files


def typed(page: Path) -> Iterator[str]:
    """Yield the commands that a page tells people to type, in blocks and within sentences."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for block in re.findall(r"^ *```(?:console|sh|bash)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        yield from re.findall(r"^ *\$ (?:\w+=\S+ )*(rewheel .+)$", block, re.MULTILINE)
    sentences = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`(rewheel [^`]+)`", sentences)


def unknown(command: str) -> str:
    """Return the first word of a command that there is not; empty if all is well."""
    words = shlex.split(command, comments=True)
    path = "rewheel"
    while len(words) > 1 and f"{path} {words[1]}" in ALL:
        path, words = f"{path} {words[1]}", words[1:]
    if (
        isinstance(ALL[path], click.Group)
        and len(words) > 1
        and re.fullmatch(r"[a-z]+(?:\|[a-z]+)*", words[1])
    ):
        return next((word for word in words[1].split("|") if f"{path} {word}" not in ALL), "")
    known = {o for item in ALL[path].params for o in (*item.opts, *item.secondary_opts)} | {"-h", "--help"}
    for word in words[1:]:
        if word == "--":
            break
        for option in word.strip("[]").split("|"):
            if option.startswith("--") and option.partition("=")[0] not in known:
                return option
            if re.fullmatch(r"-[A-Za-z]+", option) and not {f"-{letter}" for letter in option[1:]} & known:
                return option
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_every_page_is_one(page: Path) -> None:
    wrong = [(command, word) for command in typed(page) if (word := unknown(command))]
    assert wrong == []


def test_what_there_is_not_would_be_found() -> None:
    assert unknown("rewheel fly") == "fly"
    assert unknown("rewheel install --flying foo") == "--flying"
    assert unknown("rewheel index project show --flying") == "--flying"
    assert unknown("rewheel machine show|fly") == "fly"
    assert unknown("rewheel list|fly") == "fly"
    assert sum(1 for page in PAGES for _ in typed(page)) > 100


def anchors(page: Path) -> set[str]:
    """Return what links can lead to in a page, as those who render it make it of the headings."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        place = page.parent / name if name else page
        assert place.exists(), target
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place), target
