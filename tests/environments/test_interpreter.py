import json
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from packaging.markers import default_environment

from rewheel.environments import (
    Interpreter,
    InterpreterCache,
    InterpreterError,
    InterpreterNotFound,
    InterpreterTooOld,
    find_target,
)
from rewheel.environments.interpreter import query


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def other_pythons() -> list[Path]:
    """Every other CPython that this computer happens to have."""
    found = {}
    folders = [Path("/usr/bin"), *Path.home().glob(".pyenv/versions/*/bin")]
    for folder in folders:
        for minor in range(8, 20):
            path = folder / f"python3.{minor}"
            if path.is_file():
                found[minor] = path
    return [found[minor] for minor in sorted(found)]


def test_the_running_interpreter_is_described_as_it_is() -> None:
    interpreter = InterpreterCache(None).interpreter(Path(sys.executable))
    assert interpreter.version == sys.version_info[:3]
    assert interpreter.prefix == Path(sys.prefix)
    assert interpreter.is_virtual == (sys.prefix != sys.base_prefix)
    assert interpreter.scheme.purelib == Path(sysconfig.get_path("purelib"))
    assert interpreter.scheme.scripts == Path(sysconfig.get_path("scripts"))
    assert dict(interpreter.markers) == default_environment()


def test_the_running_interpreter_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert query(Path(sys.executable))["prefix"] == sys.prefix


def test_a_process_and_the_running_interpreter_give_the_same_answers(tmp_path: Path) -> None:
    starter = script(tmp_path / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    assert query(starter) == query(Path(sys.executable))


def test_an_environment_of_the_same_python_is_not_taken_for_the_running_one(venv: Path) -> None:
    interpreter = InterpreterCache(None).interpreter(venv / "bin" / "python")
    assert interpreter.executable == venv / "bin" / "python"
    assert interpreter.prefix == venv
    assert interpreter.is_virtual
    assert venv in interpreter.scheme.purelib.parents
    assert interpreter.scheme.headers.parent.parent == venv / "include"


@pytest.mark.parametrize("python", other_pythons(), ids=lambda path: path.name)
def test_other_pythons_answer(python: Path) -> None:
    interpreter = InterpreterCache(None).interpreter(python)
    program = (
        "import json, platform, sysconfig as s\n"
        "print(json.dumps([platform.python_version(), s.get_path('purelib'), s.get_path('stdlib')]))"
    )
    expected = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True, cwd="/")
    version, purelib, stdlib = json.loads(expected.stdout)
    assert interpreter.markers["python_full_version"] == version
    assert interpreter.scheme.purelib == Path(purelib)
    assert interpreter.stdlib == Path(stdlib)


def test_noise_of_start_up_files_does_not_disturb(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    site = next((tmp_path / "env" / "lib").glob("*/site-packages"))
    noise = "import sys, atexit; print('{\"version\": 3}'); atexit.register(print, 'bye')"
    (site / "noise.pth").write_text(noise + "\n")
    assert InterpreterCache(None).interpreter(tmp_path / "env/bin/python").prefix == tmp_path / "env"


def test_modules_of_the_current_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venv: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the wrong place')")
    (tmp_path / "platform.py").write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert InterpreterCache(None).interpreter(venv / "bin/python").prefix == venv


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#!/bin/sh\necho hello\n", "no working Python interpreter (exit status 0)"),
        ("#!/bin/sh\necho broken >&2\nexit 3\n", "exit status 3: broken"),
        ("#!/bin/sh\nprintf 2.7; exit 86\n", "Python 2.7 is too old"),
        ("#!/bin/sh\necho 'Unknown option: -I' >&2\nexit 2\n", "Python 2 is too old"),
        ("#!/bin/sh\necho \"$4{\"\n", "its answer is damaged"),
        ("#!/bin/sh\necho \"$4{}\"\n", "its answers make no sense"),
        ("#!/bin/sh\nkill -9 $$\n", "no working Python"),
        ("no program\n", "cannot be run"),
        ("#!/nowhere/sh\n", "cannot be run"),
    ],
)  # fmt: skip
def test_what_is_no_python_is_said_clearly(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        InterpreterCache(None).interpreter(script(tmp_path / "python", text))
    assert reason in str(caught.value)
    assert str(tmp_path / "python") in str(caught.value)


def test_a_python_that_hangs_is_given_up_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hanging = script(tmp_path / "python", f"#!/bin/sh\nsleep 600 & echo $! > {pid}; wait\n")
    with pytest.raises(InterpreterError, match="did not answer within"):
        query(hanging, timeout=0.5)
    child = Path(f"/proc/{pid.read_text().strip()}/stat")

    def is_running() -> bool:
        try:
            return child.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        except OSError:
            return False

    # A killed child takes a moment to die, and may remain as a zombie until somebody reaps it.
    deadline = time.monotonic() + 10
    while is_running():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_facts_that_are_damaged_raise_nothing_else() -> None:
    facts = query(Path(sys.executable))
    for key in facts:
        for bad in (None, 3, "", [], {}, {"platform": 1}):
            try:
                Interpreter.from_facts(facts | {key: bad})
            except InterpreterError:
                continue
    for key in facts["build"]:
        for bad in (None, [1], {"a": 1}):
            try:
                Interpreter.from_facts(facts | {"build": facts["build"] | {key: bad}})
            except InterpreterError:
                continue


def test_too_old_pythons_are_refused() -> None:
    facts = query(Path(sys.executable)) | {"version": [3, 7, 16]}
    with pytest.raises(InterpreterTooOld, match=r"Python 3\.7 is too old"):
        Interpreter.from_facts(facts, name="python3.7")


def test_answers_are_remembered_until_the_environment_changes(tmp_path: Path) -> None:
    environment, cache = tmp_path / "env", tmp_path / "cache"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    first = InterpreterCache(cache).interpreter(python)
    site = next((environment / "lib").glob("*/site-packages"))
    (site / "trap.pth").write_text("import sys; sys.exit('asked again')\n")
    assert InterpreterCache(cache).interpreter(python) == first
    os.utime(environment / "pyvenv.cfg", ns=(1, 1))
    with pytest.raises(InterpreterError):
        InterpreterCache(cache).interpreter(python)


def test_a_damaged_memory_is_asked_anew(tmp_path: Path, venv: Path) -> None:
    python = venv / "bin" / "python"
    first = InterpreterCache(tmp_path).interpreter(python)
    tags = InterpreterCache(tmp_path).tags(first)
    assert dict(InterpreterCache(tmp_path).tags(first)) == dict(tags)
    for file in (tmp_path / "interpreters").iterdir():
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    assert InterpreterCache(tmp_path).interpreter(python) == first
    assert dict(InterpreterCache(tmp_path).tags(first)) == dict(tags)
    for file in (tmp_path / "interpreters").iterdir():
        file.write_bytes(b"\xff\xfe")
    assert InterpreterCache(tmp_path).interpreter(python) == first


def test_a_cache_folder_that_cannot_be_used_costs_nothing_but_time(tmp_path: Path, venv: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    interpreter = InterpreterCache(tmp_path / "cache").interpreter(venv / "bin" / "python")
    assert interpreter.prefix == venv
    assert InterpreterCache(tmp_path / "cache").tags(interpreter)


def test_remembered_answers_import_neither_packaging_nor_subprocess(tmp_path: Path, venv: Path) -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "from pathlib import Path\n"
        "from rewheel.environments import find_target\n"
        f"target = find_target({str(venv)!r}, None, {{}}, Path('/'), cache_dir=Path({str(tmp_path)!r}))\n"
        "assert target.tags and target.installed() == []\n"
        "heavy = {'packaging', 'packaging.tags', 'subprocess', 'sysconfig'}\n"
        "print(*sorted(heavy & (set(sys.modules) - before)))"
    )
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.split() == []


def test_pep_668_markers_are_read_with_their_message(tmp_path: Path) -> None:
    facts = query(Path(sys.executable))
    system = facts | {"base_prefix": facts["prefix"], "stdlib": str(tmp_path)}
    assert Interpreter.from_facts(system).externally_managed() is None
    marker = tmp_path / "EXTERNALLY-MANAGED"
    marker.write_text("[externally-managed]\nError=Use apt,\n please: 100%\n")
    assert Interpreter.from_facts(system).externally_managed() == "Use apt,\nplease: 100%"
    marker.write_bytes(b"\xff no section")
    assert Interpreter.from_facts(system).externally_managed() == ""
    inside = system | {"prefix": str(tmp_path / "env")}
    assert Interpreter.from_facts(inside).externally_managed() is None


def test_names_and_paths_are_found(tmp_path: Path, venv: Path) -> None:
    for name in ("python3.12", "mine"):
        script(tmp_path / name, f'#!/bin/sh\nexec "{venv}/bin/python" "$@"\n')
    environ = {"PATH": f"/nowhere:{tmp_path}"}
    for python in ("3.12", "python3.12", "mine", str(tmp_path / "mine"), "./mine", str(venv), "."):
        cwd = venv if python == "." else tmp_path
        assert find_target(python, None, environ, cwd).root == venv
    with pytest.raises(InterpreterNotFound, match="nor such a command on PATH"):
        find_target("3.11", None, environ, tmp_path)
    with pytest.raises(InterpreterNotFound, match="no such file"):
        find_target("./python", None, environ, tmp_path)
    with pytest.raises(InterpreterNotFound, match="no Python") as caught:
        find_target(str(tmp_path), None, environ, tmp_path)
    assert "-m venv" in caught.value.hint


@pytest.mark.parametrize(
    ("platform", "bits", "mac", "expected"),
    [
        ("linux-x86_64", 64, "", "x86_64"),
        ("linux-x86_64", 32, "", "i686"),
        ("linux-aarch64", 64, "", "aarch64"),
        ("macosx-11.0-arm64", 64, "arm64", "arm64"),
        ("macosx-10.9-universal2", 64, "x86_64", "x86_64"),
        ("win-amd64", 64, "", "amd64"),
        ("win32", 32, "", "x86"),
    ],
)
def test_the_architecture_is_that_of_the_interpreter(
    platform: str, bits: int, mac: str, expected: str
) -> None:
    facts = query(Path(sys.executable))
    build = facts["build"] | {"platform": platform, "bits": bits, "mac_machine": mac}
    assert Interpreter.from_facts(facts | {"build": build}).architecture == expected


def test_something_else_can_be_done_while_an_interpreter_is_asked(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    done: list[str] = []
    cache = InterpreterCache(tmp_path / "cache", meanwhile=lambda: done.append("asked"))
    cache.interpreter(python)
    cache.interpreter(python)
    cache.interpreter(Path(sys.executable))
    assert done == ["asked"]
