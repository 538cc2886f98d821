"""What upstream indexes have said, and which of their files are here already."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, func, select, update

from rewheel.server.catalog import loose
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import upstream_files, upstream_pages
from rewheel.server.catalog.upserts import insertion

__all__ = [
    "KeptFile", "KeptPage", "find_file", "find_page", "keep_file", "keep_page", "known_metadata", "shrink",
    "shrink_pages", "touch_file", "touch_page", "use_page",
]  # fmt: skip

_USE_IS_NOTED = timedelta(hours=1)
"""How exactly it is known when a file was used: noting every use would make every download a write."""

_AT_ONCE = 500

_ROW = 500
"""What a page weighs besides its characters: the row, its keys, their indexes."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """An upstream index's last word about a project."""

    etag: str
    fetched_at: datetime
    is_absent: bool
    serial: int
    """Grows with every new page."""
    text: str
    """The listing, as the upstream room writes it; empty if the index does not have the project."""
    used_at: datetime

    @property
    def is_use_noted(self) -> bool:
        """Whether it was noted lately that somebody wanted it."""
        return self.used_at > now() - _USE_IS_NOTED


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of an upstream index of which something is here."""

    project: str
    sha256: str
    """As the index promised it; empty if it did not."""
    cached_sha256: str | None
    """Of the blob; None if only the metadata is here."""
    size: int | None
    metadata_sha256: str | None
    """Of the blob of its metadata, if that is here."""
    kept_at: datetime
    used_at: datetime | None = None

    @property
    def is_use_noted(self) -> bool:
        """Whether it was noted lately that somebody wanted it."""
        return self.used_at is not None and self.used_at > now() - _USE_IS_NOTED


def find_page(connection: Connection, upstream: str, project: str) -> KeptPage | None:
    """Find what is kept of a project's page; `upstream` is the index's name."""
    pages = upstream_pages.c
    row = connection.execute(
        select(pages.etag, pages.fetched_at, pages.is_absent, pages.serial, pages.page, pages.used_at).where(
            pages.upstream == upstream, pages.project == project
        )
    ).one_or_none()
    return KeptPage(*row) if row is not None else None


def keep_page(connection: Connection, upstream: str, project: str, *, etag: str, text: str) -> int:
    """Keep a new page in place of the one before, and return its serial; without `text` there is none."""
    pages = upstream_pages.c
    key = (pages.upstream == upstream) & (pages.project == project)
    # Caches may still hold what was made of a page that was let go of: new ones begin with the time.
    serial = 1 + int(connection.execute(select(pages.serial).where(key)).scalar() or time.time())
    values: dict[str, object] = {
        "etag": etag,
        "fetched_at": now(),
        "is_absent": not text,
        "serial": serial,
        "used_at": now(),
        "size": len(text),
        "page": text,
    }
    _put(connection, upstream_pages, {"upstream": upstream, "project": project}, values)
    return serial


def touch_page(connection: Connection, upstream: str, project: str) -> bool:
    """Say that a kept page was found to be current; tell whether it is still kept."""
    pages = upstream_pages.c
    touched = (
        update(upstream_pages)
        .where(pages.upstream == upstream, pages.project == project)
        .values(fetched_at=now(), used_at=now())
    )
    return connection.execute(touched).rowcount > 0


def use_page(connection: Connection, upstream: str, project: str) -> None:
    """Say that somebody wants a kept page now."""
    pages = upstream_pages.c
    connection.execute(
        update(upstream_pages)
        .where(pages.upstream == upstream, pages.project == project)
        .values(used_at=now())
    )


def shrink_pages(connection: Connection, limit: int) -> int:
    """Let go of the pages that nobody has wanted for longest until the rest fits, and return their number.

    The limit is of characters, with some for each page: also what an index does not have takes room.
    """
    pages = upstream_pages.c
    weight = pages.size + _ROW
    total = int(connection.execute(select(func.coalesce(func.sum(weight), 0))).scalar_one())
    surplus = total - limit * 9 // 10 if total > limit else 0
    gone = 0
    while surplus > 0:
        query = select(pages.id, weight).order_by(pages.used_at, pages.id).limit(_AT_ONCE)
        doomed = []
        for row in connection.execute(query):
            if surplus > 0:
                doomed.append(row[0])
                surplus -= row[1]
        connection.execute(delete(upstream_pages).where(pages.id.in_(doomed)))
        gone += len(doomed)
    return gone


def known_metadata(connection: Connection, upstream: str, project: str) -> tuple[int, datetime | None]:
    """Return of how many files of a project the metadata is here, and since when the last of it is."""
    files = upstream_files.c
    query = select(func.count(), func.max(files.kept_at)).where(
        files.upstream == upstream, files.project == project, files.metadata_sha256.is_not(None)
    )
    row = connection.execute(query).one()
    return row[0], row[1]


def find_file(connection: Connection, upstream: str, filename: str) -> KeptFile | None:
    """Find what is here of a file."""
    files = upstream_files.c
    row = connection.execute(
        select(
            files.project,
            files.sha256,
            files.cached_sha256,
            files.size,
            files.metadata_sha256,
            files.kept_at,
            files.used_at,
        ).where(files.upstream == upstream, files.filename == filename)
    ).one_or_none()
    return KeptFile(*row) if row is not None else None


def keep_file(connection: Connection, upstream: str, filename: str, file: KeptFile) -> None:
    """Say what is here of a file, in place of what was said before."""
    values: dict[str, object] = {
        "project": file.project,
        "url": "",
        "sha256": file.sha256,
        "cached_sha256": file.cached_sha256,
        "size": file.size,
        "metadata_sha256": file.metadata_sha256,
        "kept_at": file.kept_at,
        "used_at": now(),
    }
    _put(connection, upstream_files, {"upstream": upstream, "filename": filename}, values)


def touch_file(connection: Connection, upstream: str, filename: str) -> None:
    """Say that somebody wants a kept file now."""
    files = upstream_files.c
    connection.execute(
        update(upstream_files)
        .where(files.upstream == upstream, files.filename == filename)
        .values(used_at=now())
    )


def shrink(connection: Connection, limit: int) -> int:
    """Let go of the files that nobody has wanted for longest until the rest fits, and return their number.

    A tenth more is let go of than has to be, so that this need not be done for every file that comes. What
    somebody is just downloading is not taken away: its blob is deleted hours later.
    """
    files = upstream_files.c
    is_kept = files.cached_sha256.is_not(None)
    total = int(
        connection.execute(select(func.coalesce(func.sum(files.size), 0)).where(is_kept)).scalar_one()
    )
    surplus = total - limit * 9 // 10 if total > limit else 0
    gone = 0
    while surplus > 0:
        query = select(files.id, files.size, files.cached_sha256, files.metadata_sha256).where(is_kept)
        rows = connection.execute(query.order_by(files.used_at, files.id).limit(_AT_ONCE)).all()
        if not rows:
            break
        for row in rows:
            if surplus <= 0:
                break
            change = (
                delete(upstream_files)
                if row.metadata_sha256 is None
                else update(upstream_files).values(cached_sha256=None)
            )
            connection.execute(change.where(files.id == row.id))
            loose.let_go(connection, [row.cached_sha256])
            surplus -= row.size or 0
            gone += 1
    return gone


def _put(connection: Connection, table: Table, key: dict[str, str], values: dict[str, object]) -> None:
    """Replace the row of this key, whoever else does the same at the same time."""
    connection.execute(
        insertion(connection, table)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )
