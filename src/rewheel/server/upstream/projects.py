"""Upstream indexes: their pages, asked for when they are too old, and kept for when nobody answers."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from rewheel.indexes import IndexesError
from rewheel.server.catalog import upstreams as catalog
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.moments import now
from rewheel.server.errors import Refused, UnusableStore
from rewheel.server.settings import ServerSettings, Upstream
from rewheel.server.upstream.fetching import Fetched, Fetcher, Unchanged
from rewheel.server.upstream.listing import Listing
from rewheel.server.upstream.rules import Rules

__all__ = ["Answer", "Upstreams"]

_LOG = logging.getLogger("rewheel.server.upstream")
_REST = 15.0
"""Seconds for which an index that did not answer is left alone where something is kept of the project."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is offered of a project from upstream."""

    upstream: Upstream
    text: str
    """The listing, unread: most requests are answered from what was rendered before."""
    serial: int
    """Changes when the text does."""
    fetched_at: datetime
    is_stale: bool
    """Whether the index could not be asked, and this is what it said some time ago."""

    @property
    def listing(self) -> Listing:
        """The listing, read."""
        return Listing.from_text(self.text)


class Upstreams:
    """Answers for projects that are not here. May be used by several threads at once; calls take seconds."""

    def __init__(self, rules: Rules, database: Database, fetcher: Fetcher, *, lifetime: float) -> None:
        """Ask again for what is older than `lifetime` seconds."""
        self.rules = rules
        self.fetcher = fetcher
        self._database = database
        self._lifetime = timedelta(seconds=lifetime)
        self._locks: dict[tuple[str, str], tuple[threading.Lock, int]] = {}
        self._guard = threading.Lock()
        self._resting: dict[str, float] = {}

    @classmethod
    def open(cls, settings: ServerSettings, database: Database) -> Self:
        """Take everything from the settings; raises UnusableStore for what makes no sense in them."""
        try:
            rules = Rules.of(settings.upstreams, settings.reserved)
            fetcher = Fetcher(
                settings.upstreams,
                hosts=settings.upstream_hosts,
                proxies=settings.upstream_proxies,
                certificates=settings.certificates,
            )
        except ValueError as error:
            raise UnusableStore(f"an upstream index cannot be used as it is named: {error}") from error
        return cls(rules, database, fetcher, lifetime=settings.upstream_lifetime)

    def close(self) -> None:
        """Hang up."""
        self.fetcher.close()

    def find(self, project: str, *, is_local: bool = False, tracks: Iterable[str] = ()) -> Answer | None:
        """Find a project by its normalised name; None if no upstream index that may be asked has it.

        The first index that has it answers for it, alone (PEP 766, index priority). Raises Refused (502) when
        one that counts before does not answer and nothing is kept: the next one must not stand in for it.
        """
        for upstream in self.rules.asked(project, is_local=is_local, tracks=tracks):
            answer = self._ask(upstream, project)
            if answer is not None:
                return answer
        return None

    def at(
        self, name: str, project: str, *, is_local: bool = False, tracks: Iterable[str] = ()
    ) -> Answer | None:
        """Find a project at the upstream index of this name, if that may be asked for it."""
        asked = self.rules.asked(project, is_local=is_local, tracks=tracks)
        upstream = next((one for one in asked if one.name == name), None)
        return self._ask(upstream, project) if upstream is not None else None

    def _ask(self, upstream: Upstream, project: str) -> Answer | None:
        kept = self._kept(upstream, project)
        if kept is not None and not kept.is_use_noted:
            with suppress(Refused), self._database.write() as connection:
                catalog.use_page(connection, upstream.name, project)
        if kept is not None and self._is_fresh(kept):
            return _answer(upstream, kept)
        with self._alone(upstream, project):
            # Somebody may have asked while this thread waited.
            kept = self._kept(upstream, project)
            if kept is not None and self._is_fresh(kept):
                return _answer(upstream, kept)
            if kept is not None and self._resting.get(upstream.name, 0.0) > time.monotonic():
                return _answer(upstream, kept, is_stale=True)
            return self._renew(upstream, project, kept)

    def _renew(self, upstream: Upstream, project: str, kept: catalog.KeptPage | None) -> Answer | None:
        try:
            found = self.fetcher.page(upstream, project, kept.etag if kept is not None else "")
        except IndexesError as error:
            _LOG.warning(
                "the upstream index %s did not answer for %s: %s",
                upstream.name,
                project,
                error,
                extra={"upstream": upstream.name, "project": project, "kept": kept is not None},
            )
            if kept is None:
                raise Refused(
                    502,
                    f"the upstream index {upstream.name} does not answer, and nothing is kept of {project}",
                    hint="try again later; what was fetched before is still served",
                    kind="upstream-unavailable",
                    headers={"Retry-After": "30"},
                ) from error
            self._resting[upstream.name] = time.monotonic() + _REST
            return _answer(upstream, kept, is_stale=True)
        with self._database.write() as connection:
            etag, text = "", ""
            if isinstance(found, Fetched):
                etag, text = found.etag, found.listing.to_text()
            elif found is Unchanged.CURRENT and kept is not None:
                etag, text = kept.etag, kept.text
            is_same = kept is not None and kept.text == text
            if not is_same or not catalog.touch_page(connection, upstream.name, project):
                catalog.keep_page(connection, upstream.name, project, etag=etag, text=text)
            renewed = catalog.find_page(connection, upstream.name, project)
        assert renewed is not None
        return _answer(upstream, renewed)

    def _kept(self, upstream: Upstream, project: str) -> catalog.KeptPage | None:
        with self._database.read() as connection:
            return catalog.find_page(connection, upstream.name, project)

    def _is_fresh(self, kept: catalog.KeptPage) -> bool:
        age = now() - kept.fetched_at
        # What is from the future was kept by a clock that went wrong.
        return timedelta(minutes=-5) < age < self._lifetime

    @contextmanager
    def _alone(self, upstream: Upstream, project: str) -> Iterator[None]:
        """Let one thread of this process ask for a project, and the others wait for what it learns."""
        key = (upstream.name, project)
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                _, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = (lock, users - 1)


def _answer(upstream: Upstream, kept: catalog.KeptPage, *, is_stale: bool = False) -> Answer | None:
    if kept.is_absent:
        return None
    return Answer(upstream, kept.text, kept.serial, kept.fetched_at, is_stale)
