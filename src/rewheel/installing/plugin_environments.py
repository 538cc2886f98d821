"""Isolated environments for provider plugins, made with our own installer (PEP 850, provider isolation)."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.environments import Target, find_target
from rewheel.indexes import Sources
from rewheel.installing.errors import InstallingError
from rewheel.installing.installation import Installer
from rewheel.machines import Machine, PreparedEnvironment, ProviderPolicy, Providers
from rewheel.metadata import Requirement
from rewheel.progress import SILENT, Reporter
from rewheel.resolution import Resolution, ResolveOptions, Resolver

if TYPE_CHECKING:
    from rewheel.indexes import Client
    from rewheel.installing.store import Store

__all__ = ["PluginVenvs"]

_VENV_TIMEOUT = 120.0  # seconds
_READY = "wheels"
"""The file that says which wheels an environment was made of; without it the environment is not complete."""


class PluginVenvs:
    """Virtual environments for plugins, one for each set of exact wheels, kept in a folder.

    Implements `rewheel.machines.PluginEnvironments`: wheels only, and plain ones only, so that neither
    installing nor choosing runs anything. The plugins run on the interpreter that we run on.
    """

    def __init__(
        self, folder: Path, *, sources: Sources, client: "Client", store: "Store", reporter: Reporter = SILENT
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._client = client
        self._store = store
        self._reporter = reporter

    def prepare(self, requirements: Sequence[str], source: str) -> PreparedEnvironment:
        """Install requirements from one source, named by its location, into an environment of their own.

        Without a location, as for what is installed already, any source will do. An environment with the very
        same wheels is used again. Raises `RewheelError`.
        """
        target = find_target(None, self._folder / "resolving", {}, self._folder)
        resolver = self._resolver(target, source)
        wanted = [Requirement.parse(text) for text in requirements]
        resolution = resolver.resolve(wanted)
        root = self._folder / _key(resolution, target)
        if not (root / _READY).exists():
            self._create(root, wanted, resolver)
        resolved = tuple(f"{package.project}=={package.version}" for package in resolution.packages)
        hashes = dict(line.split() for line in (root / _READY).read_text(encoding="ascii").splitlines())
        return PreparedEnvironment(_python(root), resolved, hashes)

    def _resolver(self, target: Target, source: str) -> Resolver:
        machine = Machine.elsewhere(None, {}, name="plugins")
        return Resolver(
            sources=self._only(source),
            client=self._client,
            target=target,
            providers=Providers(
                machine,
                policy=ProviderPolicy(),
                plugins=None,
                trust=None,
                reporter=SILENT,
                marker_environment=target.markers,
            ),
            options=ResolveOptions(no_variants=True),
            reporter=self._reporter,
        )

    def _only(self, location: str) -> Sources:
        found = [source for source in self._sources if location in {"", source.location}]
        if not found:
            raise InstallingError(f"{location} is no index or folder, so no provider plugin can come from it")
        return Sources(found, self._client)

    def _create(self, root: Path, wanted: Sequence[Requirement], resolver: Resolver) -> None:
        """Make the environment beside its place and move it there when it is complete."""
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            _make_venv(scratch)
            target = find_target(str(_python(scratch)), None, {}, self._folder)
            installer = Installer(
                resolver=resolver,
                client=self._client,
                target=target,
                store=self._store,
                reporter=self._reporter,
            )
            digests = installer.install(wanted).digests
            lines = [f"{project} sha256:{digest}" for project, digest in sorted(digests.items())]
            (scratch / _READY).write_text("\n".join(lines), encoding="ascii")
            shutil.rmtree(root, ignore_errors=True)
            scratch.rename(root)
        except OSError as error:
            if not (root / _READY).exists():  # else another process was faster
                raise InstallingError(
                    f"no environment for provider plugins can be made in {self._folder}: {error}"
                ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _make_venv(folder: Path) -> None:
    command = [sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_VENV_TIMEOUT)
    except subprocess.SubprocessError as error:
        output = str(getattr(error, "stderr", "") or getattr(error, "stdout", "") or error)
        raise InstallingError(
            f"no environment for provider plugins could be made: {' '.join(output.split())[:400]}",
            hint="on Debian and its relatives the package python3-venv may be missing",
        ) from error


def _python(root: Path) -> Path:
    posix = root / "bin" / "python"
    return posix if posix.exists() else root / "Scripts" / "python.exe"


def _key(resolution: Resolution, target: Target) -> str:
    """Name an environment after its interpreter and the wheels in it."""
    parts = [str(target.python), str(target.version)]
    for package in resolution.packages:
        assert package.file is not None
        parts += [package.file.filename, package.file.hashes.get("sha256", package.file.location)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
