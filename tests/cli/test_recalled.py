"""New environments get what the same words came to before, unless anything is not what it was."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Ran, Run
from rewheel.cli import recalled
from rewheel.cli.answers import digest
from rewheel.installing import Store
from support.index_server import IndexServer
from support.wheel_factory import make_wheel

PAUSE = 0.06  # seconds; what changed a moment ago is not relied on yet
LINES = "Collecting bar  bar-1.0-py3-none-any.whl"


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    make_wheel(shelf, "foo", "1.0", requires=["bar"])
    make_wheel(shelf, "bar", "1.0")
    with IndexServer(shelf, cache_control="max-age=600") as server:
        yield server


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)  # changes all the time


@pytest.fixture
def recalls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each installation was answered from memory."""
    found: list[bool] = []
    repeat = recalled.repeat

    def listen(*arguments: object) -> bool:
        found.append(repeat(*arguments))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(recalled, "repeat", listen)
    return found


@pytest.fixture
def first(run: Run, server: IndexServer, world: Path, recalls: list[bool]) -> Ran:
    """Fill one environment, so that the answer is known."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    time.sleep(PAUSE)
    done = run("install", "foo", "-i", server.simple_url, "--python", environment(world / "first"))
    assert done.code == 0 and recalls == [False]
    return done


def environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def site(folder: Path) -> Path:
    return next(folder.glob("lib/python*/site-packages"))


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def ask(run: Run, server: IndexServer, python: Path, *more: str) -> Ran:
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    return run("install", "foo", "-i", server.simple_url, "--python", python, *more)


def test_a_new_environment_gets_the_same_without_the_network(
    run: Run, server: IndexServer, world: Path, first: Ran, recalls: list[bool]
) -> None:
    server.requests.clear()
    assert ask(run, server, environment(world / "second")) == first
    assert recalls == [False, True]
    assert server.requests == []
    assert tree(site(world / "first")) == tree(site(world / "second"))
    run_there = subprocess.run(
        [world / "second/bin/python", "-c", "import foo, bar"], check=False, capture_output=True, text=True
    )
    assert (run_there.returncode, run_there.stderr) == (0, "")


def test_an_active_environment_is_as_good_as_a_named_one(
    run: Run, server: IndexServer, world: Path, recalls: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    time.sleep(PAUSE)
    for name in ("first", "second"):
        environment(world / name)
        monkeypatch.setenv("VIRTUAL_ENV", str(world / name))
        monkeypatch.setenv("PATH", f"{world / name}/bin{os.pathsep}{os.environ['PATH']}")
        assert run("install", "foo", "-i", server.simple_url).code == 0
    assert recalls == [False, True]
    (world / "second/pip.conf").touch()
    assert run("install", "foo", "-i", server.simple_url).code == 0
    assert recalls[-1] is False


@pytest.mark.parametrize(
    "change",
    ["words", "flag", "variable", "configuration", "folder", "release", "environment", "interrupted"],
)
def test_whatever_changes_is_noticed(
    run: Run,
    server: IndexServer,
    world: Path,
    shelf: Path,
    first: Ran,
    recalls: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    python = environment(world / "second")
    more: list[str] = []
    if change == "words":
        more = ["bar"]
    elif change == "flag":
        more = ["--link-mode", "copy"]
    elif change == "variable":
        monkeypatch.setenv("REWHEEL_PRE", "1")
    elif change == "configuration":
        (world / "rewheel.toml").write_text("pre = true\n")
    elif change == "folder":
        (world / "sub").mkdir()
        monkeypatch.chdir(world / "sub")
    elif change == "release":
        make_wheel(shelf, "bar", "2.0")
        for path in (Path(os.environ["REWHEEL_CACHE_DIR"])).glob("indexes-*/documents/*/*"):
            path.unlink()
    elif change == "environment":
        make_wheel(world / "other", "bar", "0.5")
        run("install", "bar", "--no-index", "-f", world / "other", "--python", python)
    else:
        (world / "second/.rewheel-transaction").mkdir()
    done = ask(run, server, python, *more)
    assert done.code == 0, done
    assert recalls[-1] is False
    installed = {path.name.removesuffix(".dist-info") for path in site(world / "second").glob("*.dist-info")}
    expected = {"release": "bar-2.0", "environment": "bar-0.5"}.get(change, "bar-1.0")
    assert installed == {"foo-1.0", expected}


def test_a_stale_page_is_asked_for_again(
    run: Run, server: IndexServer, world: Path, shelf: Path, first: Ran, recalls: list[bool]
) -> None:
    make_wheel(shelf, "bar", "2.0")
    for path in (Path(os.environ["REWHEEL_CACHE_DIR"])).glob("indexes-*/documents/*/*"):
        head, _, body = path.read_bytes().partition(b"\n")
        header = json.loads(head)
        path.write_bytes(json.dumps(header | {"stored": header["stored"] - 700}).encode() + b"\n" + body)
    assert "Installed bar 2.0" in ask(run, server, environment(world / "second")).out
    assert recalls[-1] is False


@pytest.mark.parametrize("damage", ["store", "file", "answer", "nonsense"])
def test_what_is_damaged_is_made_anew(
    run: Run, server: IndexServer, world: Path, first: Ran, recalls: list[bool], damage: str
) -> None:
    cache = Path(os.environ["REWHEEL_CACHE_DIR"])
    store = Store(cache)
    if damage == "store":
        (manifest,) = (
            store.root.glob("??/*/manifest") if False else sorted(store.root.glob("??/*/manifest"))[:1]
        )
        manifest.unlink()
    elif damage == "file":
        module = next(store.root.glob("??/*/tree/foo.py"))
        module.write_text("edited = True\n")
    for path in (cache / "answers-1").iterdir():
        if damage == "answer":
            path.write_bytes(path.read_bytes()[:-3])
        elif damage == "nonsense":
            body = f"-\t{world}/nowhere\n\n" + json.dumps({"pages": 5})
            path.write_text(f"{digest(body)}\n{body}")
    expected = tree(site(world / "first"))
    if damage == "file":  # a hard link: the first environment's file was edited, too
        expected = {name: text for name, text in expected.items() if name != "foo.py"}
    assert ask(run, server, environment(world / "second")).code == 0
    assert recalls[-1] is False
    got = tree(site(world / "second"))
    assert {name: got[name] for name in expected} == expected
    assert got["foo.py"] != "edited = True\n"


def test_what_is_remembered_loads_neither_parser_nor_resolver(
    server: IndexServer, world: Path, run: Run, first: Ran
) -> None:
    python = environment(world / "second")
    code = "import sys; from rewheel.cli.entry import main; main(sys.argv[1:]); print(*sys.modules)"
    words = ["install", "foo", "-i", server.simple_url, "--python", str(python)]
    environ = {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], check=True, capture_output=True, text=True, env=environ
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert (site(world / "second") / "foo-1.0.dist-info").is_dir()
    for module in (
        "click", "packaging", "http.client", "rewheel.config", "rewheel.cli.session", "rewheel.resolution",
        "rewheel.indexes.fetching", "rewheel.machines", "shutil", "tempfile",
    ):  # fmt: skip
        assert module not in loaded, module


def test_a_dry_run_says_what_an_installation_found(
    run: Run, server: IndexServer, world: Path, first: Ran, recalls: list[bool]
) -> None:
    python = environment(world / "second")
    usual = ask(run, server, python, "--dry-run", "--retries", "2")
    server.requests.clear()
    assert ask(run, server, python, "--dry-run") == usual
    assert usual.out.startswith("Would install bar 1.0")
    assert recalls[-1] is True
    assert server.requests == []
    assert tree(site(world / "second")) == {}


def test_a_dry_run_says_what_another_found_and_installs_nothing(
    run: Run, server: IndexServer, world: Path, recalls: list[bool]
) -> None:
    time.sleep(PAUSE)
    python = environment(world / "first")
    said = [ask(run, server, python, "--dry-run") for _ in range(2)]
    assert said[0] == said[1]
    assert recalls == [False, True]
    assert "Installed foo 1.0" in ask(run, server, python).out
    assert recalls == [False, True, False]
    assert (site(world / "first") / "foo-1.0.dist-info").is_dir()


@pytest.mark.parametrize("change", ["words", "release", "environment", "interrupted"])
def test_a_dry_run_notices_what_changes(
    run: Run, server: IndexServer, world: Path, shelf: Path, first: Ran, recalls: list[bool], change: str
) -> None:
    python, more, found = environment(world / "second"), ["--dry-run"], "Would install foo 1.0"
    if change == "words":
        more.append("--no-compile")
    elif change == "environment":
        (site(world / "second") / "bar-1.0.dist-info").mkdir()
        (site(world / "second") / "bar-1.0.dist-info/METADATA").write_text("Name: bar\nVersion: 1.0\n")
    elif change == "interrupted":
        (world / "second/.rewheel-transaction").mkdir()
    else:
        make_wheel(shelf, "foo", "2.0")
        for path in (Path(os.environ["REWHEEL_CACHE_DIR"])).glob("indexes-*/documents/*/*"):
            path.unlink()
        found = "Would install foo 2.0"
    done = ask(run, server, python, *more)
    assert recalls[-1] is False
    assert found in done.out


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"pages": 1}', '{"pages": [], "kind": "x"}'])
def test_a_damaged_answer_of_a_dry_run_is_none(
    run: Run, server: IndexServer, world: Path, recalls: list[bool], damage: str
) -> None:
    time.sleep(PAUSE)
    python = environment(world / "first")
    said = ask(run, server, python, "--dry-run")
    for path in Path(os.environ["REWHEEL_CACHE_DIR"]).glob("answers-1/*"):
        body = f"-\t{world}/nowhere\n\n{damage}"
        path.write_text(f"{digest(body)}\n{body}")
    assert ask(run, server, python, "--dry-run") == said
    assert recalls == [False, False]
