"""Clocks that are wrong, or were: nothing is believed for longer than it is good, and nothing breaks."""

import time
from pathlib import Path

import pytest

from support.index_server import IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment, site_packages

REAL = time.time
HOUR = 3600.0
YEAR = 365 * 24 * HOUR


def shift(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(time, "time", lambda: REAL() + seconds)


@pytest.mark.parametrize(
    ("then", "now", "asks"),
    [
        (0, 60, False),
        (0, 2 * HOUR, True),
        (0, 30 * YEAR, True),
        (10 * YEAR, 0, True),  # what was stored in the future has no age that could be told
        (HOUR / 2, 0, True),
        (-10 * YEAR, 0, True),
        (-60 * YEAR, -60 * YEAR + 1, False),  # before 1970
    ],
)
def test_pages_are_believed_for_as_long_as_they_are_good(
    run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch, then: float, now: float, asks: bool
) -> None:
    make_wheel(shelf, "foo", "1.0")
    with IndexServer(shelf, cache_control="max-age=3600") as server:
        flags = ["-i", server.simple_url, "--dry-run", "-t", "there"]
        shift(monkeypatch, then)
        assert run("install", "foo", *flags).code == 0
        server.forget()
        make_wheel(shelf, "foo", "2.0")
        shift(monkeypatch, now)
        code, out, err = run("install", "foo", *flags)
        assert code == 0, err
        assert server.count("/simple/foo/") == asks
        assert out.startswith(f"Would install foo {'2.0' if asks else '1.0'}")


@pytest.mark.parametrize("offset", [-60 * YEAR, 70 * YEAR])
def test_all_of_it_goes_on(run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch, offset: float) -> None:
    make_environment()
    make_wheel(shelf, "foo", "1.0")
    make_wheel(shelf, "foo", "2.0")
    flags = ["--no-index", "-f", shelf]
    shift(monkeypatch, offset)
    assert run("install", "foo<2", *flags).code == 0
    assert run("install", "foo<2", *flags).out == "Already satisfied: foo 1.0\n"
    assert run("install", "-U", "foo", *flags).out.splitlines()[-1] == "Installed foo 2.0, was 1.0"
    monkeypatch.setattr(time, "time", REAL)
    assert run("install", "foo", *flags).out == "Already satisfied: foo 2.0\n"
    assert run("check", "--files").code == 0
    assert run("cache", "prune").code == 0
    shift(monkeypatch, 10 * YEAR)
    assert run("cache", "prune").code == 0
    assert run("check", "--files").code == 0, "pruning breaks no environment"
    assert run("install", "--reinstall", "foo", *flags).code == 0
    assert (site_packages() / "foo.py").is_file()
