"""An environment for one build and nothing else, and what a backend sees of the outside."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rewheel.builds.errors import BuildsError
from rewheel.environments import Target, find_target

__all__ = ["create_environment", "environ_inside", "environ_outside"]

_PATIENCE = 300  # seconds
_FOREIGN = frozenset({"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PYTHONSTARTUP", "PYTHONUSERBASE"})
"""Variables that would let a Python see modules that are not of its environment."""


def create_environment(folder: Path, python: Path, environ: Mapping[str, str], cache_dir: Path) -> Target:
    """Make an empty virtual environment of an interpreter, without pip. Raises `RewheelError`."""
    command = [str(python), "-I", "-m", "venv", "--without-pip", str(folder)]
    try:
        done = subprocess.run(
            command,
            env={name: value for name, value in environ.items() if name not in _FOREIGN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildsError(f"no environment for a build can be made with {python}: {error}") from error
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        raise BuildsError(
            f"no environment for a build can be made with {python}: {lines[-1] if lines else 'it failed'}",
            hint="the module venv may be missing (python3-venv), or build with --no-build-isolation",
        )
    executable = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return find_target(str(executable), None, {}, folder, cache_dir=cache_dir)


def environ_inside(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a build that is to see only what is installed for it.

    Everything but Python's own paths stays, because compilers and backends are told much that way.
    """
    kept = {name: value for name, value in environ.items() if name not in _FOREIGN}
    kept |= {"VIRTUAL_ENV": str(target.root), "PYTHONNOUSERSITE": "1"}
    kept["PATH"] = os.pathsep.join(
        filter(None, [str(target.scheme.scripts), environ.get("PATH", os.defpath)])
    )
    return kept


def environ_outside(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """Return those of a build without isolation, which finds the environment's own commands first."""
    path = os.pathsep.join(filter(None, [str(target.python.parent), environ.get("PATH", os.defpath)]))
    return {**environ, "PATH": path}
