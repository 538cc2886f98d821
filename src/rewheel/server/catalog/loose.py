"""Blobs that something has let go of: others may need them, which is looked at later."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import loose_blobs
from rewheel.server.catalog.upserts import insertion

__all__ = ["due", "forget", "let_go", "postpone"]


def let_go(connection: Connection, hashes: Iterable[str | None]) -> None:
    """Note, in the transaction that does without them, blobs that may not be needed any more."""
    moment = now()
    for sha256 in sorted({each for each in hashes if each}):
        connection.execute(
            insertion(connection, loose_blobs)
            .values(sha256=sha256, since=moment)
            .on_conflict_do_update(index_elements=["sha256"], set_={"since": moment})
        )


def due(connection: Connection, before: datetime, *, limit: int) -> Sequence[str]:
    """Return blobs that were let go of before a moment, the oldest first."""
    query = select(loose_blobs.c.sha256).where(loose_blobs.c.since < before)
    return connection.execute(query.order_by(loose_blobs.c.since).limit(limit)).scalars().all()


def forget(connection: Connection, hashes: Sequence[str]) -> None:
    """Look at blobs no more: they are gone, or needed."""
    connection.execute(delete(loose_blobs).where(loose_blobs.c.sha256.in_(hashes)))


def postpone(connection: Connection, hashes: Sequence[str]) -> None:
    """Look at blobs again later."""
    connection.execute(update(loose_blobs).where(loose_blobs.c.sha256.in_(hashes)).values(since=now()))
