"""A real virtual environment whose site-packages the tests fill with small plugins."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rewheel.errors import RewheelError
from rewheel.machines.plugins import PreparedEnvironment

_numbers = itertools.count()


@dataclass
class Venv:
    """One environment for the whole session; every test has modules of its own in it."""

    python: Path
    site_packages: Path

    def add(self, source: str, *, name: str = "") -> str:
        """Write a module and return its name."""
        module = name or f"plugin_{next(_numbers)}"
        path = self.site_packages / f"{module}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        # Two versions within one second and of one size would share their bytecode.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        return module


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """Make an environment without pip, by the standard library's means."""
    folder = tmp_path_factory.mktemp("plugins") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    found = subprocess.run(
        [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Venv(python, Path(found.stdout.strip()))


@dataclass
class Release:
    """A version of a provider: what installing it puts into site-packages."""

    version: str
    source: str
    digest: str = ""
    needs: tuple[str, ...] = ()


@dataclass
class LocalEnvironments:
    """Installs providers from a table into the session's environment; there is no network.

    `releases` lists the versions of each distribution, the newest first. `prepared` remembers each call.
    """

    venv: Venv
    releases: dict[str, list[Release]] = field(default_factory=dict)
    prepared: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    def release(
        self, name: str, source: str, *, version: str = "1.0", digest: str = "", needs: tuple[str, ...] = ()
    ) -> None:
        digest = digest or f"sha256:{len(name) + sum(version.encode()):064x}"
        self.releases.setdefault(name, []).insert(0, Release(version, textwrap.dedent(source), digest, needs))

    def prepare(self, requirements: list[str], source: str) -> PreparedEnvironment:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        self.prepared.append((tuple(requirements), source))
        wanted = [Requirement(text) for text in requirements]
        chosen: dict[str, Release] = {}
        names = [canonicalize_name(requirement.name) for requirement in wanted]
        while names:
            name = names.pop(0)
            if name in chosen:
                continue
            specifiers = [
                requirement.specifier for requirement in wanted if canonicalize_name(requirement.name) == name
            ]
            fitting = [
                release
                for release in self.releases.get(name, [])
                if all(specifier.contains(release.version) for specifier in specifiers)
            ]
            if not fitting:
                raise RewheelError(f"no version of {name} fits")
            chosen[name] = fitting[0]
            names += fitting[0].needs
        for name, release in chosen.items():
            self.venv.add(release.source, name=name.replace("-", "_"))
            info = self.venv.site_packages / f"{name.replace('-', '_')}-{release.version}.dist-info"
            info.mkdir(exist_ok=True)
            info.joinpath("METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {release.version}\n", encoding="utf-8"
            )
        return PreparedEnvironment(
            python=self.venv.python,
            resolved=tuple(f"{name}=={release.version}" for name, release in sorted(chosen.items())),
            hashes={name: release.digest for name, release in chosen.items()},
        )


@pytest.fixture
def environments(venv: Venv) -> LocalEnvironments:
    return LocalEnvironments(venv)
