"""Plain words mean what the real parser takes them to mean, and everything else is left to it."""

import io

import click
import pytest
from hypothesis import given, strategies as st

from rewheel.cli.commands.install import command
from rewheel.cli.output import Output
from rewheel.cli.plain_words import read_plain_words
from rewheel.cli.session import Session

WORDS = st.sampled_from([
    "foo", "foo>=1", "./foo.whl", "-q", "--quiet", "--dry-run", "--no-index", "--offline", "--compile",
    "--no-compile", "-f", "--find-links", "--find-links=x", "-i", "--index-url",
    "--index-url=https://x/", "--extra-index-url", "--extra-index-url=https://y/", "--cache-dir",
    "--cache-dir=c", "--link-mode", "copy", "--python", "--python=/bin/python", "--", "-", "", "-v",
    "-qq", "-ix", "--pre", "-U", "-r", "--index-url=", "--report", "-h", "--cache", "--user",
])  # fmt: skip


def parsed(words: list[str]) -> tuple[tuple[str, ...], dict[str, object], int, bool]:
    """Read the words as the real parser does."""
    session = Session(Output(io.StringIO(), io.StringIO(), {}), environ={})
    with click.Context(click.Command("rewheel"), obj=session) as parent:
        context = command.make_context("install", list(words), parent=parent)
    given = context.params
    others = {
        name: value
        for name, value in given.items()
        if value and name not in {"requirements", "dry_run", "upgrade_strategy"}
    }
    assert others == {}
    return given["requirements"], session.flags, session.output.verbosity, given["dry_run"]


@given(st.lists(WORDS, max_size=7))
def test_they_mean_what_the_parser_takes_them_to_mean(words: list[str]) -> None:
    plain = read_plain_words(["install", *words])
    if plain is not None:
        found = (tuple(plain.requirements), plain.flags, -plain.quiet, plain.dry_run)
        assert found == parsed(words)


@pytest.mark.parametrize(
    "words",
    [
        [], ["list"], ["install"], ["install", "-q"], ["install", "foo", "-v"], ["install", "foo", "-r", "x"],
        ["install", "foo", "--index-url"], ["install", "foo", "--index-url", "-q"], ["install", "--", "foo"],
        ["install", "foo", "--pre"], ["install", "", "foo"],
        ["install", "foo", "--index-url="], ["-q", "install"],
    ],
)  # fmt: skip
def test_the_rest_is_left_to_the_parser(words: list[str]) -> None:
    assert read_plain_words(words) is None


def test_what_is_usual_is_understood() -> None:
    words = [
        "install",
        "-q",
        "foo",
        "--index-url=https://a/",
        "-f",
        "x",
        "--find-links",
        "y",
        "-i",
        "https://b/",
    ]
    found = read_plain_words(words)
    assert found is not None
    assert found.requirements == ["foo"]
    assert found.flags == {"index_url": "https://b/", "find_links": ("x", "y")}
    assert (found.quiet, found.dry_run) == (1, False)
