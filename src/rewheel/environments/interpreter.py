"""What a Python interpreter says about itself: asked once, checked, then remembered."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rewheel.environments.errors import InterpreterError, InterpreterTooOld
from rewheel.environments.scheme import Scheme
from rewheel.rows import NamedTuple
from rewheel.values import frozen

__all__ = ["OLDEST", "Build", "Interpreter", "query"]

OLDEST = (3, 8)
"""The oldest Python that can be installed into."""

_TOO_OLD_STATUS = 86
_STARTER = """\
import sys
if sys.version_info < (3, 8):
    sys.stdout.write("%d.%d" % sys.version_info[:2])
    sys.exit(86)
import json
names = {"__name__": "rewheel_query"}
exec(compile(sys.argv[2], "rewheel_query", "exec"), names)
sys.stdout.write("\\n" + sys.argv[1] + json.dumps(names["collect"]()) + "\\n")
"""


class Build(NamedTuple):
    """How an interpreter was built, as far as wheel tags depend on it."""

    platform: str
    """`sysconfig.get_platform()`, such as "linux-x86_64" or "macosx-11.0-arm64"."""
    bits: int
    nodot: str
    """The version in tags: "311"."""
    ext_suffix: str
    debug: bool
    free_threaded: bool
    glibc: str
    """glibc's version such as "2.36", or ""."""
    musl: str
    """musl's version such as "1.2", or ""."""
    manylinux_refused: tuple[str, ...]
    """glibc versions such as "2_17" that the interpreter's `_manylinux` module refuses."""
    hard_float: bool
    """Whether a 32-bit executable has the hard-float ABI of Arm, or is one for i686."""
    mac_version: str
    mac_machine: str


@frozen
class Interpreter:
    """One Python interpreter: of the system, or of a virtual environment."""

    executable: Path
    """As it calls itself: inside a virtual environment, that environment's own name for it."""
    version: tuple[int, int, int]
    implementation: str
    prefix: Path
    base_prefix: Path
    stdlib: Path
    markers: Mapping[str, str]
    """The environment of dependency specifiers (PEP 508), without `extra`."""
    scheme: Scheme
    prefix_paths: Mapping[str, str]
    """The scheme relative to any other prefix."""
    build: Build
    bytecode: str = ""
    """The form of bytecode that it reads, such as "cpython-311-a70d0d0a"; empty if it reads none."""

    @property
    def is_virtual(self) -> bool:
        """Whether it belongs to a virtual environment."""
        return self.prefix != self.base_prefix

    @property
    def architecture(self) -> str:
        """The architecture it was built for, such as "x86_64", which need not be that of the kernel."""
        platform = self.build.platform
        if platform == "win32":
            return "x86"
        machine = platform.rsplit("-", 1)[-1]
        if machine == "universal2":
            return self.build.mac_machine or machine
        return {"x86_64": "i686"}.get(machine, machine) if self.build.bits == 32 else machine

    def externally_managed(self) -> str | None:
        """Return why its packages must be left alone (PEP 668), or None; read anew on every call.

        The text is the message of whoever manages it, and may be empty.
        """
        if self.is_virtual:
            return None
        try:
            text = (self.stdlib / "EXTERNALLY-MANAGED").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        import configparser

        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
            return parser.get("externally-managed", "Error", fallback="").strip()
        except configparser.Error:
            return ""

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], *, name: str = "") -> "Interpreter":
        """Check the answers of `query.collect`; raises InterpreterError if they are none."""
        try:
            build = facts["build"]
            major, minor, micro = (int(part) for part in facts["version"])
            interpreter = cls(
                executable=Path(_text(facts["executable"])),
                version=(major, minor, micro),
                implementation=_text(facts["implementation"]),
                prefix=Path(_text(facts["prefix"])),
                base_prefix=Path(_text(facts["base_prefix"])),
                stdlib=Path(_text(facts["stdlib"])),
                markers=MappingProxyType({_text(k): _text(v) for k, v in facts["markers"].items()}),
                scheme=Scheme.below(Path(_text(facts["prefix"])), _paths(facts["paths"])),
                prefix_paths=MappingProxyType(_paths(facts["prefix_paths"])),
                build=Build(
                    platform=_text(build["platform"]),
                    bits=int(build["bits"]),
                    nodot=_text(build["nodot"]),
                    ext_suffix=_text(build["ext_suffix"]),
                    debug=bool(build["debug"]),
                    free_threaded=bool(build["free_threaded"]),
                    glibc=_text(build["glibc"]),
                    musl=_text(build.get("musl", "")),
                    manylinux_refused=tuple(_text(each) for each in build["manylinux_refused"]),
                    hard_float=bool(build.get("hard_float", False)),
                    mac_version=_text(build["mac_version"]),
                    mac_machine=_text(build["mac_machine"]),
                ),
                bytecode=_text(facts.get("bytecode", "")),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InterpreterError(name or "interpreter", f"its answers make no sense ({error!r})") from error
        if interpreter.version < OLDEST:
            raise InterpreterTooOld(name or str(interpreter.executable), _too_old(f"{major}.{minor}"))
        return interpreter


def query(
    executable: Path, *, timeout: float = 20.0, meanwhile: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Ask an interpreter for its facts and return them as JSON-compatible values.

    The running interpreter is asked without a new process. `timeout` is in seconds; `meanwhile` is called
    while another one thinks. Raises
    InterpreterError when the executable is no Python, too old, broken, or does not answer in time.
    """
    facts = _own_facts() if _is_running(executable) else None
    if facts is None:
        facts = _ask(executable, timeout, meanwhile)
    from rewheel.environments.libc import add_libc

    add_libc(facts)
    return facts


def _own_facts() -> dict[str, Any] | None:
    from rewheel.environments.query import collect

    facts: dict[str, Any] = collect()
    # The running process may have been told a false version of macOS; a new one can ask for the true one.
    return None if facts["build"]["mac_version"].startswith("10.16") else facts


def _is_running(executable: Path) -> bool:
    """Tell whether this is the running interpreter, in the environment in which it runs."""
    try:
        if not executable.samefile(sys.executable):
            return False
    except OSError:
        return False
    # All environments made from one Python may share its file; the folder tells them apart.
    for folder in (executable.absolute().parent, executable.absolute().parent.parent):
        if (folder / "pyvenv.cfg").exists():
            return folder.resolve() == Path(sys.prefix).resolve()
    return sys.prefix == sys.base_prefix


def _ask(executable: Path, timeout: float, meanwhile: Callable[[], None] | None) -> dict[str, Any]:
    import json
    import os

    name = str(executable)
    try:
        source = Path(__file__).with_name("query.py").read_text(encoding="utf-8")
    except OSError as error:
        missing = "the questions for it are missing from this installation of rewheel"
        raise InterpreterError(name, missing) from error
    token = os.urandom(8).hex()
    status, out, err = _run([name, "-I", "-c", _STARTER, token, source], timeout, meanwhile)
    if status == _TOO_OLD_STATUS:
        raise InterpreterTooOld(name, _too_old(out.strip()[-10:]))
    if "unknown option: -i" in err.lower():
        raise InterpreterTooOld(name, _too_old("2"))
    # Start-up files of the environment may print, too; the token marks our own line.
    for line in reversed(out.splitlines()):
        if line.startswith(token):
            try:
                facts = json.loads(line.removeprefix(token))
            except ValueError as error:
                raise InterpreterError(name, f"its answer is damaged ({error})") from error
            if isinstance(facts, dict):
                return facts
    lines = err.strip().splitlines()
    because = f": {lines[-1][:200]}" if lines else ""
    raise InterpreterError(name, f"it is no working Python interpreter (exit status {status}{because})")


def _run(command: list[str], timeout: float, meanwhile: Callable[[], None] | None) -> tuple[int, str, str]:
    """Run a command in a process group of its own, so that nothing of it survives the timeout."""
    import os
    import signal
    import subprocess

    # A Python built against an old SDK is told that every newer macOS is 10.16, unless it asks like this.
    prefix = ["/usr/bin/env", "SYSTEM_VERSION_COMPAT=0"] if sys.platform == "darwin" else []
    try:
        process = subprocess.Popen(
            prefix + command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        reason = f"it cannot be run ({error.strerror or error})"
        raise InterpreterError(command[0], reason) from error
    with process:
        try:
            if meanwhile is not None:
                meanwhile()
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise InterpreterError(command[0], f"it did not answer within {timeout:g} seconds") from error
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _too_old(version: str) -> str:
    return f"Python {version} is too old; the oldest that can be installed into is {OLDEST[0]}.{OLDEST[1]}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = f"expected text, found {value!r}"
        raise TypeError(msg)
    return value


def _paths(value: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value[name]) for name in Scheme._fields}
