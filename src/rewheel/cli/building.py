"""What the command line says about building from source, and the builder that goes by it."""

import re
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.config import redact_url
from rewheel.errors import UsageError
from rewheel.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.builds import Builder, Workshop
    from rewheel.cli.requirements_file import Asked
    from rewheel.cli.session import Session
    from rewheel.config import Settings
    from rewheel.environments import InstalledDistribution, Target
    from rewheel.machines import Platform
    from rewheel.resolution import Buildable, BuiltWheel, Described, Formats, Resolver, WheelBuilder

__all__ = ["LazyBuilder", "builder_for", "read_formats", "workshop_for"]

_FORCE = "force"
"""What `--passthrough` says, instead of a package, to pass through what a build does not want."""


class LazyBuilder:
    """Loads what builds only when something has to be built."""

    def __init__(self, session: "Session", asked: "Asked", target: "Target") -> None:
        self._session = session
        self._asked = asked
        self._target = target
        self._lock = threading.Lock()
        self._made: Builder | None = None

    def describe(self, sources: "Buildable") -> "Described":
        """Return the core metadata of the wheel that the sources become."""
        return self._builder().describe(sources)

    def build(self, sources: "Buildable") -> "BuiltWheel":
        """Return the sources' wheel."""
        return self._builder().build(sources)

    def _builder(self) -> "Builder":
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> "Builder":
        from rewheel.builds import Builder

        return self._session.keep_open(
            Builder(
                workshop_for(self._session, self._target),
                config_settings=self._asked.config_settings,
                allowed_hashes=self._asked.hashes,
                require_hashes=self._session.settings.require_hashes,
            )
        )


def workshop_for(session: "Session", target: "Target") -> "Workshop":
    """Return with what is built for a target, by the user's settings."""
    import tempfile

    from rewheel.builds import Workshop

    settings = session.settings
    return Workshop(
        client=session.client,
        store=session.store,
        target=target,
        resolvers=_BuildResolvers(session),
        cache_dir=session.cache_dir,
        environ=session.environ,
        # The log of a failure is for reading afterwards, when a cache for this run is gone.
        logs=Path(tempfile.gettempdir()) if settings.no_cache else session.cache_dir / "build-logs",
        isolated=not settings.no_build_isolation,
        passthrough=_projects(settings.passthrough, "--passthrough") - {_FORCE},
        passthrough_force=_FORCE in settings.passthrough,
        reporter=session.reporter,
    )


class _BuildResolvers:
    """Makes the resolvers for what builds require: from the same sources, for this machine."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def __call__(
        self,
        target: "Target",
        *,
        builder: "WheelBuilder",
        installed: "Sequence[InstalledDistribution]",
        fixed: Collection[str],
        at_any_version: bool,
    ) -> "Resolver":
        """Make the resolver for the environment of one build."""
        from rewheel.machines import Machine
        from rewheel.resolution import ALL, ResolveOptions, Resolver

        session = self._session
        formats = read_formats(session.settings)
        # If whole build systems had to be built first, each would have to be built with itself.
        formats = replace(formats, no_binary=formats.no_binary - {ALL})
        machine = Machine.here(session.environ)
        return Resolver(
            sources=session.sources,
            client=session.client,
            target=target,
            providers=session.providers(machine, target.markers),
            machine=machine.name,
            options=ResolveOptions(
                formats=formats,
                fixed=frozenset(fixed),
                fixed_at_any_version=at_any_version,
                no_variants=session.settings.no_variants,
            ),
            installed=installed,
            reporter=session.reporter,
            builder=builder,
        )


def builder_for(
    session: "Session",
    asked: "Asked",
    platform: "Platform | None",
    target: "Target",
    *,
    clones: Path | None = None,
) -> LazyBuilder | None:
    """Return who builds for a target, once every path and URL that is asked for has its project's name.

    Editable repositories are cloned into the folder `clones`, or for this run only. There is nobody for a
    described `platform`, which is another than this one. Raises RewheelError.
    """
    builder = LazyBuilder(session, asked, target) if platform is None else None
    repositories = [url for url in sorted(asked.editable) if url.startswith("git+")]
    for url in [*(place.url for place in asked.unnamed), *repositories] if builder is None else ():
        raise UsageError(f"{redact_url(url)} can't be built for another platform")
    if repositories:
        from rewheel.cli.clones import clone_editables

        clone_editables(session, asked, clones)
    if builder is not None:
        _name_places(session, asked, builder)
    return builder


def _name_places(session: "Session", asked: "Asked", builder: "WheelBuilder") -> None:
    """Look into the paths and URLs whose project is not known yet, and ask for what they turn out to be."""
    if not asked.unnamed:
        return
    from rewheel.resolution import buildable_at

    places, asked.unnamed = asked.unnamed, []
    for place in places:
        sources = buildable_at(place.url, session.client, editable=place.url in asked.editable)
        requirement = place.named(builder.describe(sources).metadata.name)
        asked.requirements.append(requirement)
        if place.url in asked.config_settings:
            asked.config_settings[requirement.project] = asked.config_settings[place.url]


def read_formats(settings: "Settings") -> "Formats":
    """Return which projects are built, and which never; raises UsageError for a contradiction."""
    from rewheel import resolution

    no_binary = _format_projects(settings.no_binary, "--no-binary")
    only_binary = _format_projects(settings.only_binary, "--only-binary")
    for project in sorted(no_binary & only_binary):
        raise UsageError(f"{project} is named with --no-binary and with --only-binary")
    return resolution.Formats(no_binary, only_binary, settings.prefer_binary)


def _format_projects(given: Iterable[str], option: str) -> frozenset[str]:
    found: set[str] = set()
    for word in (part.strip() for text in given for part in text.split(",")):
        if word == ":none:":
            found.clear()
        elif word == ":all:":
            found.add(word)
        elif word:
            found |= _projects([word], option)
    return frozenset(found)


def _projects(given: Iterable[str], option: str) -> frozenset[str]:
    from rewheel.variants import normalize_project

    found = set()
    for name in given:
        project = normalize_project(name)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", project):
            raise UsageError(f"{option}: {name!r} is not the name of a project")
        found.add(project)
    return frozenset(found)
