"""The flags that a backend would give compilers by itself, where a variable with flags takes their place."""

import subprocess
from functools import lru_cache
from pathlib import Path

from rewheel.builds.project import BuildSystem

__all__ = ["default_flags", "default_flags_here"]

_SCRIPT = "import os, sysconfig; print(os.name == 'posix' and sysconfig.get_config_var('CFLAGS') or '')"
_PATIENCE = 60  # seconds


def default_flags(system: BuildSystem, python: Path) -> dict[str, str]:
    """Return by variable what has to be repeated in it for a build with an interpreter.

    setuptools compiles with the flags that Python was compiled with, among them optimisation, and forgets
    them as soon as CFLAGS is set; others keep what is theirs.
    """
    return _as_variables(_flags_of(python)) if _is_setuptools(system) else {}


def default_flags_here(system: BuildSystem) -> dict[str, str]:
    """Return the same for the interpreter that runs this."""
    import os
    import sysconfig

    flags = sysconfig.get_config_var("CFLAGS") if os.name == "posix" else ""
    return _as_variables(str(flags or "").strip()) if _is_setuptools(system) else {}


def _is_setuptools(system: BuildSystem) -> bool:
    """Tell whether setuptools compiles; a backend in the tree is mostly a wrapper around it."""
    return system.backend.partition(".")[0] == "setuptools" or (
        bool(system.backend_path) and any(text.startswith("setuptools") for text in system.requires)
    )


def _as_variables(flags: str) -> dict[str, str]:
    return {"CFLAGS": flags, "CXXFLAGS": flags} if flags else {}


@lru_cache(maxsize=16)
def _flags_of(python: Path) -> str:
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", _SCRIPT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
