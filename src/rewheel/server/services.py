"""What the parts of a server work with, opened once in each process."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from sqlalchemy import Connection

from rewheel.server.blobs import Blobs, open_blobs
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.direct import Direct
from rewheel.server.catalog.freshness import Freshness
from rewheel.server.catalog.small_projects import SmallProjects
from rewheel.server.counting import DownloadCounter
from rewheel.server.errors import Refused
from rewheel.server.operating.metrics import Metrics
from rewheel.server.settings import ServerSettings

if TYPE_CHECKING:
    from rewheel.server.attestations import Verifier
    from rewheel.server.intake.external import ExternalWheels
    from rewheel.server.reading.page_cache import PageCache
    from rewheel.server.upstream import Upstreams

__all__ = ["Services"]

_LOOKOUTS = 4
"""Threads of one process that wait for hosts that strangers name; with those who wait for one, at most half
of the uploads that are taken in at once."""
_PATIENCE = 30.0
"""Seconds that one may wait for such a thread."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, the catalog and the storage of one server process."""

    settings: ServerSettings
    database: Database
    blobs: Blobs
    freshness: Freshness
    small_projects: SmallProjects
    threads: CapacityLimiter
    """Bounds how many requests use the database at once; the rest wait in their order."""
    rendering: CapacityLimiter
    """Bounds how many pages are made at once. With SQLite that is nothing but computing, of which Python does
    one at a time: threads that take turns with it would only keep the one waiting that answers."""
    downloads: DownloadCounter
    page_cache: "PageCache"
    metrics: Metrics
    upstreams: "Upstreams | None"
    """Other indexes that are asked for what is not here; None if there are none."""
    external: "ExternalWheels | None" = None
    """Looks at wheels that lie elsewhere; None unless the operator wants that."""
    lookouts: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    """Bounds how many threads wait for hosts that strangers name; these are none of `threads`."""
    attestations: "Verifier | None" = None
    """Verifies attestations of uploads; None unless the operator wants that."""
    _endings: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def open(cls, settings: ServerSettings) -> Self:
        """Open everything that the settings name; raises UnusableStore. Nothing is connected yet."""
        from rewheel.server.reading.page_cache import PageCache

        lookouts = max(1, min(_LOOKOUTS, settings.uploads // 4)) if settings.verify_external else 0
        database = Database(settings.database_url, connections=settings.threads + lookouts + 2)
        direct, threads = Direct(database), CapacityLimiter(settings.threads)
        return cls(
            settings,
            database,
            _blobs(settings, database),
            Freshness(direct),
            SmallProjects(direct),
            threads,
            CapacityLimiter(1) if database.is_sqlite else threads,
            DownloadCounter(database),
            PageCache(settings.page_cache),
            Metrics(),
            _upstreams(settings, database),
            _external(settings),
            CapacityLimiter(max(1, lookouts)),
            _verifier(settings),
        )

    @property
    def spool(self) -> Path:
        """The folder in which uploads wait."""
        return self.settings.spool

    async def render(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run what makes a page of the catalog, and give its result."""
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self.rendering)

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run what waits for the database or the disk in a thread, and give its result."""
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self.threads)

    async def look_up(self, work: Callable[[Connection], _T]) -> _T:
        """Give what is found by a few short statements. SQLite finds it sooner than a thread could begin."""
        if self.database.is_sqlite:
            with self.database.near() as connection:
                return work(connection)
        return await self.run(self._looked_up, work)

    def _looked_up(self, work: Callable[[Connection], _T]) -> _T:
        with self.database.read() as connection:
            return work(connection)

    async def look(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run what may wait for hosts elsewhere, in a thread beside those that all others need.

        Raises Refused (503) when many want that: their hosts may be slow on purpose.
        """
        if self.lookouts.statistics().tasks_waiting >= self.lookouts.total_tokens:
            raise _too_many_looks()
        return await self._looked(_PATIENCE, partial(work, *args, **kwargs))

    async def look_later(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do the same for whom nobody waits: it takes its turn however late that is."""
        return await self._looked(math.inf, partial(work, *args, **kwargs))

    async def _looked(self, patience: float, work: Callable[[], _T]) -> _T:
        place = object()
        try:
            with fail_after(patience):
                await self.lookouts.acquire_on_behalf_of(place)
        except TimeoutError:
            raise _too_many_looks() from None
        try:
            return await to_thread.run_sync(work, limiter=CapacityLimiter(1))
        finally:
            self.lookouts.release_on_behalf_of(place)

    def at_close(self, action: Callable[[], None]) -> None:
        """Let a part of the server end what it has begun when everything is closed."""
        self._endings.append(action)

    def close(self) -> None:
        """Close everything."""
        for action in reversed(self._endings):
            action()
        self.downloads.flush()
        if self.upstreams is not None:
            self.upstreams.close()
        if self.external is not None:
            self.external.close()
        self.database.close()
        self.blobs.close()


def _too_many_looks() -> Refused:
    return Refused(
        503,
        "too many wheels that lie elsewhere are being looked at",
        hint="try again in a minute",
        kind="too-many-looks",
        headers={"Retry-After": "60"},
    )


def _upstreams(settings: ServerSettings, database: Database) -> "Upstreams | None":
    if not settings.upstreams:
        return None
    from rewheel.server.upstream import Upstreams

    return Upstreams.open(settings, database)


def _verifier(settings: ServerSettings) -> "Verifier | None":
    if settings.attestations_root is None:
        return None
    from rewheel.server.attestations import Verifier

    return Verifier(settings.attestations_root, settings.publishers)


def _external(settings: ServerSettings) -> "ExternalWheels | None":
    if not settings.verify_external:
        return None
    from rewheel.server.intake.external import ExternalWheels

    return ExternalWheels.of(settings)


def _blobs(settings: ServerSettings, database: Database) -> Blobs:
    if settings.directory is None:
        return open_blobs(settings)
    from rewheel.server.blobs.folder import FolderBlobs
    from rewheel.server.folder.blobs import DirectoryBlobs

    return DirectoryBlobs(settings.directory, database, FolderBlobs(settings.blob_folder))
