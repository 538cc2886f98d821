"""Isolated environments for provider plugins, made with our own installer (PEP 850, provider isolation)."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.environments import Target, find_target
from rewheel.indexes import Sources
from rewheel.installing.errors import InstallingError
from rewheel.installing.installation import Installer
from rewheel.machines import Machine, PreparedEnvironment, ProviderPolicy, Providers
from rewheel.metadata import Requirement
from rewheel.progress import SILENT, Reporter
from rewheel.resolution import ResolveOptions, Resolver

if TYPE_CHECKING:
    from rewheel.indexes import Client
    from rewheel.installing.store import Store

__all__ = ["CachedPluginEnvironments"]

_FACTS = "provider.json"
"""The file that says what an environment was made of; without it the environment is not complete."""
_EXACT = re.compile(r"={2,3}[^,*]+")


class CachedPluginEnvironments:
    """Virtual environments for plugins, one for each set of exact requirements, kept in a folder.

    Implements `rewheel.machines.PluginEnvironments`: wheels only, and plain ones only, so that neither
    choosing nor installing runs anything of them. The plugins run on the interpreter that we run on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sources: Sources,
        client: "Client",
        store: "Store",
        reporter: Reporter = SILENT,
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._client = client
        self._store = store
        self._reporter = reporter

    def prepare(self, requirements: Sequence[str], source: str) -> PreparedEnvironment:
        """Install the requirements from the source at this location, or find an environment that has them.

        Requirements that don't pin their versions are resolved anew each time. Without a location, as for
        what is installed already, any source will do. Raises `RewheelError`.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            exact = self._pinned(requirements, source)
            place = self._folder / _key(exact, source)
            found = _read(place)
            if found is None:
                self._make(place, exact, source)
                found = _read(place)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InstallingError(
                f"no environment for provider plugins can be made in {self._folder}: {reason}"
            ) from error
        if found is None:
            raise InstallingError(f"the environment for provider plugins in {place} vanished")
        return found

    def _pinned(self, requirements: Sequence[str], source: str) -> list[str]:
        """Add the versions that would be installed now, unless each project has one named already."""
        parsed = [Requirement.parse(text) for text in requirements]
        exact = {found.project for found in parsed if _EXACT.fullmatch(found.specifier.replace(" ", ""))}
        if all(found.project in exact for found in parsed):
            return list(requirements)
        here = find_target(sys.executable, None, {}, self._folder)
        resolution = self._resolver(here, source).resolve(parsed)
        return [*requirements, *sorted(f"{p.project}=={p.version}" for p in resolution.packages)]

    def _make(self, place: Path, requirements: Sequence[str], source: str) -> None:
        """Make an environment beside its place and move it there when it is complete."""
        import venv

        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as workplace:
            draft = Path(workplace) / "environment"
            venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(draft)
            target = find_target(str(_python(draft)), None, {}, self._folder)
            installer = Installer(
                resolver=self._resolver(target, source),
                client=self._client,
                target=target,
                store=self._store,
                reporter=self._reporter,
            )
            done = installer.install([Requirement.parse(text) for text in requirements])
            facts = {
                "resolved": [f"{package.project}=={package.version}" for package in done.new],
                "hashes": {project: f"sha256:{digest}" for project, digest in done.digests.items()},
            }
            (draft / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
            _put(draft, place)

    def _resolver(self, target: Target, source: str) -> Resolver:
        providers = Providers(
            Machine.elsewhere(None, {}),
            policy=ProviderPolicy(),
            plugins=None,
            trust=None,
            reporter=SILENT,
            marker_environment=target.markers,
        )
        return Resolver(
            sources=self._only(source),
            client=self._client,
            target=target,
            providers=providers,
            options=ResolveOptions(no_variants=True),
            reporter=self._reporter,
        )

    def _only(self, location: str) -> Sources:
        found = self._sources.only(location) if location else self._sources
        if not len(found):
            raise InstallingError(f"{location} is no index or folder that a provider could be taken from")
        return found


def _key(requirements: Sequence[str], source: str) -> str:
    """Name an environment after everything that decides over its content."""
    parts = [sys.version, sys.executable, source, *sorted(requirements)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _read(place: Path) -> PreparedEnvironment | None:
    """Return the environment at a place, unless it is not complete or its interpreter is gone."""
    try:
        facts = json.loads((place / _FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = _python(place)
    if not isinstance(facts, Mapping) or not python.exists():
        return None
    return PreparedEnvironment(python, tuple(facts["resolved"]), dict(facts["hashes"]))


def _put(draft: Path, place: Path) -> None:
    """Move a finished environment to its place, where another process may have been faster."""
    if place.exists() and _read(place) is None:
        shutil.rmtree(place, ignore_errors=True)
    try:
        draft.rename(place)
    except OSError:
        if _read(place) is None:
            raise


def _python(root: Path) -> Path:
    return root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
