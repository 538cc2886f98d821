"""Blobs that something has let go of: others may need them, which is looked at later.

Deleting a blob and speaking of it anew must not miss each other, and no storage can see to that: the
catalog decides. Who wants to delete a blob first says so here, in a transaction that fails if anything has
changed since the blob was found to be needed by nobody (`doom`). Who speaks of a blob does so in a
transaction that looks here (`hold`), and fails if the blob may have been deleted after it was put: then it is
put again, and `hold` is told so. What was deleted is remembered for longer than any upload takes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    and_,
    bindparam,
    delete,
    or_,
    select,
    text,
    update,
)

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import loose_blobs
from rewheel.server.catalog.upserts import insertion

__all__ = [
    "HASTE", "Loose", "Vanishing", "doom", "due", "finish", "forget", "hold", "let_go", "note", "purge",
    "vanished",
]  # fmt: skip

HASTE = timedelta(minutes=1)
"""How long after it has said so a server may still begin to delete a blob."""

_LEASE = timedelta(minutes=15)
"""When a server that has not said what became of a deletion is taken for dead. It is much more than `HASTE`
and the longest that a request to a storage may take, together with what clocks may differ by."""

_REMEMBERED = timedelta(days=1)
"""How long it is known that a blob was deleted: no upload takes as long from its bytes to the catalog."""


@dataclass(frozen=True, slots=True)
class Loose:
    """A blob that may not be needed any more."""

    sha256: str
    since: datetime
    doomed_at: datetime | None
    """When a server last set out to delete it, if one has."""


class Vanishing(Exception):  # noqa: N818 - a turn that things take, not a mistake
    """Blobs that a change speaks of are being deleted, or were, since they were put."""

    def __init__(self, hashes: Sequence[str]) -> None:
        super().__init__(f"{len(hashes)} blobs are being deleted")
        self.hashes = hashes


_COLUMNS = (loose_blobs.c.sha256, loose_blobs.c.since, loose_blobs.c.doomed_at)
_AMONG = loose_blobs.c.sha256.in_(bindparam("hashes", expanding=True))
_DOOMED = Prepared(
    select(loose_blobs.c.sha256, loose_blobs.c.doomed_at).where(
        or_(loose_blobs.c.sha256 == bindparam("one"), loose_blobs.c.sha256 == bindparam("other"))
    )
)
_HELD = delete(loose_blobs).where(_AMONG)
_SHARE = text("SELECT pg_advisory_xact_lock_shared(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_EXCLUDE = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def let_go(connection: Connection, hashes: Iterable[str | None]) -> None:
    """Note, in the transaction that does without them, blobs that may not be needed any more."""
    moment = now()
    for sha256 in sorted({each for each in hashes if each}):
        connection.execute(
            insertion(connection, loose_blobs)
            .values(sha256=sha256, since=moment, is_gone=False)
            .on_conflict_do_update(index_elements=["sha256"], set_={"since": moment})
        )


def hold(connection: Connection, hashes: Iterable[str], renewed: Mapping[str, datetime]) -> None:
    """See to it that blobs stay that the transaction of `connection` begins to speak of.

    They are in the storage already. Raises Vanishing when one may have been deleted since, unless `renewed`
    says that it was put again after that deletion (`vanished`). Until the transaction is over nobody sets out
    to delete them, and then they are needed.
    """
    wanted = sorted(set(hashes))
    _lock(connection, wanted, _SHARE)
    rows: list[Sequence[Any]] = []
    for place in range(0, len(wanted), 2):  # mostly a file and its metadata
        pair = wanted[place : place + 2]
        rows += _DOOMED.rows(connection, {"one": pair[0], "other": pair[-1]})
    if not rows:
        return
    doomed = [sha256 for sha256, at in rows if at is not None and renewed.get(sha256) != at]
    if doomed:
        raise Vanishing(doomed)
    connection.execute(_HELD, {"hashes": [sha256 for sha256, _ in rows]})


def vanished(connection: Connection, hashes: Iterable[str]) -> Mapping[str, datetime] | None:
    """Return which deletions of some blobs are over: who puts these again from now on may `hold` them.

    None as long as one of them may still come.
    """
    query = select(*_COLUMNS, loose_blobs.c.is_gone).where(_AMONG, loose_blobs.c.doomed_at.is_not(None))
    rows = connection.execute(query, {"hashes": sorted(set(hashes))}).all()
    dead = now() - _LEASE
    if any(not row.is_gone and row.doomed_at > dead for row in rows):
        return None
    return {row.sha256: row.doomed_at for row in rows}


def due(connection: Connection, before: datetime, *, limit: int) -> Sequence[Loose]:
    """Return blobs that were let go of before a moment, the oldest first.

    So are those that a server wanted to delete which has died of it.
    """
    table = loose_blobs.c
    query = select(*_COLUMNS).where(
        or_(
            and_(table.doomed_at.is_(None), table.since < before),
            and_(table.is_gone.is_(False), table.doomed_at < now() - _LEASE),
        )
    )
    return [Loose(*row) for row in connection.execute(query.order_by(table.since).limit(limit))]


def note(connection: Connection, hashes: Iterable[str]) -> Sequence[Loose]:
    """Note blobs that are there and that nobody seems to need; those that are being deleted are left out."""
    wanted, moment = sorted(set(hashes)), now()
    _lock(connection, wanted, _EXCLUDE)  # who is about to speak of one does so first
    for sha256 in wanted:
        connection.execute(
            insertion(connection, loose_blobs)
            .values(sha256=sha256, since=moment, is_gone=False)
            .on_conflict_do_nothing(index_elements=["sha256"])
        )
    idle = or_(
        loose_blobs.c.doomed_at.is_(None), loose_blobs.c.is_gone, loose_blobs.c.doomed_at < moment - _LEASE
    )
    return [
        Loose(*row) for row in connection.execute(select(*_COLUMNS).where(_AMONG, idle), {"hashes": wanted})
    ]


def doom(connection: Connection, blobs: Iterable[Loose], moment: datetime) -> Sequence[str]:
    """Set out, at this moment, to delete blobs that were read here and then found to be needed by nobody.

    Returns those of which nothing has changed since they were read.
    """
    wanted = sorted(blobs, key=lambda blob: blob.sha256)
    _lock(connection, [blob.sha256 for blob in wanted], _EXCLUDE)
    values = {"doomed_at": moment, "is_gone": False}
    return [
        blob.sha256
        for blob in wanted
        if connection.execute(update(loose_blobs).where(_is_same(blob)).values(**values)).rowcount
    ]


def finish(connection: Connection, moment: datetime, *, gone: Sequence[str], kept: Sequence[str]) -> None:
    """Say what has become of the blobs that were to be deleted at that moment: others are looked at later."""
    ours = and_(_AMONG, loose_blobs.c.doomed_at == moment)
    if gone:
        connection.execute(
            update(loose_blobs).where(ours).values(is_gone=True, since=now()), {"hashes": gone}
        )
    if kept:
        later = update(loose_blobs).where(ours).values(doomed_at=None, since=now())
        connection.execute(later, {"hashes": kept})


def forget(connection: Connection, blobs: Iterable[Loose]) -> None:
    """Look no more at blobs that are needed, if they have not been let go of again meanwhile."""
    for blob in blobs:
        connection.execute(delete(loose_blobs).where(_is_same(blob)))


def purge(connection: Connection) -> None:
    """Forget what was deleted long ago."""
    table = loose_blobs.c
    connection.execute(delete(loose_blobs).where(table.is_gone, table.since < now() - _REMEMBERED))


def _is_same(blob: Loose) -> ColumnElement[bool]:
    table = loose_blobs.c
    return and_(
        table.sha256 == blob.sha256,
        table.since == blob.since,
        table.doomed_at.is_not_distinct_from(blob.doomed_at),
    )


def _lock(connection: Connection, hashes: Sequence[str], statement: TextClause) -> None:
    """Let those who speak of a blob and those who want to delete it wait for each other, until they commit.

    SQLite has one writer at a time anyway. The hashes are sorted, so that nobody waits in a circle.
    """
    if connection.dialect.name == "postgresql" and hashes:
        keys = [int.from_bytes(bytes.fromhex(sha256)[:8], signed=True) for sha256 in hashes]
        connection.execute(statement, {"keys": keys})
