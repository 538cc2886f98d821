"""What upstream indexes have said, and which of their files are here already."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, delete, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import upstream_files, upstream_pages

__all__ = ["KeptFile", "KeptPage", "find_file", "find_page", "keep_file", "keep_page", "touch_page"]


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


def find_page(connection: Connection, upstream: str, project: str) -> KeptPage | None:
    """Find what is kept of a project's page; `upstream` is the index's name."""
    pages = upstream_pages.c
    row = connection.execute(
        select(pages.etag, pages.fetched_at, pages.is_absent, pages.serial, pages.page).where(
            pages.upstream == upstream, pages.project == project
        )
    ).one_or_none()
    return KeptPage(*row) if row is not None else None


def keep_page(connection: Connection, upstream: str, project: str, *, etag: str, text: str) -> int:
    """Keep a new page in place of the one before, and return its serial; without `text` there is none."""
    pages = upstream_pages.c
    key = (pages.upstream == upstream) & (pages.project == project)
    serial = connection.execute(select(pages.serial).where(key)).scalar()
    values = {
        "etag": etag,
        "fetched_at": now(),
        "is_absent": not text,
        "serial": (serial or 0) + 1,
        "page": text,
    }
    _put(connection, upstream_pages, {"upstream": upstream, "project": project}, values)
    return (serial or 0) + 1


def touch_page(connection: Connection, upstream: str, project: str) -> None:
    """Say that a kept page was found to be current."""
    pages = upstream_pages.c
    connection.execute(
        update(upstream_pages)
        .where(pages.upstream == upstream, pages.project == project)
        .values(fetched_at=now())
    )


def find_file(connection: Connection, upstream: str, filename: str) -> KeptFile | None:
    """Find what is here of a file."""
    files = upstream_files.c
    row = connection.execute(
        select(
            files.project, files.sha256, files.cached_sha256, files.size, files.metadata_sha256, files.used_at
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
        "used_at": file.kept_at,
    }
    _put(connection, upstream_files, {"upstream": upstream, "filename": filename}, values)


def _put(connection: Connection, table: Table, key: dict[str, str], values: dict[str, object]) -> None:
    """Replace the row of this key, whoever else does the same at the same time."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as upsert

        connection.execute(
            upsert(table).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)
        )
        return
    # SQLite lets one write at a time.
    condition = [table.c[name] == value for name, value in key.items()]
    connection.execute(delete(table).where(*condition))
    connection.execute(insert(table).values(**key, **values))
