"""The figures of an index that people like."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from rewheel.server.catalog import downloads
from rewheel.server.catalog.schema import files, releases
from rewheel.server.catalog.showing import count_projects

__all__ = ["Figures", "take"]


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is."""

    projects: int
    releases: int
    files: int
    downloads: int


def take(connection: Connection) -> Figures:
    """Count; this looks at the whole index, so it is for once in a while."""
    public = select(func.count()).select_from(files).where(files.c.stage_id.is_(None))
    return Figures(
        count_projects(connection),
        int(connection.execute(select(func.count()).select_from(releases)).scalar_one()),
        int(connection.execute(public).scalar_one()),
        downloads.total(connection),
    )
