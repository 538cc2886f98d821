"""Wheels that lie elsewhere: their rims, whose names they share, and who answers for them (PEP 759)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.projects import Status
from rewheel.server.catalog.schema import files, organisations, projects

__all__ = ["HeldRim", "HostedElsewhere", "Rival", "find_rim", "find_rival", "hosted_elsewhere", "remove"]


@dataclass(frozen=True, slots=True)
class Rival:
    """The file that has a name already."""

    id: int
    sha256: str
    is_external: bool
    is_yanked: bool


@dataclass(frozen=True, slots=True)
class HostedElsewhere:
    """What a page says about a wheel that is not here."""

    hashes: Mapping[str, str]
    """Of the wheel."""
    rim_sha256: str
    metadata_sha256: str | None
    owner: str
    support_url: str


@dataclass(frozen=True, slots=True)
class HeldRim:
    """A rim, as answering for its download needs it."""

    sha256: str
    metadata_sha256: str | None
    uploaded_at: datetime
    status: Status
    """Of its project."""


_RIVAL = Prepared(
    select(files.c.id, files.c.sha256, files.c.external_url, files.c.yanked_reason).where(
        files.c.filename == bindparam("filename")
    )
)


def find_rival(connection: Connection, filename: str) -> Rival | None:
    """Find who has a name, which for a rim is that of its wheel."""
    row = _RIVAL.row(connection, {"filename": filename})
    if row is None:
        return None
    key, sha256, external_url, yanked_reason = row
    return Rival(key, sha256, external_url is not None, yanked_reason is not None)


def remove(connection: Connection, rival: Rival) -> None:
    """Let a rim go whose wheel takes its place."""
    connection.execute(delete(files).where(files.c.id == rival.id))


def hosted_elsewhere(connection: Connection, project_id: int) -> Mapping[str, HostedElsewhere]:
    """Return the wheels of a project that are not here, by file name."""
    query = (
        select(
            files.c.filename,
            files.c.hashes,
            files.c.rim_sha256,
            files.c.metadata_sha256,
            organisations.c.name,
            organisations.c.support_url,
        )
        .join(organisations, organisations.c.id == files.c.organisation_id)
        .where(files.c.project_id == project_id, files.c.rim_sha256.is_not(None))
    )
    return {row[0]: HostedElsewhere(*row[1:]) for row in connection.execute(query)}


def find_rim(connection: Connection, filename: str) -> HeldRim | None:
    """Find the rim of a wheel by the wheel's name."""
    query = (
        select(files.c.rim_sha256, files.c.metadata_sha256, files.c.uploaded_at, projects.c.status)
        .join(projects, projects.c.id == files.c.project_id)
        .where(files.c.filename == filename, files.c.rim_sha256.is_not(None))
    )
    row = connection.execute(query).one_or_none()
    return HeldRim(*row[:3], Status(row.status)) if row is not None else None
