"""What the pages for people show of a project: releases, their files, and who looks after it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, distinct, func, select

from rewheel.server.catalog.newest import newest_release
from rewheel.server.catalog.schema import accounts, files, organisations, projects, releases, roles

__all__ = [
    "ReleaseDetails",
    "ShownFile",
    "ShownRelease",
    "list_files",
    "list_releases",
    "maintainers_of",
    "release_details",
    "visible_among",
]


@dataclass(frozen=True, slots=True)
class ShownRelease:
    """A release that has public files."""

    id: int
    version: str
    sort_key: str
    created_at: datetime | None
    """None where an upstream index does not say."""
    files: int
    size: int | None
    """Bytes of all files; None where an upstream index does not say."""
    labels: int
    yanked: int
    """How many of the files are yanked."""


@dataclass(frozen=True, slots=True)
class ReleaseDetails:
    """What a release says about itself."""

    summary: str
    requires_python: str
    metadata: dict[str, Any]
    description: str
    description_content_type: str
    variants_json: str | None


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A public file of a release; an upstream index does not always say everything of one."""

    filename: str
    kind: str
    sha256: str
    size: int | None
    hashes: dict[str, str]
    requires_python: str
    yanked_reason: str | None
    metadata_sha256: str | None
    label: str
    uploaded_at: datetime | None
    external_url: str | None
    provenance: str | None
    owner: str | None = None
    """The organisation that hosts it elsewhere (PEP 759)."""
    support_url: str | None = None
    """Where that organisation is asked for help."""
    source: str = ""
    """The upstream index that has it, in words; empty for a file of this index."""
    path: str = ""
    """Where this server passes on an upstream index's file, below its root."""


def list_releases(connection: Connection, project_id: int) -> Sequence[ShownRelease]:
    """Return the releases of a project that have public files, newest version first."""
    query = (
        select(
            releases.c.id,
            releases.c.version,
            releases.c.sort_key,
            releases.c.created_at,
            func.count(files.c.id),
            func.coalesce(func.sum(files.c.size), 0),
            func.count(distinct(case((files.c.label != "", files.c.label)))),
            func.count(files.c.yanked_reason),
        )
        .join(files, files.c.release_id == releases.c.id)
        .where(releases.c.project_id == project_id, files.c.stage_id.is_(None))
        .group_by(releases.c.id)
        .order_by(releases.c.sort_key.desc())
    )
    return [
        ShownRelease(
            id=row[0],
            version=row[1],
            sort_key=row[2],
            created_at=row[3],
            files=row[4],
            size=int(row[5]),
            labels=row[6],
            yanked=row[7],
        )
        for row in connection.execute(query)
    ]


def release_details(connection: Connection, release_id: int) -> ReleaseDetails:
    """Return what a release, which must be there, says about itself."""
    query = select(
        releases.c.summary,
        releases.c.requires_python,
        releases.c.metadata,
        releases.c.description,
        releases.c.description_content_type,
        releases.c.variants_json,
    ).where(releases.c.id == release_id)
    return ReleaseDetails(*connection.execute(query).one())


def list_files(connection: Connection, release_id: int) -> Sequence[ShownFile]:
    """Return the public files of a release, by name."""
    query = (
        select(
            files.c.filename,
            files.c.kind,
            files.c.sha256,
            files.c.size,
            files.c.hashes,
            files.c.requires_python,
            files.c.yanked_reason,
            files.c.metadata_sha256,
            files.c.label,
            files.c.uploaded_at,
            files.c.external_url,
            files.c.provenance,
            organisations.c.name.label("owner"),
            organisations.c.support_url,
        )
        .outerjoin(organisations, organisations.c.id == files.c.organisation_id)
        .where(files.c.release_id == release_id, files.c.stage_id.is_(None))
        .order_by(files.c.filename)
    )
    return [ShownFile(**row) for row in connection.execute(query).mappings()]


def maintainers_of(connection: Connection, project_id: int) -> Sequence[str]:
    """Return the names of those who may publish a project, owners first."""
    query = (
        select(accounts.c.name)
        .join(roles, roles.c.account_id == accounts.c.id)
        .where(roles.c.project_id == project_id)
        .order_by(roles.c.role.desc(), accounts.c.name)
    )
    return connection.execute(query).scalars().all()


def visible_among(connection: Connection, names: Collection[str]) -> frozenset[str]:
    """Return those of the normalised names that visible projects have."""
    if not names:
        return frozenset()
    query = select(projects.c.name).where(projects.c.name.in_(sorted(names)), projects.c.is_visible.is_(True))
    return frozenset(connection.execute(query).scalars())


def count_projects(connection: Connection) -> int:
    """Return the number of visible projects."""
    query = select(func.count()).select_from(projects).where(projects.c.is_visible.is_(True))
    return int(connection.execute(query).scalar_one())


def page_of_projects(connection: Connection, *, offset: int, limit: int) -> Sequence[int]:
    """Return the ids of some visible projects, by name."""
    query = (
        select(projects.c.id)
        .where(projects.c.is_visible.is_(True))
        .order_by(projects.c.name)
        .offset(offset)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()


def recently_released(connection: Connection, most: int) -> Sequence[int]:
    """Return the ids of the projects with the newest releases, the newest first, each once."""
    query = (
        select(releases.c.project_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(projects.c.is_visible.is_(True), projects.c.status != "quarantined")
        .order_by(releases.c.created_at.desc(), releases.c.id.desc())
        .limit(most * 8)  # several releases of one project may follow one another
    )
    return list(dict.fromkeys(connection.execute(query).scalars()))[:most]


def summary_of(
    connection: Connection, project_id: int
) -> tuple[str, str, str, str, str, int, datetime] | None:
    """Return name, display name, status, and of the newest release version, summary, labels and age.

    None if the project has no releases.
    """
    release = newest_release(connection, project_id)
    if release is None:
        return None
    query = (
        select(
            projects.c.name,
            projects.c.display_name,
            projects.c.status,
            releases.c.version,
            releases.c.summary,
            select(func.count(distinct(files.c.label)))
            .where(files.c.release_id == releases.c.id, files.c.stage_id.is_(None), files.c.label != "")
            .scalar_subquery(),
            releases.c.created_at,
        )
        .join(releases, releases.c.project_id == projects.c.id)
        .where(releases.c.id == release)
    )
    return tuple(connection.execute(query).one())
