"""Which words of a command change the question that a remembered answer is for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_server import IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    make_wheel(shelf, "foo", "1.0", requires=["bar"])
    make_wheel(shelf, "foo", "2.0rc1", requires=["bar"])
    make_wheel(shelf, "bar", "1.0")
    make_wheel(shelf, "bar", "2.0")
    with IndexServer(shelf, cache_control="max-age=600") as server:
        yield server


def installed(folder: str) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in Path(folder).glob("*.dist-info")}


def test_another_folder_is_the_same_question(run: Run, server: IndexServer) -> None:
    run("install", "foo", "-i", server.simple_url, "-t", "one")
    server.requests.clear()
    run("install", "-q", "foo", "-i", server.simple_url, "-t", "one", "--reinstall")
    first, second = (
        run("install", "foo", "-i", server.simple_url, "-t", name).out for name in ("two", "three")
    )
    assert first == second
    assert server.requests == []
    assert installed("one") == installed("two") == installed("three") == {"foo-1.0", "bar-2.0"}


def test_flags_and_files_are_part_of_it(run: Run, server: IndexServer, world: Path) -> None:
    common = ("install", "foo", "-i", server.simple_url)
    limits = world / "limits.txt"
    run(*common, "-t", "one")
    run(*common, "-t", "two", "--pre")
    limits.write_text("bar<2\n")
    run(*common, "-t", "three", "-c", limits)
    limits.write_text("bar<3\n")
    run(*common, "-t", "four", "-c", limits)
    run(*common, "-t", "five", "--no-deps")
    assert [installed(name) for name in ("one", "two", "three", "four", "five")] == [
        {"foo-1.0", "bar-2.0"},
        {"foo-2.0rc1", "bar-2.0"},
        {"foo-1.0", "bar-1.0"},
        {"foo-1.0", "bar-2.0"},
        {"foo-1.0"},
    ]


def test_so_are_variables_and_configuration(
    run: Run, server: IndexServer, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("install", "foo", "-i", server.simple_url)
    run(*common, "-t", "one")
    monkeypatch.setenv("REWHEEL_PRE", "1")
    run(*common, "-t", "two")
    monkeypatch.delenv("REWHEEL_PRE")
    (world / "rewheel.toml").write_text("pre = true\n")
    run(*common, "-t", "three")
    assert installed("two") == installed("three") == {"foo-2.0rc1", "bar-2.0"}


def test_what_is_remembered_needs_neither_network_nor_solver(server: IndexServer, run: Run) -> None:
    run("install", "foo", "-i", server.simple_url, "-t", "one")
    code = "import sys; from rewheel.cli.entry import main; main(sys.argv[1:]); print(*sys.modules)"
    words = ["install", "foo", "-i", server.simple_url, "-t", "two"]
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert installed("two") == {"foo-1.0", "bar-2.0"}
    for module in (
        "nab_resolver", "rewheel.resolution.search", "rewheel.resolution.solver", "http.client", "ssl",
        "concurrent.futures", "email", "urllib.request", "rich", "rewheel.builds",
    ):  # fmt: skip
        assert module not in loaded, module
