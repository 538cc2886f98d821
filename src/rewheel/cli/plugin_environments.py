"""Isolated environments for provider plugins that the user trusts, kept in the cache."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from rewheel.cli.session import Session
    from rewheel.indexes import Sources
    from rewheel.machines import PreparedEnvironment

__all__ = ["CachedPluginEnvironments"]

_FOLDER = "providers-1"  # the number changes with the form of what is kept
_FACTS = "provider.json"


class CachedPluginEnvironments:
    """Makes a virtual environment of its own for each set of requirements, and finds it again.

    Wheels only, and plain ones only, from the one source that the package with the variants came from.
    """

    def __init__(self, session: "Session") -> None:
        self._session = session

    def prepare(self, requirements: Sequence[str], source: str) -> "PreparedEnvironment":
        """Install the requirements, or find an environment that has them; raises RewheelError."""
        folder = self._session.cache_dir / _FOLDER / _key(requirements, source)
        found = _read(folder)
        if found is not None:
            return found
        try:
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as workplace:
                draft = Path(workplace) / "environment"
                self._make(draft, requirements, source)
                _put(draft, folder)
        except OSError as error:
            raise RewheelError(
                f"no environment for the provider can be made in {folder.parent}: {error.strerror or error}"
            ) from error
        found = _read(folder)
        if found is None:
            raise RewheelError(f"the environment of the provider in {folder} vanished")
        return found

    def _make(self, folder: Path, requirements: Sequence[str], source: str) -> None:
        """Create the environment and install into it; nothing that is installed is run."""
        import venv

        from rewheel.cli.installation import Installation
        from rewheel.cli.requirements_file import Asked
        from rewheel.environments import find_target
        from rewheel.machines import Machine, ProviderPolicy, Providers
        from rewheel.metadata import Requirement
        from rewheel.resolution import ResolveOptions, Resolver

        session = self._session
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
        target = find_target(str(_python(folder)), None, session.environ, session.cwd)
        resolver = Resolver(
            sources=self._only(source),
            client=session.client,
            target=target,
            providers=Providers(
                Machine.here(session.environ),
                policy=ProviderPolicy(),
                plugins=None,
                trust=None,
                reporter=session.reporter,
                marker_environment=target.markers,
            ),
            options=ResolveOptions(no_variants=True),
            reporter=session.reporter,
        )
        asked = Asked(requirements=[Requirement.parse(text) for text in requirements])
        done = Installation(session, resolver, asked, target, is_quiet=True).run()
        facts = {
            "resolved": [f"{package.project}=={package.version}" for package in done.resolution.packages],
            "hashes": {project: f"sha256:{digest}" for project, digest in done.digests.items()},
        }
        (folder / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    def _only(self, name: str) -> "Sources":
        from rewheel.indexes import Sources

        session = self._session
        chosen = [source for source in session.sources if source.name == name]
        if not chosen:
            raise RewheelError(f"{name} is not an index that the provider could be taken from")
        return Sources(chosen, session.client)


def _key(requirements: Sequence[str], source: str) -> str:
    """Name what decides over the content of the environment."""
    import sys

    from rewheel import __version__

    parts = [__version__, sys.version, sys.executable, source, *sorted(requirements)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _read(folder: Path) -> "PreparedEnvironment | None":
    """Return the environment in a folder; None unless it is complete and its interpreter is there."""
    from rewheel.machines import PreparedEnvironment

    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = _python(folder)
    if not isinstance(facts, Mapping) or not python.exists():
        return None
    return PreparedEnvironment(python, tuple(facts["resolved"]), dict(facts["hashes"]))


def _put(draft: Path, folder: Path) -> None:
    """Move a finished environment into its place, where another process may have been faster."""
    import shutil

    if folder.exists() and _read(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        draft.rename(folder)
    except OSError:
        if _read(folder) is None:
            raise


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
