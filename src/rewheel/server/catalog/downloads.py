"""How often files were fetched, by day: figures that people like, kept cheaply and never about persons."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select

from rewheel.server.catalog.facts import add_to_fact, fact
from rewheel.server.catalog.schema import downloads, files
from rewheel.server.catalog.upserts import insertion

__all__ = ["add", "recent", "total"]

_TOTAL = "downloads"
_RECENT = timedelta(days=30)


def add(connection: Connection, counts: Mapping[str, int], *, today: date | None = None) -> None:
    """Add what was counted, by file name; files that are gone meanwhile count for the total alone."""
    day = today or datetime.now(UTC).date()
    names = sorted(counts)
    known = {
        row.filename: row.id
        for row in connection.execute(select(files.c.filename, files.c.id).where(files.c.filename.in_(names)))
    }
    for name in names:  # in one order, so that two processes never wait for each other
        if name not in known:
            continue
        added = insertion(connection, downloads).values(file_id=known[name], day=day, count=counts[name])
        connection.execute(
            added.on_conflict_do_update(
                index_elements=["file_id", "day"],
                set_={"count": downloads.c.count + added.excluded.count},
            )
        )
    add_to_fact(connection, _TOTAL, sum(counts.values()))


def total(connection: Connection) -> int:
    """Return the number of all downloads ever."""
    return int(fact(connection, _TOTAL) or 0)


def recent(connection: Connection, project_id: int, *, today: date | None = None) -> int:
    """Return the downloads of a project in the last 30 days."""
    since = (today or datetime.now(UTC).date()) - _RECENT
    query = (
        select(func.coalesce(func.sum(downloads.c.count), 0))
        .join(files, files.c.id == downloads.c.file_id)
        .where(files.c.project_id == project_id, downloads.c.day > since)
    )
    return int(connection.execute(query).scalar_one())
