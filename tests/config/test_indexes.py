"""What can be said of single indexes, and every mistake that can be made in saying it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.config import ConfigError, Folders, IndexGroup, NamedIndex, Settings, read_settings
from rewheel.config.indexes import read_pins

Read = Callable[..., Settings]

INDEXES = """
[[index]]
name = "internal"
url = "https://internal.test/simple"
deny = ["numpy", "torch-*"]
[[index]]
name = "mirror.1"
url = "https://one.test/simple"
group = "mirrors"
[[index]]
name = "mirror.2"
url = "https://two.test/simple"
group = "mirrors"
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read settings from the text of a `rewheel.toml`, variables and flags, and from nothing else."""

    def read(text: str = "", flags: dict[str, object] | None = None, **environ: str) -> Settings:
        (tmp_path / "rewheel.toml").write_text(text, encoding="utf-8")
        return read_settings(
            flags or {},
            environ={"PIP_CONFIG_FILE": "/dev/null", **environ},
            cwd=tmp_path,
            folders=Folders(tmp_path / "user", tmp_path / "cache", ()),
        )

    return read


def test_the_defaults_are_the_safe_ones(read: Read) -> None:
    settings = read()
    assert settings.index_strategy == "index-priority"
    assert settings.index_guard == "off"
    assert not settings.ignore_index_errors
    assert (settings.index_groups, settings.index_pins, settings.indexes) == ((), {}, ())


def test_all_of_it_in_a_file(read: Read) -> None:
    settings = read(
        f"""
        index-strategy = "first-index"
        ignore-index-errors = true
        index-guard = "refuse"
        index-pin = {{ "acme-*" = "internal", Torch = "mirrors" }}
        {INDEXES}
        [[group]]
        name = "mirrors"
        strategy = "index-priority"
        """
    )
    assert settings.index_strategy == "first-index"
    assert settings.ignore_index_errors
    assert settings.index_guard == "refuse"
    assert settings.index_pins == {"acme-*": "internal", "Torch": "mirrors"}
    assert settings.index_groups == (IndexGroup("mirrors", "index-priority"),)
    assert settings.indexes == (
        NamedIndex("internal", "https://internal.test/simple", deny=("numpy", "torch-*")),
        NamedIndex("mirror.1", "https://one.test/simple", "mirrors"),
        NamedIndex("mirror.2", "https://two.test/simple", "mirrors"),
    )


def test_a_table_of_pins_may_stand_alone(read: Read) -> None:
    assert read(f'{INDEXES}\n[index-pin]\n"*" = "internal"\n').index_pins == {"*": "internal"}


def test_variables_and_flags(read: Read) -> None:
    settings = read(
        INDEXES,
        REWHEEL_INDEX_STRATEGY="version-priority",
        REWHEEL_INDEX_PIN="a=internal  b-*=mirrors",
        REWHEEL_IGNORE_INDEX_ERRORS="yes",
        REWHEEL_INDEX_GUARD="warn",
        REWHEEL_GROUP="of no meaning",
    )
    assert settings.index_strategy == "version-priority"
    assert settings.index_pins == {"a": "internal", "b-*": "mirrors"}
    assert (settings.ignore_index_errors, settings.index_guard) == (True, "warn")
    settings = read(
        INDEXES,
        {"index_strategy": "first-index", "index_pins": ("c=internal",)},
        REWHEEL_INDEX_STRATEGY="version-priority",
    )
    assert (settings.index_strategy, settings.index_pins) == ("first-index", {"c": "internal"})


def test_indexes_of_the_command_line_stand_in_for_all_others(read: Read) -> None:
    flags: dict[str, object] = {"indexes": ("internal=https://other.test",)}
    text = f'{INDEXES}\n[[group]]\nname = "mirrors"\nstrategy = "first-index"\n'
    assert read(text, flags).indexes == (NamedIndex("internal", "https://other.test"),)
    with pytest.raises(ConfigError, match="foo is pinned to 'mirrors', but no index or group has that name"):
        read(f'index-pin = {{ foo = "mirrors" }}\n{text}', flags)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index-strategy = 'best'", "index-strategy: expected one of index-priority, first-index, version-"),
        ("index-strategy = 1", "index-strategy: expected text in quotes, found 1"),
        ("index-guard = true", "index-guard: expected text in quotes, found True"),
        ("index-guard = 'on'", "index-guard: expected one of off, warn, refuse, found 'on'"),
        ("ignore-index-errors = 'yes'", "ignore-index-errors: expected true or false, found 'yes'"),
        ("index = ['a=https://a.test', 1]", "index: expected a table with name and url, found 1"),
        ("index = [{name = 'a b', url = 'https://a.test'}]", "index.name: expected a name of letters"),
        ("index = [{name = '/a', url = 'https://a.test'}]", "index.name: expected a name of letters"),
        ("index = [{name = 'a', url = 'gopher://a'}]", "index.url: expected a URL of http, https or file"),
        ("index = [{name = 'a', url = 'https://a', group = ''}]", "index.group: expected text that is not"),
        ("index = [{name = 'a', url = 'https://a', deny = 'b'}]", "index.deny: expected a list of projects"),
        ("index = [{name = 'a', url = 'https://a', deny = ['b c']}]", "index.deny: expected the name of a"),
        ("index = [{name = 'a', url = 'https://a', deny = [1]}]", "index.deny: expected the name of a"),
        (
            "index = [{name = 'a', url = 'https://a', denny = []}]",
            "index: expected name and url, and if need",
        ),
        (
            "index = [{name = 'a', url = 'https://a'}, {name = 'b', url = 'https://b', group = 'a'}]",
            "index: 'a' is the name of both an index and a group",
        ),
        (
            "index = [{name = 'a', url = 'https://a.test'}, {name = 'b', url = 'https://a.test/'}]",
            "index: 'a' and 'b' have the same URL",
        ),
        ("group = 'a'", "group: expected a list, found 'a'"),
        ("group = ['a']", "group: expected a table with name, found 'a'"),
        (
            "group = [{strategy = 'first-index'}]",
            "group: expected name, and if need be strategy, found strat",
        ),
        ("group = [{name = 'a', strategy = 'x'}]", "group.strategy: expected one of index-priority"),
        ("group = [{name = 'a'}, {name = 'a'}]", "group: two groups have the name 'a'"),
        ("index-pin = ['a=b']", "index-pin: expected a table, found ['a=b']"),
        (
            "index-pin = {'a b' = 'c'}",
            "index-pin: expected the name of a project or a pattern such as acme-*",
        ),
        ("index-pin = {a = 1}", "index-pin.a: expected text that is not empty, found 1"),
        ("index-pin = {a = 'x', A = 'x'}", "index-pin: A is pinned twice"),
        ("index-pin = {a = 'x'}", "index-pin: a is pinned to 'x', but no index or group has that name"),
        (
            f"{INDEXES}\n[[group]]\nname = 'mirors'\nstrategy = 'first-index'",
            "group: no index belongs to the group 'mirors'",
        ),
    ],
)
def test_a_mistake_names_file_and_key(read: Read, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(f"{tmp_path / 'rewheel.toml'}: ")
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("REWHEEL_INDEX_STRATEGY", "best", "expected one of"),
        ("REWHEEL_INDEX_GUARD", "yes", "expected one of"),
        ("REWHEEL_INDEX_PIN", "foo", "expected PROJECT=NAME, found 'foo'"),
        ("REWHEEL_INDEX_PIN", "foo=bar", "foo is pinned to 'bar'"),
        ("REWHEEL_IGNORE_INDEX_ERRORS", "perhaps", "expected true or false"),
    ],
)
def test_a_mistake_in_a_variable_names_it(read: Read, variable: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(**{variable: text})
    assert str(caught.value).startswith(f"{variable}: ")


def test_no_secret_shows(read: Read) -> None:
    settings = read('index = [{name = "a", url = "https://me:hunter2@a.test", deny = ["b"], group = "c"}]')
    assert "hunter2" not in repr(settings)


@given(st.lists(st.text(max_size=12), max_size=4).map(tuple) | st.text(max_size=40) | st.dictionaries(
    st.text(max_size=8), st.text(max_size=8) | st.integers(), max_size=3
))  # fmt: skip
def test_any_pins_are_read_or_refused(value: object) -> None:
    try:
        pins = read_pins(value, "here", Path())
    except ConfigError as error:
        assert str(error).startswith("here")
    else:
        assert all(name and pattern for pattern, name in pins.items())


def test_the_documented_files_are_valid_ones(read: Read) -> None:
    text = (Path(__file__).parents[2] / "docs/indexes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert read(block).indexes


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        (
            "https://in.test/simple",
            {"USERNAME": "me", "PASSWORD": "p:w@d"},
            "https://me:p%3Aw%40d@in.test/simple",
        ),
        ("https://in.test/simple", {"PASSWORD": "token"}, "https://:token@in.test/simple"),
        ("https://in.test?x=a@b", {"USERNAME": "me"}, "https://me:@in.test?x=a@b"),
        ("https://me@in.test/", {"PASSWORD": "secret"}, "https://me:secret@in.test/"),
        ("https://me@in.test/", {"USERNAME": "you", "PASSWORD": "secret"}, "https://me@in.test/"),
        ("https://me:old@in.test/", {"USERNAME": "me", "PASSWORD": "secret"}, "https://me:old@in.test/"),
        ("file:///in/simple", {"USERNAME": "me"}, "file:///in/simple"),
        ("https://in.test/simple", {}, "https://in.test/simple"),
    ],
)
def test_variables_give_the_login_of_a_named_index(
    read: Read, url: str, variables: dict[str, str], expected: str
) -> None:
    environ = {f"REWHEEL_INDEX_MY_OWN_1_{name}": value for name, value in variables.items()}
    environ["REWHEEL_INDEX_OTHER_PASSWORD"] = "nobody's"
    settings = read(f'[[index]]\nname = "my-own.1"\nurl = "{url}"\n', **environ)
    assert settings.indexes == (NamedIndex("my-own.1", expected),)
    assert "secret" not in repr(settings)
    assert "token" not in repr(settings)
