"""The front door: exit codes, streams, and what is not loaded."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rewheel
from rewheel.cli import running
from rewheel.cli.group import COMMANDS
from rewheel.errors import RewheelError

from .conftest import Run

VERSION = f"rewheel {rewheel.__version__}\n"


def loaded_by(*arguments: str) -> set[str]:
    """Run a command in a process of its own and return the modules that it loaded."""
    code = (
        "import sys; from rewheel.cli.entry import main; "
        f"main({list(arguments)!r}); print('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(run: Run, flag: str) -> None:
    assert run(flag) == (0, VERSION, "")
    assert run("-q", flag) == (0, VERSION, "")  # the long way, through the parser


def test_version_loads_nothing_that_it_does_not_need() -> None:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    more = loaded_by("--version") - set(bare.stdout.split())
    assert more == {"rewheel", "rewheel.cli", "rewheel.cli.entry"}


def test_help_loads_no_command() -> None:
    loaded = loaded_by("--help")
    assert not any(name.startswith("rewheel.cli.commands") for name in loaded)
    assert "rewheel.config" not in loaded


def test_making_a_variant_loads_no_http() -> None:
    loaded = loaded_by("variant", "show", "nothing.whl")
    assert "rewheel.cli.commands.variant" in loaded
    assert not loaded & {"http.client", "ssl", "rewheel.indexes", "rewheel.resolution", "rewheel.installing"}


def test_help_lists_every_command_with_its_own_summary(run: Run) -> None:
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for name, command in COMMANDS.items():
        assert f"\n  {name}" in out
        assert f"\n  {command.summary}\n" in run(name, "--help").out


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    code, out, _ = run()
    assert code == 2
    assert "Commands:" in out
    assert run("machine").code == 2


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["bogus"], "no such command 'bogus'", "rewheel --help"),
        (["instal"], "no such command 'instal'", "rewheel --help"),
        (["list", "--bogus"], "no such option '--bogus'", "rewheel list --help"),
        (["variant", "make"], "missing argument 'WHEEL'", "rewheel variant make --help"),
        (["install", "--index-url"], "option '--index-url' requires an argument", "rewheel install --help"),
        (["install"], "nothing to install was named", "-r"),
        (["install", "foo", "--timeout", "soon"], "--timeout: expected a number of seconds", ""),
        (["install", "foo", "--link-mode", "glue"], "--link-mode: expected one of auto", ""),
        (["install", "foo", "--index-url", "gopher://x"], "--index-url: expected a URL", ""),
        (["install", "foo", "--variant", "foo"], "--variant: expected PACKAGE=LABEL", ""),
        (["install", "foo", "-t", "x", "--variant", "foo=CU 12"], "CU 12", ""),
        (["install", "foo", "--target", "t", "--no-binary", "-x"], "'-x' is not the name of a project", ""),
        (["install", "-e", "git+https://a.test/x"], "the name of the project has to be said", "egg"),
        (["install", "foo", "-C", "key"], "expected KEY=VALUE", ""),
        (["install", "./missing.whl"], "there is no such file", ""),
        (["install", "foo", "-t", "x", "--enable-provider", "A B"], "--enable-provider", ""),
    ],
)
def test_usage_errors(run: Run, arguments: list[str], message: str, hint: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2, err
    assert out == ""
    first, *rest = err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert hint in "".join(rest)


def test_a_broken_configuration_file_is_one_line(run: Run, world: Path) -> None:
    (world / "rewheel.toml").write_text("index-ulr = 'x'")
    code, out, err = run("install", "foo")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {world}/rewheel.toml: index-ulr: there is no such setting here\nhint: ")


class SpecialError(RewheelError):
    exit_code = 7


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Let the command line meet an exception, the one in the list, on its way to a command."""
    errors: list[BaseException] = []

    def invoke(*_: object) -> int:
        raise errors[0]

    monkeypatch.setattr(running, "_invoke", invoke)
    return errors


def test_an_error_is_a_line_and_a_hint(run: Run, failing: list[BaseException]) -> None:
    failing.append(SpecialError("it broke\nlike this", hint="mend it"))
    assert run("list") == (7, "", "error: it broke\n  like this\nhint: mend it\n")


def test_an_error_of_the_operating_system_names_its_file(run: Run, failing: list[BaseException]) -> None:
    failing.append(OSError(28, "No space left on device", "/full/disk"))
    assert run("list") == (1, "", "error: /full/disk: No space left on device\n")


def test_an_interruption(run: Run, failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    assert run("list") == (130, "", "error: interrupted\n")


def test_a_bug_is_said_to_be_one(
    run: Run,
    failing: list[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing.append(ZeroDivisionError("oh"))
    code, out, err = run("list")
    assert (code, out) == (1, "")
    assert "bug" in err
    assert "ZeroDivisionError: oh" in err
    assert "REWHEEL_DEBUG=1" in err
    monkeypatch.setenv("REWHEEL_DEBUG", "1")
    assert running.run(["list"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_as_a_module(world: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rewheel", "--version"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (VERSION, "")


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rewheel", "machine", "providers"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), err) == (141, b"")


def test_the_version_into_nowhere() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rewheel", "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys; os.rmdir(os.getcwd()); from rewheel.cli.entry import main; "
        "sys.exit(main(['install', 'foo']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the current folder cannot be used")


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_ctrl_c_in_a_real_process(tmp_path: Path) -> None:
    fifo = tmp_path / "requirements.txt"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [sys.executable, "-m", "rewheel", "install", "-r", str(fifo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with fifo.open("w"):  # opens when the command has opened it for reading, so it is at work
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")
