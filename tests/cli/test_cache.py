"""`rewheel cache prune`: the old goes, and every environment stays whole."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewheel.cli.session import CACHE_PARTS
from support.index_server import IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf, cache_control="max-age=600") as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def grow_old(folder: Path, days: int = 40) -> None:
    for path in folder.rglob("*"):
        status = path.lstat()
        if not path.is_symlink():
            seconds = days * 86400
            os.utime(path, (status.st_atime - seconds, status.st_mtime - seconds))


def stored(cache: Path) -> int:
    return len(list(cache.glob("wheels-v1/??/*/manifest")))


def works(environment: Path, module: str) -> bool:
    python = environment / "bin/python"
    return (
        subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("mode", ["hardlink", "symlink", "copy"])
def test_environments_stay_whole(run: Run, server: IndexServer, shelf: Path, cache: Path, mode: str) -> None:
    make_wheel(shelf, "foo")
    make_wheel(shelf, "bar")
    source = ("-i", server.simple_url, "--link-mode", mode)
    environment = make_environment()
    assert run("install", "foo", *source).code == 0
    assert run("install", "bar", "-t", "gone", *source, "--link-mode", "copy").code == 0
    assert stored(cache) == 2
    grow_old(cache)
    code, out, err = run("cache", "prune")
    assert (code, err) == (0, "")
    assert out.startswith("Removed ")
    assert stored(cache) == (0 if mode == "copy" else 1)
    assert ("Kept 1 older wheels" in out) is (mode != "copy")
    assert works(environment, "foo")
    assert run("check", "--files").code == 0
    # What is missed is fetched again.
    assert run("install", "bar", *source).code == 0
    assert works(environment, "bar")


def test_what_is_in_use_stays(run: Run, server: IndexServer, shelf: Path, cache: Path) -> None:
    make_wheel(shelf, "foo")
    source = ("-i", server.simple_url, "--link-mode", "copy", "-t", "there")
    run("install", "foo", *source)
    before = {path for path in cache.rglob("*") if path.is_file()}
    assert run("cache", "prune").out.startswith("Removed 0 entries, 0 bytes")
    assert {path for path in cache.rglob("*") if path.is_file()} == before
    assert run("cache", "prune", "--older-than", "0").code == 0
    assert stored(cache) == 0
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert run("install", "foo", *source, "--reinstall").code == 0


def test_what_is_not_ours_stays(run: Run, cache: Path) -> None:
    (cache / "mine").mkdir(parents=True)
    (cache / "mine/file").write_text("x")
    (cache / "wheels-v1").mkdir()
    (cache / "wheels-v1/note.txt").write_text("x")
    (cache / "interpreters").symlink_to(cache / "mine")
    grow_old(cache)
    assert run("cache", "prune").code == 0
    assert (cache / "wheels-v1/note.txt").exists()
    assert (cache / "mine/file").exists()


def test_there_need_not_be_a_cache(run: Run) -> None:
    assert run("cache", "prune").out.startswith("Removed 0 entries")
    assert run("cache", "prune", "--no-cache").code == 2
    assert run("cache", "prune", "--older-than", "-1").code == 2


def test_every_part_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/cache.md").read_text(encoding="utf-8")
    for part in CACHE_PARTS:
        assert f"`{part}`" in text or f"`{part}-*`" in text, part
