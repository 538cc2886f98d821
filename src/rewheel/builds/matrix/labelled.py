"""One build, and the wheels of one or more labels that it becomes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.builds.backend import Backend
from rewheel.builds.bench import Bench
from rewheel.builds.builder import Builder
from rewheel.builds.errors import BuildFailed
from rewheel.builds.logs import BuildLog
from rewheel.builds.matrix.compiler_flags import default_flags
from rewheel.builds.matrix.declaration import Declaration
from rewheel.builds.matrix.finishing import finish_wheel
from rewheel.builds.matrix.freezing import build_providers, freeze
from rewheel.builds.matrix.plugins import ask_installed
from rewheel.builds.matrix.recipe import FLAGS, Recipe
from rewheel.builds.matrix.sdists import finish_sdist
from rewheel.builds.matrix.surroundings import build_epoch, surroundings
from rewheel.builds.matrix.trees import copy_sources, pyproject_for_backend, write_pyproject
from rewheel.builds.matrix.workplace import place_key, steady_workplace
from rewheel.variants import InvalidFilename, WheelFilename

if TYPE_CHECKING:
    from rewheel.builds.project import BuildSystem
    from rewheel.builds.workshop import Workshop

__all__ = ["LabelledBuild", "Settings"]

Settings = Mapping[str, str | list[str]]
_OBSERVED = (
    *FLAGS,
    "CC",
    "CXX",
    "FC",
    "AR",
    "LD",
    "SOURCE_DATE_EPOCH",
    "ARCHFLAGS",
    "MACOSX_DEPLOYMENT_TARGET",
)
"""Variables of which it is known that they change what is built."""


@dataclass(frozen=True, slots=True)
class LabelledBuild:
    """How the wheels of some labels are built of a source tree, all by one call of the backend."""

    labels: tuple[str, ...]
    """An empty label is the plain wheel; the first one's recipe is followed."""
    tree: Path
    """The sources, which are copied first."""
    digest: str
    """What identifies the sources."""
    name: str
    """The project, as messages call it."""
    declaration: Declaration
    system: "BuildSystem"
    workshop: "Workshop"
    settings: Settings
    without: Sequence[Path] = ()
    """Folders in the tree that are no part of the sources."""
    installing: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held while the environment of the build is filled."""

    @property
    def recipe(self) -> Recipe:
        """How it is built."""
        return self.declaration.recipe(self.labels[0])

    @property
    def what(self) -> str:
        """The build as messages call it."""
        return f"{self.name} ({' and '.join(label or 'plain' for label in self.labels)})"

    def key(self, label: str) -> str | None:
        """Return what a wheel of the label is remembered under; `None` if no key could tell all."""
        target = self.workshop.target
        bench = self._bench(Path(), "", "")
        if not self.workshop.isolated or not bench.passthrough.is_stable:
            return None
        environ = {**self.workshop.environ, **self.recipe.environment}
        return self.workshop.built.key(
            {
                "label": label,
                "sources": self.digest,
                "declaration": self.declaration.text,
                "interpreter": [str(target.python), target.implementation, *target.version],
                "settings": self.recipe.settings_with(self.settings),
                "environ": {name: environ.get(name) for name in (*_OBSERVED, *self.recipe.environment)},
                "passthrough": bench.passthrough.stamp,
            }
        )

    def run(self, output: Path) -> tuple[list[Path], Path | None]:
        """Build, and write the wheels into the folder `output`; return them and the log.

        Raises `RewheelError`, and `Stopped` if everything was stopped meanwhile.
        """
        label = self.labels[0] if not self.recipe.is_empty else ""
        target = self.workshop.target
        with steady_workplace(place_key(self.digest, label, target.implementation, target.version)) as place:
            root = place / "tree"
            copy_sources(self.tree, root, without=self.without)
            write_pyproject(root, pyproject_for_backend(self.declaration))
            log = BuildLog(place / "output.log", self.workshop.logs, self.what)
            bench = self._bench(place, str(root), label, log)
            providers = build_providers(self.declaration.metadata if any(self.labels) else None)
            requires = self.recipe.build_dependencies.applied(self.system.requires)
            with self.installing:
                bench.install([*requires, *(text for item in providers for text in item.build_requires)])
            backend = self._backend(root, bench, log, "wheel")
            further = backend.further_requirements()
            with self.installing:
                bench.install(replace(self.recipe.build_dependencies, add=()).applied(further))
            wheel = backend.build(place / "wheel", None)
            self._check(wheel)
            metadata = self.declaration.metadata
            if metadata is not None and any(self.labels):
                ask = partial(ask_installed, bench.target.python, bench.environ)
                metadata = freeze(metadata, ask)
            seen = [*bench.target.installed(), *bench.passthrough.distributions]
            made = [
                finish_wheel(
                    wheel,
                    output,
                    label=each,
                    declaration=self.declaration,
                    metadata=metadata,
                    versions={found.project: found.version for found in seen},
                    epoch=build_epoch(bench.environ),
                )
                for each in self.labels
            ]
            return made, log.keep()

    def run_sdist(self, output: Path) -> Path:
        """Make the source distribution, and write it into the folder `output`. Raises `RewheelError`."""
        patched = pyproject_for_backend(self.declaration)
        with steady_workplace(f"{self.digest} sdist") as place:
            root = self.tree  # in place, as other frontends do: some backends ask a repository around it
            if patched is not None:
                root = place / "tree"
                copy_sources(self.tree, root, without=self.without)
                write_pyproject(root, patched)
            log = BuildLog(place / "output.log", self.workshop.logs, f"{self.name}-sdist")
            bench = self._bench(place, str(root), "", log)
            with self.installing:
                bench.install(self.system.requires)
            backend = self._backend(root, bench, log, "sdist")
            further = backend.further_requirements()
            with self.installing:
                bench.install(further)
            archive = backend.build_sdist(place / "sdist")
            return finish_sdist(archive, output, self.declaration, epoch=build_epoch(bench.environ))

    def _bench(self, place: Path, root: str, label: str, log: BuildLog | None = None) -> Bench:
        workshop = self.workshop
        environ = surroundings(
            workshop.environ,
            self.recipe,
            label,
            root=root,
            prefix=str(place / "environment"),
            defaults=default_flags(self.system, workshop.target.python) if self.recipe.flags else {},
        )
        return Bench(
            place,
            what=self.what,
            project=self.name,
            workshop=replace(workshop, environ=environ),
            nested=self._nested,
            log=log or BuildLog(place / "output.log", workshop.logs, self.what),
            passthrough=self.system.passthrough,
        )

    def _backend(self, root: Path, bench: Bench, log: BuildLog, kind: str) -> Backend:
        return Backend(
            self.system,
            root,
            what=self.what,
            python=bench.target.python,
            environ=bench.environ,
            log=log,
            processes=self.workshop.processes,
            kind=kind,
            config_settings=self.recipe.settings_with(self.settings) if kind == "wheel" else self.settings,
            reporter=self.workshop.reporter,
        )

    def _check(self, wheel: Path) -> None:
        try:
            filename = WheelFilename.parse(wheel.name)
        except InvalidFilename as error:
            raise BuildFailed(self.what, f"its backend made a bad wheel: {error}") from error
        if filename.label:
            raise BuildFailed(
                self.what,
                f"its backend made {wheel.name}, which is a variant already",
                hint="the backend makes the plain wheel, and rewheel the variants of it",
            )

    def _nested(self, project: str) -> Builder:
        """Return a builder for what the build requires; flags and wishes are not about that."""
        workshop = replace(self.workshop, isolated=True, passthrough=frozenset(), passthrough_force=False)
        return Builder(workshop, chain=(project,))
