import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from installing.conftest import Environment, item
from rewheel.environments import PlatformDescription
from rewheel.errors import RewheelError
from rewheel.installing import InstallingError, InvalidEntryPoints, Plan, apply
from rewheel.installing.entry_points import Command, read_commands
from rewheel.installing.scripts import adapt_script, command_files, shebang


def test_commands_are_read_as_importlib_reads_them() -> None:
    text = (
        "# comment\n[console_scripts]\n  b = pkg.mod : Class.method [extra1,extra2] \n; other\n"
        "a-1.x=pkg:main\n\n[gui_scripts]\nwin = pkg:gui\n[whatever]\nnothing to see\n"
    )
    assert read_commands(text, "foo") == [
        Command("a-1.x", "pkg", "main", graphical=False),
        Command("b", "pkg.mod", "Class.method", graphical=False),
        Command("win", "pkg", "gui", graphical=True),
    ]
    assert read_commands("", "foo") == read_commands("[x]\nhello\n", "foo") == []


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_gives_safe_commands_or_a_clear_error(name: str, reference: str) -> None:
    for text in (name, f"[console_scripts]\n{name} = {reference}\n", f"[gui_scripts]\n{name} = a:b\n"):
        try:
            commands = read_commands(text, "foo")
        except InvalidEntryPoints as error:
            assert str(error).startswith("foo: entry_points.txt ")
            continue
        for command in commands:
            assert Path(command.name).name == command.name
            assert command.name not in {".", ".."}
            compile(f"from {command.module} import {command.attribute.partition('.')[0]}", "x", "exec")


@pytest.mark.parametrize(
    ("name", "runs"),
    [("python", True), ("with blank", True), ("long" * 40, True), ("a" * 250, True), ("ümläut", True)],
)
def test_every_interpreter_path_can_be_started(tmp_path: Path, name: str, runs: bool) -> None:
    python = tmp_path / name
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    script = tmp_path / "script"
    script.write_bytes(shebang(python) + b"import sys; print(sys.argv[1:])\n")
    script.chmod(0o755)
    done = subprocess.run([script, "an argument", "$x"], capture_output=True, text=True, check=False)
    assert (done.stdout == "['an argument', '$x']\n") is runs, done.stderr


@pytest.mark.parametrize(
    "path", ["/a'b/python", '/a"b/python', "/a$b/python", "/a\nb/python", "/a`b/python", "/a\\b"]
)
def test_paths_that_no_script_can_name_are_refused(path: str) -> None:
    with pytest.raises(InstallingError, match="cannot name the interpreter"):
        shebang(Path(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"#!python\nx\n", b"#!/p\nx\n"),
        (b"#!pythonw -u\r\nx\n", b"#!/p\nx\n"),
        (b"#!python3.4\nx", b"#!/p\nx"),
        (b"#!python", b"#!/p\n"),
        (b"#!/usr/bin/python\nx", b"#!/usr/bin/python\nx"),
        (b"\x7fELF", b"\x7fELF"),
        (b"", b""),
    ],
)
def test_only_scripts_of_the_wheel_format_are_adapted(content: bytes, expected: bytes) -> None:
    assert adapt_script("tool", content, Path("/p"), windows=False) == {"tool": expected}


def test_a_method_can_be_a_command(tmp_path: Path) -> None:
    (tmp_path / "mod.py").write_text(
        "import sys\nclass C:\n  def m():\n    print(sys.argv[0][-2:]); return 3\n"
    )
    (content,) = command_files(
        Command("xy", "mod", "C.m", False), Path(sys.executable), windows=False
    ).values()
    script = tmp_path / "xy"
    script.write_bytes(content)
    script.chmod(0o755)
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([script], capture_output=True, text=True, check=False, env=environ)
    assert (done.returncode, done.stdout) == (3, "xy\n")


WINDOWS_WHEEL = {
    "files": {
        "foo.py": "def main():\n    import sys; print(sys.argv[0][-3:], sys.argv[1:]); return 3\n",
        "foo-1.0.data/scripts/old.py": "#!python\nprint('old')\n",
        "foo-1.0.data/scripts/plain.bat": "@echo off\n",
    },
    "entry_points": "[console_scripts]\nfoo = foo:main\n[gui_scripts]\nwin = foo:main\n",
}


@pytest.mark.parametrize(
    ("machine", "console", "window"),
    [("AMD64", "t64", "w64"), ("x86", "t32", "w32"), ("ARM64", "t64-arm", "w64-arm")],
)
def test_windows_gets_launchers(folder_env: Environment, machine: str, console: str, window: str) -> None:
    from importlib.resources import files

    windows = folder_env.target.for_platform(PlatformDescription("Windows", machine))
    apply(Plan((item(folder_env.wheel(**WINDOWS_WHEEL)),)), windows, folder_env.store)
    scripts = folder_env.root / "Scripts"
    assert {path.name for path in scripts.iterdir()} == {"foo.exe", "win.exe", "old.exe", "plain.bat"}
    for name, program in (("foo", console), ("win", window), ("old", console)):
        expected = (files("distlib") / f"{program}.exe").read_bytes()
        content = (scripts / f"{name}.exe").read_bytes()
        python = os.fsencode(sys.executable) + (b"w" if name == "win" else b"")
        assert content.startswith(expected)
        assert content[len(expected) :].startswith(b"#!" + python + b"\r\nPK")
    # What the launcher does in the end: the interpreter runs its own archive.
    environ = os.environ | {"PYTHONPATH": str(folder_env.root)}
    done = subprocess.run(
        [sys.executable, scripts / "foo.exe", "x y"], capture_output=True, text=True, check=False, env=environ
    )
    assert (done.returncode, done.stdout) == (3, "foo ['x y']\n")
    (found,) = folder_env.target.installed()
    record = found.record()
    assert {entry.path for entry in record if "Scripts" in entry.path} >= {
        "Scripts/foo.exe",
        "Scripts/win.exe",
    }


def test_launchers_are_the_same_every_time_and_quote_their_interpreter() -> None:
    command = Command("x", "a", "b", graphical=False)
    first, again = (
        command_files(command, Path("C:/my python/python.exe"), windows=True, machine="AMD64")["x.exe"]
        for _ in range(2)
    )
    assert first == again
    assert b'#!"C:/my python/python.exe"\r\nPK' in first
    graphical = command_files(
        command._replace(graphical=True), Path("C:/py/python.exe"), windows=True, machine="AMD64"
    )
    assert b"#!C:/py/pythonw.exe\r\nPK" in graphical["x.exe"]
    with pytest.raises(RewheelError):
        command_files(command, Path('C:/a"b/python.exe'), windows=True)


@pytest.fixture
def no_launchers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be without distlib, as those are who unpack wheels for Windows on another system."""
    from rewheel.installing import launchers

    monkeypatch.setattr(launchers, "_program", lambda name: None)


@pytest.mark.usefixtures("no_launchers")
def test_without_launchers_windows_gets_scripts_and_batch_files(folder_env: Environment) -> None:
    windows = folder_env.target.for_platform(PlatformDescription("Windows", "AMD64"))
    apply(Plan((item(folder_env.wheel(**WINDOWS_WHEEL)),)), windows, folder_env.store)
    scripts = folder_env.root / "Scripts"
    assert {path.name for path in scripts.iterdir()} == {
        "foo-script.py", "foo.cmd", "win-script.pyw", "win.cmd", "old-script.py", "old.cmd", "plain.bat",
    }  # fmt: skip
    assert (scripts / "foo.cmd").read_bytes() == f'@"{sys.executable}" "%~dp0foo-script.py" %*\r\n'.encode()
    assert (scripts / "win.cmd").read_bytes().startswith(b'@start "" "')
    environ = os.environ | {"PYTHONPATH": str(folder_env.root)}
    command = [sys.executable, scripts / "foo-script.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert done.stdout == "foo []\n"


@pytest.mark.usefixtures("no_launchers")
def test_batch_files_quote_their_interpreter() -> None:
    command = Command("x", "a", "b", graphical=False)
    files = command_files(command, Path("C:/100% sure/python.exe"), windows=True)
    assert files["x.cmd"] == b'@"C:/100%% sure/python.exe" "%~dp0x-script.py" %*\r\n'
    graphical = command_files(command._replace(graphical=True), Path("C:/py/python.exe"), windows=True)
    assert b'"C:/py/pythonw.exe"' in graphical["x.cmd"]
    with pytest.raises(RewheelError):
        command_files(command, Path('C:/a"b/python.exe'), windows=True)
