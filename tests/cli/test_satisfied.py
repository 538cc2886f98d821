"""Asking again for what is installed costs next to nothing, and is noticed when it no longer holds."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Ran, Run
from rewheel.cli import satisfied
from support.wheel_factory import make_wheel

PAUSE = 0.06  # seconds; what changed a moment ago is not relied on yet


def recall(words: list[str]) -> str | None:
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # changes all the time, as variables that matter may
    return satisfied.recall(words)


@pytest.fixture
def run(run: Run) -> Run:
    def run_unwatched(*arguments: object) -> Ran:
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        return run(*arguments)

    return run_unwatched


@pytest.fixture
def words(run: Run, world: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Install foo and bar from a folder, ask twice, and return the question."""
    shelf = world / "shelf"
    make_wheel(shelf, "foo", "1.0", requires=["bar>=1"])
    make_wheel(shelf, "bar", "1.0")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(world / ".venv")], check=True)
    question = ["install", "foo", "--no-index", "--find-links", str(shelf)]
    assert "Installed foo 1.0" in run(*question).out
    assert recall(question) is None
    time.sleep(PAUSE)
    assert run(*question).out == "Already satisfied: foo 1.0\n"
    assert recall(question) == "Already satisfied: foo 1.0\n"
    assert run(*question) == Ran(0, "Already satisfied: foo 1.0\n", "")
    return question


def site(world: Path) -> Path:
    return next((world / ".venv").glob("lib/python*/site-packages"))


def edit_metadata(world: Path) -> None:
    path = site(world) / "bar-1.0.dist-info/METADATA"
    path.write_text(path.read_text() + "\n")


def replace_installed(world: Path) -> None:
    (site(world) / "bar-1.0.dist-info").rename(site(world) / "bar-0.9.dist-info")


def interrupt(world: Path) -> None:
    (world / ".venv/.rewheel-transaction").mkdir()


def configure(world: Path) -> None:
    (world / "rewheel.toml").write_text("pre = true\n")


def configure_above(world: Path) -> None:
    (world.parent / "pyproject.toml").write_text("[tool.rewheel]\npre = true\n")


def change_the_environment(world: Path) -> None:
    path = world / ".venv/pyvenv.cfg"
    path.write_text(path.read_text() + "\n")


@pytest.mark.parametrize(
    "change",
    [edit_metadata, replace_installed, interrupt, configure, configure_above, change_the_environment],
)
def test_a_change_is_noticed(words: list[str], world: Path, change: Callable[[Path], None]) -> None:
    assert recall(words) is not None
    time.sleep(PAUSE)
    change(world)
    assert recall(words) is None


def test_what_was_uninstalled_is_installed_again(run: Run, words: list[str]) -> None:
    run("uninstall", "bar")
    assert "Installed bar 1.0" in run(*words).out


def test_a_dependency_that_was_broken_by_others_is_repaired(run: Run, words: list[str], world: Path) -> None:
    make_wheel(world / "shelf", "bar", "0.5")
    run("install", "bar==0.5", "--no-deps", "--no-index", "--find-links", world / "shelf")
    assert "Installed bar 1.0" in run(*words).out


@pytest.mark.parametrize(
    "more",
    [
        ["-U"],
        ["--reinstall"],
        ["bar"],
        ["--pre"],
        ["--no-deps"],
        ["--dry-run"],
        ["-v"],
        ["--report", "r.json"],
    ],
)
def test_other_words_are_another_question(words: list[str], more: list[str]) -> None:
    assert recall([*words, *more]) is None


@pytest.mark.parametrize("more", [["-U"], ["--reinstall"], ["--dry-run"], ["-v"], ["--report", "r.json"]])
def test_some_questions_are_always_thought_about(run: Run, words: list[str], more: list[str]) -> None:
    time.sleep(PAUSE)
    for _ in range(2):
        assert run(*words, *more).code == 0
    assert recall([*words, *more]) is None


def test_a_variable_is_part_of_the_question(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWHEEL_PRE", "1")
    assert recall(words) is None
    monkeypatch.delenv("REWHEEL_PRE")
    assert recall(words) is not None


def test_so_is_the_folder(words: list[str], world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recall(words) is not None
    (world / "below").mkdir()
    monkeypatch.chdir(world / "below")
    assert recall(words) is None


def test_a_damaged_answer_is_none(run: Run, words: list[str], tmp_path: Path) -> None:
    (kept,) = (tmp_path / "cache/answers-1").iterdir()
    whole = kept.read_bytes()
    for damaged in (b"", whole[:-1], whole.replace(b"foo", b"fox"), b"\xff" + whole):
        kept.write_bytes(damaged)
        assert recall(words) is None
    assert run(*words).out == "Already satisfied: foo 1.0\n"


def test_secrets_of_the_question_are_not_kept(words: list[str], tmp_path: Path) -> None:
    (kept,) = (tmp_path / "cache/answers-1").iterdir()
    assert "--find-links" not in kept.read_text()
    assert all(value not in kept.read_text() for name, value in os.environ.items() if name == "PATH")


def test_variants_are_always_thought_about(run: Run, world: Path) -> None:
    """The machine may be another one, which only asking it can tell."""
    shelf = world / "shelf"
    make_wheel(shelf, "foo", "1.0", label="x1", properties={"gpu": {"arch": ["x1"]}})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(world / ".venv")], check=True)
    question = ["install", "foo", "--no-index", "--find-links", str(shelf)]
    run(*question)
    time.sleep(PAUSE)
    run(*question)
    assert recall(question) is None


def test_the_answer_needs_next_to_nothing(words: list[str]) -> None:
    code = (
        "import sys; before = set(sys.modules); from rewheel.cli.entry import main; main(sys.argv[1:]); "
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('_')))"
    )
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer, loaded = done.stdout.splitlines()
    assert answer == "Already satisfied: foo 1.0"
    for module in ("click", "json", "pathlib", "typing", "rewheel.config", "rewheel.environments", "socket"):
        assert f"'{module}'" not in loaded
