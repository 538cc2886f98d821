"""The environment that a command is for, and how it is found."""

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.environments.errors import InterpreterNotFound, InvalidTarget, NoEnvironment
from rewheel.environments.installed import InstalledDistribution, scan
from rewheel.environments.interpreter import Interpreter
from rewheel.environments.remembered import InterpreterCache
from rewheel.environments.scheme import Scheme
from rewheel.errors import UsageError
from rewheel.values import field, frozen, replace

if TYPE_CHECKING:
    from rewheel.environments.tags import PlatformDescription

__all__ = ["Target", "find_target"]


@frozen(slots=False)
class Target:
    """Where distributions are installed, and for which Python on which platform they are chosen."""

    interpreter: Interpreter
    scheme: Scheme
    root: Path
    """The folder that contains all of the scheme: the environment, or the folder of `--target`."""
    markers: Mapping[str, str]
    """The environment of dependency specifiers (PEP 508), without `extra`."""
    is_directory_target: bool = False
    """Whether it is a plain folder of packages (`--target`)."""
    externally_managed: str | None = None
    """Why it must be left alone (PEP 668); None if it need not be."""
    platform: "PlatformDescription | None" = None
    """The described platform that wheels are chosen for; None for the interpreter's own."""
    cache: InterpreterCache = field(default=InterpreterCache(None), repr=False, compare=False)

    @property
    def python(self) -> Path:
        """The interpreter, by the name that scripts of this environment start it with."""
        return self.interpreter.executable

    @property
    def version(self) -> tuple[int, int, int]:
        """The version of Python."""
        return self.interpreter.version

    @property
    def implementation(self) -> str:
        """The implementation of Python, such as "cpython"."""
        return self.interpreter.implementation

    @property
    def is_windows(self) -> bool:
        """Whether what is installed will run on Windows."""
        return self.markers.get("os_name") == "nt"

    @cached_property
    def tags(self) -> Mapping[str, int]:
        """Every wheel tag "python-abi-platform" that can be used, with its rank; 0 is the best."""
        if self.platform is None:
            return self.cache.tags(self.interpreter)
        from rewheel.environments.tags import described_tags

        return described_tags(self.interpreter, self.platform)

    @cached_property
    def platforms(self) -> frozenset[str]:
        """The platform parts of the tags."""
        from rewheel.environments.tags import platforms_in

        return platforms_in(self.tags)

    def installed(self) -> list[InstalledDistribution]:
        """Return what is installed, sorted by project; raises InvalidTarget if that cannot be read."""
        return scan(self.scheme.libraries)

    def find(self, project: str) -> InstalledDistribution | None:
        """Return the installed distribution of a project (a normalised name), or None."""
        return next((each for each in self.installed() if each.project == project), None)

    def for_platform(self, platform: "PlatformDescription") -> "Target":
        """Return the same place and Python, with wheels chosen for another platform.

        Raises UnknownPlatform when wheels cannot be made for it.
        """
        from rewheel.environments.tags import described_markers, described_tags

        described_tags(self.interpreter, platform)
        scheme = self.scheme
        if self.is_directory_target:
            scheme = Scheme.directory(self.root, windows=platform.system == "Windows")
        return replace(
            self,
            platform=platform,
            scheme=scheme,
            markers=described_markers(self.interpreter.markers, platform),
        )


def find_target(
    python: str | None,
    target: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
    *,
    prefix: Path | None = None,
    cache_dir: Path | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Target:
    """Find the environment that a command is for.

    `python` names an interpreter: its path, its name on the PATH of `environ`, its version ("3.12"), or a
    folder with a virtual environment. Otherwise it is the one of `$VIRTUAL_ENV`, else of `.venv` in `cwd` or
    the nearest parent that has one. `target` or `prefix` installs into that folder instead, for that
    interpreter or, when there is none, for the running one. What interpreters say is kept in `cache_dir`;
    while one that nobody knows yet is asked, `meanwhile` is called.

    Raises NoEnvironment, InvalidTarget, InterpreterError, or UsageError.
    """
    if target is not None and prefix is not None:
        raise UsageError("a target folder and a prefix were both given", hint="give one of them")
    executable = _named(python, environ, cwd) if python else None
    if executable is None:
        # A folder needs no environment, so a broken one is no obstacle to it.
        is_folder = target is not None or prefix is not None
        with contextlib.suppress(*([NoEnvironment] if is_folder else [])):
            executable = _active(environ, cwd)
    if executable is None and target is None and prefix is None:
        raise NoEnvironment(
            f"found no virtual environment: VIRTUAL_ENV is not set, and neither {cwd} nor a folder above it "
            "has a .venv",
            hint="create one with `python3 -m venv .venv`, name a Python with `--python`, or install into a "
            "folder with `--target DIR`",
        )
    cache = InterpreterCache(cache_dir, meanwhile=meanwhile)
    interpreter = cache.interpreter(executable if executable is not None else _running())
    if target is not None:
        return _directory(interpreter, _folder(target, cwd), cache)
    if prefix is not None:
        root = _folder(prefix, cwd)
        scheme = Scheme.below(root, interpreter.prefix_paths)
        return Target(interpreter, scheme, root, interpreter.markers, cache=cache)
    return Target(
        interpreter,
        interpreter.scheme,
        interpreter.scheme.data,
        interpreter.markers,
        externally_managed=interpreter.externally_managed(),
        cache=cache,
    )


def _directory(interpreter: Interpreter, root: Path, cache: InterpreterCache) -> Target:
    scheme = Scheme.directory(root, windows=interpreter.markers.get("os_name") == "nt")
    return Target(interpreter, scheme, root, interpreter.markers, is_directory_target=True, cache=cache)


def _folder(path: Path, cwd: Path) -> Path:
    """Return the absolute folder, which need not exist; raises InvalidTarget if something else is there."""
    folder = Path(os.path.normpath(cwd / path))
    if folder.exists() and not folder.is_dir():
        raise InvalidTarget(f"{folder} is not a folder")
    return folder


def _named(python: str, environ: Mapping[str, str], cwd: Path) -> Path:
    path = cwd / Path(python).expanduser()
    if path.is_dir():
        found = _python_in(path)
        if found is None:
            raise InterpreterNotFound(
                str(path), "this folder has no Python", hint=f"create an environment: python3 -m venv {path}"
            )
        return found
    if path.is_file():
        return path
    import re
    import shutil

    if os.sep not in python and not (os.altsep and os.altsep in python):
        names = [f"python{python}"] if re.fullmatch(r"3(\.\d+)?", python) else [python]
        for name in names:
            on_path = shutil.which(name, path=environ.get("PATH", os.defpath))
            if on_path is not None:
                return cwd / on_path
        raise InterpreterNotFound(python, "there is neither such a file nor such a command on PATH")
    raise InterpreterNotFound(str(path), "there is no such file")


def _active(environ: Mapping[str, str], cwd: Path) -> Path | None:
    """Return the interpreter of the active or the nearest virtual environment, or None."""
    active = environ.get("VIRTUAL_ENV", "")
    if active:
        folder = cwd / active
        found = _python_in(folder)
        if found is None:
            raise NoEnvironment(
                f"VIRTUAL_ENV is {active}, but there is no Python in it",
                hint="activate an environment that exists, unset VIRTUAL_ENV, or name one with `--python`",
            )
        return found
    for folder in (cwd, *cwd.parents):
        candidate = folder / ".venv"
        if not (candidate / "pyvenv.cfg").is_file():
            continue
        found = _python_in(candidate)
        if found is None:
            raise NoEnvironment(
                f"{candidate} is a virtual environment whose Python is gone",
                hint=f"create it again: python3 -m venv --clear {candidate}",
            )
        return found
    return None


def _python_in(folder: Path) -> Path | None:
    """Return the interpreter of the environment in this folder, if it is there and not a dangling link."""
    for name in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        path = folder / name
        if path.is_file():
            return path
    return None


def _running() -> Path:
    import sys

    if not sys.executable:
        raise NoEnvironment(
            "the running program does not know its own interpreter", hint="name a Python with `--python`"
        )
    return Path(sys.executable)
