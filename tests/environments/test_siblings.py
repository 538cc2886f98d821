"""A new environment is not asked what its siblings have said, unless something could make a difference."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewheel.environments import Interpreter, InterpreterCache, remembered
from rewheel.environments.interpreter import query
from rewheel.environments.siblings import adopt, family_of, generalise

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the layout of POSIX")


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """A cache that has heard what one environment of this Python says."""
    cache = tmp_path / "cache"
    InterpreterCache(cache).interpreter(environment(tmp_path / "first"))
    return cache


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The interpreters that were started to be asked."""
    found: list[Path] = []

    def ask(executable: Path, **_: object) -> dict[str, object]:
        found.append(executable)
        return query(executable)

    monkeypatch.setattr(remembered, "query", ask)
    return found


def environment(folder: Path, *more: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", *more, str(folder)], check=True)
    return folder / "bin" / "python"


def site(python: Path) -> Path:
    return next((python.parent.parent / "lib").glob("python*/site-packages"))


def test_what_is_concluded_is_what_the_interpreter_would_say(
    tmp_path: Path, family: Path, asked: list[Path]
) -> None:
    python = environment(tmp_path / "a folder" / "second")
    concluded = InterpreterCache(family).interpreter(python)
    assert asked == []
    assert concluded == Interpreter.from_facts(query(python))
    assert concluded.prefix == python.parent.parent


def test_tags_are_those_of_the_siblings(tmp_path: Path, family: Path) -> None:
    first = InterpreterCache(family)
    expected = first.tags(first.interpreter(tmp_path / "first/bin/python"))
    second = InterpreterCache(family).interpreter(environment(tmp_path / "second"))
    assert dict(InterpreterCache(family).tags(second)) == dict(expected)


@pytest.mark.parametrize("name", ["sitecustomize.py", "usercustomize.py", "_manylinux.py", "hook.pth"])
def test_what_runs_when_the_interpreter_starts_is_a_reason_to_ask(
    tmp_path: Path, family: Path, asked: list[Path], name: str
) -> None:
    python = environment(tmp_path / "second")
    (site(python) / name).write_text("def manylinux_compatible(*_): return False\n" if "many" in name else "")
    found = InterpreterCache(family).interpreter(python)
    assert asked == [python]
    assert bool(found.build.manylinux_refused) == (name == "_manylinux.py" and bool(found.build.glibc))


def test_one_with_starters_has_nothing_to_say_for_others(tmp_path: Path, asked: list[Path]) -> None:
    first, second = environment(tmp_path / "first"), environment(tmp_path / "second")
    (site(first) / "_manylinux.py").write_text("def manylinux_compatible(*_): return False\n")
    for python in (first, second):
        InterpreterCache(tmp_path / "cache").interpreter(python)
    assert asked == [first, second]


def test_another_configuration_is_another_family(tmp_path: Path, family: Path, asked: list[Path]) -> None:
    python = environment(tmp_path / "second")
    configuration = python.parent.parent / "pyvenv.cfg"
    configuration.write_text(configuration.read_text() + "home2 = elsewhere\n")
    InterpreterCache(family).interpreter(python)
    assert asked == [python]


def test_packages_of_the_base_are_a_reason_to_ask(tmp_path: Path, asked: list[Path]) -> None:
    pythons = [environment(tmp_path / name, "--system-site-packages") for name in ("first", "second")]
    for python in pythons:
        InterpreterCache(tmp_path / "cache").interpreter(python)
    assert asked == pythons


@pytest.mark.parametrize("change", ["executable", "witness", "damage", "nonsense"])
def test_a_changed_base_interpreter_or_memory_is_a_reason_to_ask(
    tmp_path: Path, family: Path, asked: list[Path], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    python = environment(tmp_path / "second")
    (memory,) = (family / "interpreters").glob("*.family")
    if change in {"executable", "witness"}:
        real = Path(os.path.realpath(python)) if change == "executable" else Path(os.__file__)
        stamp = remembered._file_stamp
        monkeypatch.setattr(
            remembered,
            "_file_stamp",
            lambda path: "changed" if os.path.realpath(path) == os.path.realpath(real) else stamp(path),
        )
    elif change == "damage":
        memory.write_bytes(memory.read_bytes()[:-10])
    else:
        name = family_of(python)
        assert name is not None
        InterpreterCache(family)._write(
            memory,
            remembered._family_stamp(python, name),
            json.dumps({"facts": {"paths": 5}, "witnesses": []}),
        )
    found = InterpreterCache(family).interpreter(python)
    assert asked == [python]
    assert found.prefix == python.parent.parent


def test_only_environments_in_the_usual_layout_have_siblings(tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    assert family_of(python) is not None
    assert family_of(Path("env/bin/python")) is None
    assert family_of(tmp_path / "env/../env/bin/python") is None
    assert family_of(Path(os.path.realpath(python))) is None
    (tmp_path / "env/bin/pyvenv.cfg").touch()
    assert family_of(python) is None


def test_facts_that_name_the_environment_elsewhere_are_not_passed_on(tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    facts = query(python)
    assert generalise(facts, python) is not None
    assert generalise({**facts, "stdlib": f"{tmp_path}/env/lib"}, python) is None
    assert generalise({**facts, "prefix": "/elsewhere"}, python) is None
    assert generalise({**facts, "paths": {**facts["paths"], "data": "/elsewhere"}}, python) is None
    general = generalise(facts, python)
    assert general is not None and adopt(general, python) == facts
