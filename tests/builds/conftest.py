"""A workshop over a folder of wheels and sources that a test fills."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from rewheel.builds import Builder, Workshop
from rewheel.environments import InstalledDistribution, Target, find_target
from rewheel.indexes import Client, DirectSource, Sources
from rewheel.installing import InstallItem, Plan, Store, apply
from rewheel.machines import Machine, ProviderPolicy, Providers
from rewheel.progress import RecordingReporter
from rewheel.resolution import Buildable, ResolveOptions, Resolver, WheelBuilder
from rewheel.variants import WheelFilename
from support.source_factory import make_sdist, make_tree
from support.wheel_factory import make_wheel


@dataclass
class Yard:
    """Everything that is needed to build, and what came of it."""

    folder: Path
    shelf: Path
    client: Client
    target: Target
    reporter: RecordingReporter
    environ: dict[str, str]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    """The projects that sources were asked for, by each resolver."""

    def workshop(self, **changes: Any) -> Workshop:
        workshop = Workshop(
            client=self.client,
            store=Store(self.folder / "cache"),
            target=self.target,
            resolvers=self._resolver,
            cache_dir=self.folder / "cache",
            environ=self.environ,
            logs=self.folder / "logs",
            reporter=self.reporter,
        )
        return replace(workshop, **changes)

    def builder(
        self, config: Any = None, hashes: Any = None, require_hashes: bool = False, **changes: Any
    ) -> Builder:
        return Builder(
            self.workshop(**changes),
            config_settings=config,
            allowed_hashes=hashes,
            require_hashes=require_hashes,
        )

    def tree(self, name: str = "foo", version: str = "1.0", **recipe: Any) -> Buildable:
        folder = make_tree(self.folder / "trees" / name, name, version, **recipe)
        return Buildable(name, url=folder.as_uri())

    def sdist(self, name: str = "foo", version: str = "1.0", **recipe: Any) -> Buildable:
        return self.archive(make_sdist(self.folder / "sdists", name, version, **recipe), name)

    def archive(self, path: Path, project: str = "foo") -> Buildable:
        return Buildable(project, DirectSource(str(path), self.client).file)

    def wheel(self, name: str, version: str = "1.0", **keywords: Any) -> Path:
        return make_wheel(self.shelf, name, version, **keywords)

    def install(self, *wheels: Path) -> None:
        """Put wheels into the target."""
        items = tuple(InstallItem(WheelFilename.parse(path.name), wheel=path) for path in wheels)
        apply(Plan(install=items), self.target, Store(self.folder / "cache"))

    @property
    def diary(self) -> list[str]:
        """The hooks that ran, each with the project."""
        path = self.folder / "diary"
        return [line.rpartition(" ")[0] for line in path.read_text().splitlines()] if path.exists() else []

    def _resolver(
        self,
        target: Target,
        *,
        builder: WheelBuilder,
        installed: Sequence[InstalledDistribution],
        fixed: Collection[str],
        at_any_version: bool,
    ) -> Resolver:
        providers = Providers(
            Machine.elsewhere(None, {}),
            policy=ProviderPolicy(),
            plugins=None,
            trust=None,
            reporter=self.reporter,
            marker_environment=target.markers,
        )
        return Resolver(
            sources=Sources.build(self.client, find_links=[str(self.shelf)], no_index=True),
            client=self.client,
            target=target,
            providers=providers,
            options=ResolveOptions(fixed=frozenset(fixed), fixed_at_any_version=at_any_version),
            installed=installed,
            reporter=self.reporter,
            builder=builder,
        )


def built(path: Path) -> dict[str, Any]:
    """Return what a wheel of the test backend says of its build."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        module = next(name for name in archive.namelist() if "/" not in name and name.endswith(".py"))
        found: dict[str, Any] = {}
        exec(archive.read(module), found)
    return dict(found["BUILT"])


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    reporter = RecordingReporter()
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "BUILD_DIARY": str(tmp_path / "diary"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    with Client(reporter=reporter) as client:
        target = find_target(None, tmp_path / "target", os.environ, tmp_path)
        yield Yard(tmp_path, shelf, client, target, reporter, environ)
    assert not [path for path in scratch.iterdir() if path.name.startswith("rewheel-build-")], "left behind"
