"""A world of its own for every command: no settings, overrides or environments of this computer."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from rewheel.cli.entry import main


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter an empty folder in which nothing is configured, and return it."""
    for name in list(os.environ):
        if name.startswith(("REWHEEL_", "PIP_")) or "_VARIANT_PROVIDER_" in name:
            monkeypatch.delenv(name)
    folder = tmp_path / "world"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(code, out, err)

    return run


@pytest.fixture
def shelf(world: Path) -> Path:
    """Return a folder for wheels."""
    folder = world / "shelf"
    folder.mkdir()
    return folder
