"""Measures that nobody reports at the moment when they change."""

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from rewheel.server.services import Services

__all__ = ["sample"]

_INTERVAL = 5.0
"""Seconds; measures of other worker processes are as old as that."""


async def sample(services: "Services") -> None:
    """Note, again and again, how full the caches and pools of this process are."""
    metrics, cache, pool = services.metrics, services.page_cache, services.database.engine.pool
    hits = misses = 0
    while True:
        metrics.page_cache.labels("hit").inc(cache.hits - hits)
        metrics.page_cache.labels("miss").inc(cache.misses - misses)
        hits, misses = cache.hits, cache.misses
        metrics.page_cache_bytes.set(cache.weight)
        if isinstance(pool, QueuePool):
            metrics.connections.labels("in-use").set(pool.checkedout())
            metrics.connections.labels("idle").set(pool.checkedin())
        await asyncio.sleep(_INTERVAL)
