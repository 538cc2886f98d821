"""The tools that people use: they publish to our index, and install from it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.server import RunningServer
from support.source_factory import make_sdist
from support.wheel_factory import make_wheel

PROVIDERS = {"x86_64": {"requires": ["x86-64-variant-provider"], "plugin-api": "x86_64_variant_provider"}}


def run(*command: object, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a tool with nobody's settings; return what it prints, with its exit code if it fails."""
    kept = {"PATH", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    environment |= {
        "HOME": str(cwd or Path.cwd()),
        "PIP_CONFIG_FILE": os.devnull,
        "NO_COLOR": "1",
        "UV_NO_CONFIG": "1",
    }
    done = subprocess.run(
        [str(word) for word in command],
        env={**environment, **(environ or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout + (f"\nexit code {done.returncode}" if done.returncode else "")


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def apart(name: str) -> Path:
    """Return the command of a tool that has an environment to itself."""
    found = Path(sys.prefix, "peers", name, "bin", name)
    if not found.exists():
        pytest.skip(f"{name} is not there: `make test` installs it")
    return found


def label_of(folder: Path, module: str) -> str:
    """Return the label that an installed module of the wheel factory has."""
    values: dict[str, str] = {}
    exec((folder / f"{module}.py").read_text(), values)
    return values["LABEL"]


@pytest.fixture
def wheels(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Path]:
    """A plain wheel with a dependency, and a release with variants for every x86-64 and none."""
    name = request.node.name.removeprefix("test_").partition("[")[0].replace("_", "-")[:20].rstrip("-")
    return {
        "plain": make_wheel(tmp_path / "dist", f"{name}-app", "1.0", requires=[f"{name}-lib>=2"]),
        "lib": make_wheel(tmp_path / "dist", f"{name}-lib", "2.0"),
        "variant": make_wheel(
            tmp_path / "dist", f"{name}-lib", "2.0",
            label="v1", properties={"x86_64": {"level": ["v1"]}}, providers=PROVIDERS,
        ),
        "null": make_wheel(
            tmp_path / "dist", f"{name}-lib", "2.0",
            label="null", properties={}, priorities=["x86_64"], providers=PROVIDERS,
        ),
        "sdist": make_sdist(tmp_path / "dist", f"{name}-app", "1.0", pkg_info=""),
    }  # fmt: skip


def test_twine_then_pip(any_server: RunningServer, wheels: dict[str, Path], tmp_path: Path) -> None:
    command = [tool("twine"), "upload", "--non-interactive", "--disable-progress-bar"]
    command += ["--repository-url", any_server.legacy]
    login = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": any_server.token}
    files = [wheels["plain"], wheels["lib"], wheels["sdist"]]
    for _ in range(2):  # the second time everything is there
        said = run(*command, *files, environ=login, cwd=tmp_path)
        assert "exit code" not in said, said
    other = make_wheel(tmp_path / "other", "twine-then-pip-lib", "2.0", files={"other.py": ""})
    said = run(*command, "--verbose", other, environ=login, cwd=tmp_path)
    assert "exit code 1" in said
    assert "409 Conflict" in said
    assert "already exists, with other content" in " ".join(said.split())
    goal = tmp_path / "installed"
    said = run(
        sys.executable, "-m", "pip", "install", "--isolated", "--disable-pip-version-check", "--no-cache-dir",
        "--index-url", any_server.simple, "--target", goal, "twine-then-pip-app", cwd=tmp_path,
    )  # fmt: skip
    assert "exit code" not in said, said
    assert ".metadata" in said
    assert label_of(goal, "twine_then_pip_lib") == ""


def test_uv_publishes_and_installs(
    any_server: RunningServer, wheels: dict[str, Path], tmp_path: Path
) -> None:
    environ = {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_PYTHON": sys.executable}
    publish = [tool("uv"), "publish", "--publish-url", any_server.legacy, "--token", any_server.token]
    for _ in range(2):  # the second time everything is there
        said = run(*publish, *wheels.values(), environ=environ, cwd=tmp_path)
        assert "exit code" not in said, said
    (lib,) = {wheels["lib"].name.partition("-")[0]}
    app = wheels["plain"].name.partition("-")[0].replace("_", "-")
    install = [tool("uv"), "pip", "install", "--index-url", any_server.simple, "--target"]
    said = run(*install, tmp_path / "plain", app, environ=environ, cwd=tmp_path)
    assert "exit code" not in said, said
    assert label_of(tmp_path / "plain", lib) == ""
    said = run(
        *install, tmp_path / "variant", "--preview-features", "wheel-variants", app,
        environ=environ, cwd=tmp_path,
    )  # fmt: skip
    assert "exit code" not in said, said
    assert label_of(tmp_path / "variant", lib) == "v1"


def test_rewheel_installs(any_server: RunningServer, wheels: dict[str, Path], tmp_path: Path) -> None:
    for path in wheels.values():
        assert any_server.upload(path).status == 200
    app = wheels["plain"].name.partition("-")[0].replace("_", "-")
    said = run(
        sys.executable, "-m", "rewheel", "install", "--no-cache", "--index-url", any_server.simple,
        "--target", tmp_path / "installed", app, cwd=tmp_path,
    )  # fmt: skip
    assert "exit code" not in said, said
    assert label_of(tmp_path / "installed", "rewheel_installs_lib") == "v1"


@pytest.fixture
def project(any_server: RunningServer, wheels: dict[str, Path], tmp_path: Path) -> Path:
    """The folder of a project that wants nothing yet; what it may want is published."""
    for path in wheels.values():
        assert any_server.upload(path).status == 200
    folder = tmp_path / "project"
    folder.mkdir()
    text = '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.9"\n'
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_poetry_installs(any_server: RunningServer, project: Path) -> None:
    poetry = apart("poetry")
    with (project / "pyproject.toml").open("a") as file:
        file.write(
            "[tool.poetry]\npackage-mode = false\n"
            f'[[tool.poetry.source]]\nname = "ours"\nurl = "{any_server.simple}"\npriority = "primary"\n'
        )
    environ = {
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "POETRY_CACHE_DIR": str(project / "cache"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    said = run(poetry, "add", "--no-interaction", "poetry-installs-app", environ=environ, cwd=project)
    assert "exit code" not in said, said
    assert "poetry_installs_lib-2.0-py3-none-any.whl" in (project / "poetry.lock").read_text()
    (site,) = (project / ".venv/lib").glob("python3*/site-packages")
    assert label_of(site, "poetry_installs_lib") == ""


def test_pdm_installs(any_server: RunningServer, project: Path) -> None:
    pdm = apart("pdm")
    with (project / "pyproject.toml").open("a") as file:
        file.write(f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{any_server.simple}"\nverify_ssl = false\n')
    environ = {
        "PDM_CHECK_UPDATE": "0",
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_CACHE_DIR": str(project / "cache"),
        "PDM_PYTHON": sys.executable,
    }
    said = run(pdm, "add", "--no-self", "pdm-installs-app", environ=environ, cwd=project)
    assert "exit code" not in said, said
    assert "pdm_installs_lib-2.0-py3-none-any.whl" in (project / "pdm.lock").read_text()
    found = list(project.glob(".venv/lib/python3*/site-packages/pdm_installs_lib.py"))
    assert len(found) == 1
    assert label_of(found[0].parent, "pdm_installs_lib") == ""
