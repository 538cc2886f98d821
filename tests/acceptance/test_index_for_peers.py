"""Poetry and PDM, as they come from the package index, install from our index."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import RunningServer, running_server
from support.wheel_factory import make_wheel

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    dist = tmp_path_factory.mktemp("dist")
    wheels = [
        make_wheel(dist, "peer-app", "1.0", requires=["peer-lib>=2"]),
        make_wheel(dist, "peer-lib", "2.0"),
        make_wheel(dist, "peer-lib", "2.0", label="v1", properties={"x86_64": {"level": ["v1"]}}),
    ]
    with running_server(tmp_path_factory.mktemp("server") / "index") as running:
        for wheel in wheels:
            assert running.upload(wheel).status == 200
        yield running


def install(folder: Path, *requirements: str) -> Path:
    """Install a tool into an environment of its own, and return the folder of its commands."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *requirements], check=True)
    return folder / "bin"


def run(*command: object, cwd: Path) -> str:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_CHECK_UPDATE": "0",
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environ, check=False, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(900)
def test_poetry(server: RunningServer, tmp_path: Path) -> None:
    tool = install(tmp_path / "tool", "poetry") / "poetry"
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.9"\n'
        '[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "ours"\n'
        f'url = "{server.simple}"\npriority = "primary"\n'
    )
    run(tool, "add", "peer-app", cwd=project)
    lock = (project / "poetry.lock").read_text()
    assert "peer_lib-2.0-py3-none-any.whl" in lock
    assert list(project.glob(".venv/lib/python3*/site-packages/peer_lib.py"))


@pytest.mark.timeout(900)
def test_pdm(server: RunningServer, tmp_path: Path) -> None:
    tool = install(tmp_path / "tool", "pdm[locked]") / "pdm"
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.9"\n'
        f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{server.simple}"\nverify_ssl = false\n'
    )
    run(tool, "add", "--no-self", "peer-app", cwd=project)
    assert "peer_lib-2.0-py3-none-any.whl" in (project / "pdm.lock").read_text()
    assert list(project.glob(".venv/lib/python3*/site-packages/peer_lib.py"))
