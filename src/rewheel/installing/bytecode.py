"""Compiling what was installed, by the interpreter that will run it."""

import os
from collections.abc import Iterable
from pathlib import Path

from rewheel.progress import Reporter

__all__ = ["compile_modules"]

_FAILED_FOR_SOME = 1  # modules for other versions of Python are common, and no reason to complain


def compile_modules(python: Path, modules: Iterable[str], reporter: Reporter) -> None:
    """Compile modules, given by their absolute paths; whatever goes wrong is a warning."""
    import subprocess

    names = "\n".join(path for path in modules if "\n" not in path)
    if not names:
        return
    command = [str(python), "-I", "-m", "compileall", "-q", "-i", "-"]
    try:
        done = subprocess.run(command, input=os.fsencode(names), capture_output=True, check=False)
    except OSError as error:
        reporter.warning(f"cannot compile with {python}: {error.strerror or error}")
        return
    if done.returncode not in {0, _FAILED_FOR_SOME}:
        lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        reporter.warning(f"compiling with {python} failed: {lines[-1][:200] if lines else done.returncode}")
