import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the running Python, to be read only."""
    folder = tmp_path_factory.mktemp("environments") / "shared env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder
