"""Deleting blobs that nobody needs, so that nobody who puts the same content meanwhile loses it."""

import time
from collections.abc import Sequence
from datetime import datetime

from rewheel.server.catalog import loose
from rewheel.server.catalog.moments import now
from rewheel.server.operating.referenced import needed
from rewheel.server.services import Services

__all__ = ["AT_ONCE", "clear"]

AT_ONCE = 200
"""Blobs of one transaction."""


def clear(services: Services, blobs: Sequence[loose.Loose], before: datetime) -> int:
    """Delete those of some blobs that the catalog does not speak of and that were last put before a moment.

    Returns their number. Raises Refused when database or storage cannot be reached.
    """
    if not blobs:
        return 0
    with services.database.snapshot() as connection:
        kept = needed(connection, [blob.sha256 for blob in blobs])
    moment = now()
    with services.database.write() as connection:
        loose.forget(connection, [blob for blob in blobs if blob.sha256 in kept])
        doomed = loose.doom(connection, [blob for blob in blobs if blob.sha256 not in kept], moment)
    latest = time.monotonic() + loose.HASTE.total_seconds()
    deleted: list[str] = []
    absent: list[str] = []
    under_way: list[str] = []
    """What a storage may still delete that has not answered."""
    try:
        for sha256 in doomed:
            if time.monotonic() > latest:
                break
            under_way = [sha256]
            if services.blobs.delete_old(sha256, before):
                deleted.append(sha256)
            elif services.blobs.size(sha256) is None:
                absent.append(sha256)
            under_way = []
    finally:
        gone = {*deleted, *absent}
        others = [sha256 for sha256 in doomed if sha256 not in gone and sha256 not in under_way]
        with services.database.write() as connection:
            loose.finish(connection, moment, gone=sorted(gone), kept=others)
    return len(deleted)
