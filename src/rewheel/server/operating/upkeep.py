"""What a server does for itself now and then: counts are written, and what nobody needs any more goes."""

import asyncio
import logging
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from anyio import to_thread

from rewheel.server.catalog import facts, loose, upstreams
from rewheel.server.catalog.moments import now
from rewheel.server.errors import Refused
from rewheel.server.operating.clearing import AT_ONCE, clear
from rewheel.server.operating.wording import renew_some
from rewheel.server.services import Services
from rewheel.server.writing.upload2.sessions import sweep

__all__ = ["Tidied", "keep_up", "tidy"]

_LOG = logging.getLogger("rewheel.server")

_TURN = 5.0
"""Seconds between two looks at what is due."""

_EVERY = timedelta(minutes=5)
"""How often one process of all tidies up."""

SETTLED = timedelta(hours=2)
"""How long a blob stays that something has let go of: who was just downloading it is done. It is more than
`RENEWAL`."""

_LEFT_BEHIND = timedelta(days=1)
"""Age at which a file in the spool is that of an upload that was killed: none takes as long."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """What has gone, and what was put right."""

    evicted: int = 0
    """Cached upstream files."""
    blobs: int = 0
    spooled: int = 0
    reworded: int = 0
    """Projects that had been found by other words than their newest releases say."""
    pages: int = 0
    """Kept pages of upstream indexes."""


async def keep_up(services: Services) -> None:
    """Do what is due, again and again; what fails is said in the log and tried again later."""
    tidied = time.monotonic()
    while True:
        await asyncio.sleep(_TURN)
        if services.downloads.is_due:
            await to_thread.run_sync(services.downloads.flush)
        if services.settings.directory is not None or time.monotonic() - tidied < _EVERY.total_seconds():
            continue
        tidied = time.monotonic()
        try:
            done = await to_thread.run_sync(_take_turn, services)
        except Refused as refused:
            _LOG.warning("tidying up has to wait: %s", refused.message)
        except Exception:  # noqa: BLE001 - whatever it is, the server goes on
            _LOG.exception("tidying up failed")
        else:
            if done != Tidied():
                _LOG.info(
                    "tidied up: %d cached files, %d blobs, %d killed uploads, %d words of projects, %d pages",
                    done.evicted, done.blobs, done.spooled, done.reworded, done.pages,
                )  # fmt: skip


def _take_turn(services: Services) -> Tidied:
    with services.database.write() as connection:
        is_ours = facts.claim(connection, "tidied", _EVERY)
    return tidy(services) if is_ours else Tidied(spooled=_clear_spool(services))


def tidy(services: Services, *, settled: timedelta = SETTLED) -> Tidied:
    """End sessions whose time is over, shrink the cache, and delete what has been let go of long enough.

    Several processes may do so at once. Raises Refused when database or storage cannot be reached.
    """
    sweep(services.database)
    evicted = 0
    limit = services.settings.upstream_cache_limit
    if limit is not None:
        with services.database.write() as connection:
            evicted = upstreams.shrink(connection, limit)
    with services.database.write() as connection:
        pages = upstreams.shrink_pages(connection, services.settings.upstream_pages_limit)
    blobs, spooled = _delete_loose(services, settled), _clear_spool(services)
    return Tidied(evicted, blobs, spooled, renew_some(services), pages)


def _delete_loose(services: Services, settled: timedelta) -> int:
    """Delete blobs that were let go of, if nothing else in the catalog speaks of them."""
    deleted, before = 0, now() - settled
    while True:
        with services.database.read() as connection:
            blobs = loose.due(connection, before, limit=AT_ONCE)
        if not blobs:
            break
        deleted += clear(services, blobs, before)
    with services.database.write() as connection:
        loose.purge(connection)
    return deleted


def _clear_spool(services: Services) -> int:
    """Remove what uploads have left behind that were killed."""
    removed, oldest = 0, time.time() - _LEFT_BEHIND.total_seconds()
    with suppress(FileNotFoundError):
        for path in services.spool.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime >= oldest:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                removed += 1
    return removed
