"""The work on one source tree: its environment, its metadata, its wheel, each made when it is needed."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.builds.backend import Backend
from rewheel.builds.bench import Bench
from rewheel.builds.errors import BuildFailed, BuildsError
from rewheel.builds.logs import BuildLog
from rewheel.builds.processes import Stopped
from rewheel.builds.project import BuildSystem, read_build_system
from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata
from rewheel.resolution import BuiltWheel
from rewheel.variants import InvalidFilename, WheelFilename, normalize_project
from rewheel.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rewheel.builds.obtaining import SourceTree
    from rewheel.builds.workshop import Workshop
    from rewheel.resolution import Buildable, WheelBuilder

__all__ = ["Work"]

_LIMIT = 16 << 20
"""Bytes of metadata above which they are refused."""
_DECISIVE = frozenset({"version", "requires-dist", "requires-python", "provides-extra", "default-extra"})


class Work:
    """One source tree on its way to a wheel; not thread-safe."""

    def __init__(
        self,
        sources: "Buildable",
        tree: "SourceTree",
        workplace: Path,
        *,
        workshop: "Workshop",
        nested: "Callable[[str], AbstractContextManager[WheelBuilder]]",
        config_settings: Mapping[str, Any],
    ) -> None:
        """`nested` makes the builder for what the build of a project requires."""
        self.tree = tree
        self._sources = sources
        self._workplace = workplace
        self._workshop = workshop
        self._nested = nested
        self._settings = config_settings
        self._what = sources.place
        self._prepared: Path | None = None
        self._metadata: CoreMetadata | None = None
        self._wheel: BuiltWheel | None = None

    def metadata(self) -> CoreMetadata:
        """Return the core metadata of the wheel. Raises `RewheelError`."""
        if self._metadata is None:
            self._metadata = self._final_metadata() or self._cached_metadata() or self._prepared_metadata()
        return self._metadata

    def wheel(self) -> BuiltWheel:
        """Return the wheel. Raises `RewheelError`."""
        if self._wheel is None:
            self._wheel = self._cached() or self._build()
        return self._wheel

    # What is known without building

    def _final_metadata(self) -> CoreMetadata | None:
        """Read what a source distribution declares of all its wheels (PEP 643)."""
        path = self.tree.root / "PKG-INFO"
        if not self.tree.is_archive or not path.is_file():
            return None
        try:
            found = _read_metadata(path)
        except (RewheelError, OSError):
            return None
        dynamic = {name.strip().lower() for name in found.headers.get("dynamic", ())}
        is_final = _at_least(found.metadata_version, (2, 2)) and not dynamic & _DECISIVE
        return found if is_final else None

    def _cached_metadata(self) -> CoreMetadata | None:
        cached = self._cached()
        return _metadata_in(cached.path) if cached is not None else None

    def _cached(self) -> BuiltWheel | None:
        key = self._key
        if self._wheel is None and key is not None:
            found = self._workshop.built.get(key)
            if found is not None and self._fits(found.filename):
                self._wheel = found
        return self._wheel

    @cached_property
    def _key(self) -> str | None:
        """Under which the wheel is kept; `None` if it depends on what no key can tell."""
        if self.tree.identity is None or not self._workshop.isolated or self._sources.editable:
            return None
        passed = self._bench.passthrough
        if not passed.is_stable:
            return None
        target = self._workshop.target
        return self._workshop.built.key(
            {
                "sources": dict(self.tree.identity),
                "interpreter": [target.implementation, *target.version[:2], next(iter(target.tags), "")],
                "settings": dict(self._settings),
                "passthrough": passed.stamp,
            }
        )

    # What takes a build

    def _prepared_metadata(self) -> CoreMetadata:
        self._workshop.reporter.detail(f"Preparing {self._what}", 0)
        try:
            info = self._backend.prepare_metadata(self._workplace / "metadata")
        except Stopped as stopped:
            raise BuildsError(f"the build of {self._what} was stopped") from stopped
        if info is None:
            return _metadata_in(self.wheel().path)
        self._prepared = info
        try:
            return _read_metadata(info / "METADATA")
        except OSError as error:
            raise BuildsError(f"{self._what}: its metadata can't be read: {error.strerror}") from error

    def _build(self) -> BuiltWheel:
        self._workshop.reporter.detail(f"Building {self._what}", 0)
        try:
            path = self._backend.build(self._workplace / "wheel", self._prepared)
        except Stopped as stopped:
            raise BuildsError(f"the build of {self._what} was stopped") from stopped
        filename = self._check(path)
        if self._key is not None:
            self._workshop.built.put(self._key, path, self._what)
        return BuiltWheel(path, _sha256(path), filename)

    def _check(self, path: Path) -> WheelFilename:
        """Hold what the backend made against what was asked for."""
        try:
            filename = WheelFilename.parse(path.name)
            made = _metadata_in(path)
        except (InvalidFilename, RewheelError) as error:
            raise BuildFailed(self._what, f"its backend made a bad wheel: {error}") from error
        expected = self._metadata or made
        names = {normalize_project(made.name), filename.project, normalize_project(expected.name)}
        if len(names) > 1 or made.version != expected.version:
            said = f"{expected.name} {expected.version}"
            raise BuildFailed(self._what, f"its backend said {said} and made {path.name}, {made.version}")
        if not self._fits(filename):
            raise BuildFailed(
                self._what, f"its backend made {path.name}, which does not fit this environment"
            )
        return filename

    def _fits(self, filename: WheelFilename) -> bool:
        """Tell whether a wheel is plain and runs here; a cached one may be of an older system."""
        return not filename.label and any(tag in self._workshop.target.tags for tag in filename.tags())

    # Where it is built

    @cached_property
    def _system(self) -> BuildSystem:
        return read_build_system(self.tree.root, self._what)

    @cached_property
    def _log(self) -> BuildLog:
        return BuildLog(self._workplace / "output.log", self._workshop.logs, self._what.rpartition("/")[2])

    @cached_property
    def _bench(self) -> Bench:
        return Bench(
            self._workplace,
            what=self._what,
            project=self._sources.project,
            workshop=self._workshop,
            nested=self._nested,
            log=self._log,
            passthrough=self._system.passthrough,
        )

    @cached_property
    def _backend(self) -> Backend:
        """Install what the backend needs: what its project requires, then what it says that it needs, too."""
        workshop, bench = self._workshop, self._bench
        bench.install(self._system.requires)
        backend = Backend(
            self._system,
            self.tree.root,
            what=self._what,
            python=bench.target.python,
            environ=bench.environ,
            log=self._log,
            processes=workshop.processes,
            kind="editable" if self._sources.editable else "wheel",
            config_settings=self._settings,
            reporter=workshop.reporter,
        )
        if workshop.isolated:
            try:
                further = backend.further_requirements()
            except Stopped as stopped:
                raise BuildsError(f"the build of {self._what} was stopped") from stopped
            bench.install(further)
        return backend


def _read_metadata(path: Path) -> CoreMetadata:
    with path.open("rb") as file:
        return CoreMetadata.parse(file.read(_LIMIT + 1))


def _metadata_in(path: Path) -> CoreMetadata:
    with Wheel.open(path) as wheel:
        return CoreMetadata.parse(wheel.metadata_text())


def _at_least(version: str, least: tuple[int, int]) -> bool:
    major, _, minor = version.partition(".")
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= least


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
