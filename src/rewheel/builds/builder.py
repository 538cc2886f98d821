"""From sources to wheels: the one who does what resolution and installing ask of a builder."""

import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rewheel.builds.errors import CircularBuild
from rewheel.builds.obtaining import obtain
from rewheel.builds.work import Work
from rewheel.builds.workshop import Workshop
from rewheel.resolution import Buildable, BuiltWheel, Described

__all__ = ["Builder"]


class Builder:
    """Builds for one target. A context manager: closing it ends what still runs and removes all traces.

    Implements `rewheel.resolution.WheelBuilder`. Thread-safe; one build runs at a time, because each may use
    all processors. Sources are fetched and prepared once, however often they are asked about.
    """

    def __init__(
        self,
        workshop: Workshop,
        *,
        config_settings: Mapping[str, Mapping[str, Any]] | None = None,
        allowed_hashes: Mapping[str, frozenset[str]] | None = None,
        require_hashes: bool = False,
        chain: tuple[str, ...] = (),
    ) -> None:
        """`config_settings` are for backends, by the normalised project or the URL that the user named.

        `allowed_hashes` are digests by project, as `"sha256:…"`. `chain` names the projects for whose build
        this builder works, the outermost first.
        """
        self._workshop = workshop
        self._settings = config_settings or {}
        self._allowed_hashes = allowed_hashes or {}
        self._require_hashes = require_hashes
        self._chain = chain
        self._lock = threading.Lock()
        self._works: dict[tuple[str, bool], Work] = {}
        self._workplace: Path | None = None

    def __enter__(self) -> Self:
        """Give the builder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End what runs, and remove trees, environments and wheels; the cache keeps its own."""
        if not self._chain:
            self._workshop.processes.stop()
        if self._workplace is not None:
            shutil.rmtree(self._workplace, ignore_errors=True)

    def describe(self, sources: Buildable) -> Described:
        """Return the core metadata that the sources' wheel will have. Raises `RewheelError`.

        Taken from a source distribution that declares it final (PEP 643), else from the backend's hook, else
        from the wheel itself.
        """
        with self._lock:
            work = self._work(sources)
            return Described(work.metadata(), work.tree.direct_url)

    def build(self, sources: Buildable) -> BuiltWheel:
        """Return the sources' wheel, from the cache if it was built before. Raises `RewheelError`."""
        with self._lock:
            return self._work(sources).wheel()

    def _work(self, sources: Buildable) -> Work:
        if sources.project and sources.project in self._chain:
            raise CircularBuild((*self._chain[self._chain.index(sources.project) :], sources.project))
        url = sources.url or (sources.file.url if sources.file is not None else "")
        found = self._works.get((url, sources.editable))
        if found is None:
            found = self._works[url, sources.editable] = self._begin(sources)
        return found

    def _begin(self, sources: Buildable) -> Work:
        if self._workplace is None:
            self._workplace = Path(tempfile.mkdtemp(prefix="rewheel-build-"))
        place = Path(tempfile.mkdtemp(dir=self._workplace))
        try:
            tree = obtain(
                sources,
                self._workshop.client,
                place,
                environ=self._workshop.environ,
                allowed_hashes=self._allowed_hashes.get(sources.project),
                require_hashes=self._require_hashes,
            )
            settings = self._settings.get(sources.url) or self._settings.get(sources.project) or {}
            return Work(
                sources, tree, place, workshop=self._workshop, nested=self._nested, config_settings=settings
            )
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def _nested(self, project: str) -> "Builder":
        """Return a builder for what a build requires; the user's wishes are not about that."""
        workshop = replace(self._workshop, isolated=True, passthrough=frozenset(), passthrough_force=False)
        return Builder(workshop, chain=(*self._chain, project))
