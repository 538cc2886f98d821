"""A resolver over a real index that a test fills."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rewheel.environments import Target, find_target
from rewheel.indexes import Client, Sources
from rewheel.machines import Machine, ProviderPolicy, Providers
from rewheel.metadata import Requirement
from rewheel.progress import RecordingReporter
from rewheel.resolution import Resolution, ResolveOptions, Resolver
from support.index_server import IndexServer
from support.wheel_factory import make_wheel


@dataclass
class World:
    """An index, a target without hardware, and what a resolution of them says."""

    shelf: Path
    server: IndexServer
    client: Client
    target: Target
    reporter: RecordingReporter
    extra_indexes: list[str] = field(default_factory=list)

    def wheel(self, name: str, version: str = "1.0", **keywords: Any) -> Path:
        return make_wheel(self.shelf, name, version, **keywords)

    def resolver(self, **options: Any) -> Resolver:
        installed = options.pop("installed", ())
        machine = Machine.elsewhere(None, {})
        return Resolver(
            sources=Sources.build(
                self.client, index_url=self.server.simple_url, extra_index_urls=self.extra_indexes
            ),
            client=self.client,
            target=self.target,
            providers=Providers(
                machine,
                policy=ProviderPolicy(),
                plugins=None,
                trust=None,
                reporter=self.reporter,
                marker_environment=self.target.markers,
            ),
            options=ResolveOptions(**options),
            installed=installed,
            reporter=self.reporter,
        )

    def resolve(self, *texts: str, constraints: tuple[str, ...] = (), **options: Any) -> Resolution:
        wanted = [Requirement.parse(text) for text in texts]
        return self.resolver(**options).resolve(wanted, [Requirement.parse(text) for text in constraints])

    def versions(self, *texts: str, **options: Any) -> dict[str, str]:
        return {package.project: package.version for package in self.resolve(*texts, **options).packages}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    reporter = RecordingReporter()
    with IndexServer(shelf) as server, Client(reporter=reporter) as client:
        target = find_target(None, tmp_path / "target", os.environ, tmp_path)
        yield World(shelf, server, client, target, reporter)
