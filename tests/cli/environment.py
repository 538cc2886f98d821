"""Real environments for commands that look into them, and pip to hold the commands against."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["make_environment", "pip", "site_packages"]


def make_environment(folder: Path = Path(".venv")) -> Path:
    """Make an environment without pip, which commands find when it is `.venv` in the current folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder.absolute()


def pip(*arguments: object, environment: Path = Path(".venv")) -> subprocess.CompletedProcess[str]:
    """Run pip, as it is installed beside the tests, on an environment."""
    python = environment.absolute() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", *arguments]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def site_packages(environment: Path = Path(".venv")) -> Path:
    """Return where an environment keeps its packages."""
    (found,) = environment.glob("lib/python3.*/site-packages")
    return found
