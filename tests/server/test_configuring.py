"""What an operator chooses in files and variables."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.cli.entry import main
from rewheel.config import ConfigError
from rewheel.server.configuring import KEYS, read_choices
from rewheel.server.settings import GIB, MIB, ServerSettings


def test_every_key_is_a_field() -> None:
    assert {key.replace("-", "_") for key in KEYS} <= {field.name for field in fields(ServerSettings)}


def test_variables_are_stronger_than_files() -> None:
    table = {"file-limit": "200 MiB", "port": 9000, "data": "/srv/index", "body-timeout": 2.5}
    environ = {
        "REWHEEL_SERVER_PORT": "9001",
        "REWHEEL_SERVER_PROJECT_QUOTA": "20GiB",
        "REWHEEL_SERVER_TITLE": " ",
    }
    chosen = read_choices(table, "rewheel.toml", environ)
    assert chosen == {
        "file_limit": 200 * MIB,
        "port": 9001,
        "data": Path("/srv/index"),
        "body_timeout": 2.5,
        "project_quota": 20 * GIB,
    }
    assert ServerSettings(**chosen).port == 9001


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 70_000), ("port", True), ("port", "many"), ("file-limit", "200 MB"), ("file-limit", 0),
        ("file-limit", -5), ("file-limit", "9999999999 TiB"), ("title", ""), ("title", 5), ("threads", 0),
        ("body-timeout", "soon"), ("body-timeout", True), ("body-timeout", "nan"), ("workers", 1.5),
        ("trusted-proxies", ["proxy.example"]), ("trusted-proxies", 7), ("nothing", 1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_with_its_place(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"rewheel.toml: server.{key}"):
        read_choices({key: value}, "rewheel.toml", {})


@given(st.sampled_from(KEYS), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_any_value_is_read_or_refused(key: str, value: object) -> None:
    try:
        read_choices({key: value}, "rewheel.toml", {})
    except ConfigError as error:
        assert key in str(error)


def test_the_command_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rewheel.toml"
    path.write_text("[server]\nfile-limit = 'much'\n")
    assert main(["serve", "--config-file", str(path)]) == 2
    assert f"{path}: server.file-limit" in capsys.readouterr().err
