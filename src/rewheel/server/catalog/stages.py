"""Stages: releases that are being put together before they are published (PEP 694)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from rewheel.server.catalog import loose
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import projects, stage_files, stages

__all__ = [
    "Stage", "StagedFile", "add", "add_file", "cancel_file", "change", "change_file", "expired", "files_of",
    "find", "find_by_token", "find_file", "forget", "forget_records", "is_reserved", "let_go", "list_live",
    "live", "release_project", "reserved_by", "staged_blobs",
]  # fmt: skip

_LIVE = ("open", "processing", "error")


@dataclass(frozen=True, slots=True)
class Stage:
    """One publishing session as it is in the catalog."""

    id: int
    public_id: str
    """Names it in the URLs of those who may upload; unguessable, too."""
    token: str
    """The secret that lets anybody see what is staged."""
    project_id: int | None
    """None once a project that was only reserved has been let go."""
    project: str
    """The normalised name."""
    version: str
    sort_key: str
    status: str
    created_by: int | None
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of a publishing session."""

    id: int
    stage_id: int
    public_id: str
    filename: str
    size: int
    hashes: Mapping[str, str]
    mechanism: str
    status: str
    sha256: str | None
    """Of the bytes that have arrived, which are in the storage if they are what was announced."""
    record: Mapping[str, Any] | None
    """What is in it, once that is known."""
    error: str | None
    """Why it cannot be completed."""


_STAGE = tuple(
    stages.c[name]
    for name in (
        "id", "public_id", "token", "project_id", "project", "version", "sort_key", "status", "created_by",
        "created_at", "changed_at", "expires_at", "notices",
    )
)  # fmt: skip
_FILE = tuple(
    stage_files.c[name]
    for name in (
        "id", "stage_id", "public_id", "filename", "size", "hashes", "mechanism", "status", "sha256",
        "record", "error",
    )
)  # fmt: skip


def add(
    connection: Connection,
    *,
    project_id: int,
    project: str,
    version: str,
    sort_key: str,
    created_by: int | None,
    expires_at: datetime,
) -> Stage:
    """Open a stage."""
    token, moment = token_urlsafe(32), now()
    public_id = token_urlsafe(24)
    connection.execute(
        insert(stages).values(
            public_id=public_id,
            token=token,
            token_digest=_digest(token),
            project_id=project_id,
            project=project,
            version=version,
            sort_key=sort_key,
            status="open",
            created_by=created_by,
            created_at=moment,
            changed_at=moment,
            expires_at=expires_at,
            notices=[],
        )
    )
    found = find(connection, public_id)
    assert found is not None
    return found


def find(connection: Connection, public_id: str, *, for_update: bool = False) -> Stage | None:
    """Find a stage; with `for_update`, others who want to change it wait until the transaction is over."""
    return _one(connection, stages.c.public_id == public_id, for_update=for_update)


def find_by_token(connection: Connection, token: str) -> Stage | None:
    """Find the stage that a secret lets everybody see; the index holds digests, so time tells nothing."""
    return _one(connection, stages.c.token_digest == _digest(token))


def live(connection: Connection, project: str, sort_key: str) -> Stage | None:
    """Return the stage of a release that is still going on."""
    is_live = stages.c.status.in_(_LIVE)
    return _one(connection, (stages.c.project == project) & (stages.c.sort_key == sort_key) & is_live)


def list_live(connection: Connection, project: str = "") -> Sequence[Stage]:
    """Return all stages that are still going on, of one project if it is named; oldest first."""
    query = select(*_STAGE).where(stages.c.status.in_(_LIVE)).order_by(stages.c.id)
    if project:
        query = query.where(stages.c.project == project)
    return [_stage(row) for row in connection.execute(query)]


def reserved_by(connection: Connection, project_id: int) -> Sequence[Stage]:
    """Return the stages for which a project is there although nothing of it is published."""
    query = select(*_STAGE).where(stages.c.project_id == project_id, stages.c.status.in_(_LIVE))
    return [_stage(row) for row in connection.execute(query)]


def change(connection: Connection, stage_id: int, **values: Any) -> None:  # noqa: ANN401 - columns
    """Change columns of a stage."""
    connection.execute(update(stages).where(stages.c.id == stage_id).values(changed_at=now(), **values))


def expired(connection: Connection, moment: datetime) -> Sequence[Stage]:
    """Return the stages whose time is over and that may still be canceled."""
    query = select(*_STAGE).where(stages.c.status.in_(("open", "error")), stages.c.expires_at <= moment)
    return [_stage(row) for row in connection.execute(query)]


def forget(connection: Connection, before: datetime) -> None:
    """Remove what has long come to its end."""
    connection.execute(
        delete(stages).where(stages.c.status.in_(("published", "canceled")), stages.c.changed_at < before)
    )


# Files


def add_file(
    connection: Connection,
    stage_id: int,
    *,
    filename: str,
    size: int,
    hashes: Mapping[str, str],
    mechanism: str,
) -> StagedFile:
    """Begin a file."""
    public_id = token_urlsafe(24)
    connection.execute(
        insert(stage_files).values(
            stage_id=stage_id,
            public_id=public_id,
            filename=filename,
            size=size,
            hashes=dict(hashes),
            mechanism=mechanism,
            status="pending",
            created_at=now(),
        )
    )
    found = find_file(connection, stage_id, public_id)
    assert found is not None
    return found


def find_file(connection: Connection, stage_id: int, public_id: str) -> StagedFile | None:
    """Find a file of a stage."""
    query = select(*_FILE).where(stage_files.c.stage_id == stage_id, stage_files.c.public_id == public_id)
    row = connection.execute(query).one_or_none()
    return StagedFile(*row) if row is not None else None


def files_of(connection: Connection, stage_id: int) -> Sequence[StagedFile]:
    """Return the files of a stage that were not canceled, by name."""
    query = (
        select(*_FILE)
        .where(stage_files.c.stage_id == stage_id, stage_files.c.status != "canceled")
        .order_by(stage_files.c.filename)
    )
    return [StagedFile(*row) for row in connection.execute(query)]


def change_file(connection: Connection, file_id: int, **values: Any) -> None:  # noqa: ANN401 - columns
    """Change columns of a file."""
    connection.execute(update(stage_files).where(stage_files.c.id == file_id).values(**values))


_RESERVED = Prepared(
    select(stage_files.c.id)
    .join(stages, stages.c.id == stage_files.c.stage_id)
    .where(
        or_(stage_files.c.filename == bindparam("name"), stage_files.c.filename == bindparam("other")),
        stage_files.c.status == "completed",
        stages.c.status == "processing",
        stages.c.id != bindparam("apart_from"),
    )
    .limit(1)
)


def cancel_file(connection: Connection, file: StagedFile) -> None:
    """Take a file out of its stage, and let go of its blobs."""
    change_file(connection, file.id, status="canceled", record=None)
    let_go(connection, file)


def let_go(connection: Connection, file: StagedFile) -> None:
    """Let go of what has arrived of a file."""
    metadata = file.record["metadata_sha256"] if file.record is not None else None
    loose.let_go(connection, [file.sha256, metadata])


def is_reserved(connection: Connection, filenames: Sequence[str], *, apart_from: int | None = None) -> bool:
    """Tell whether a stage that is being published right now has a file of one of these names.

    There are one or two of them: those of a wheel and of its rim.
    """
    values = {"name": filenames[0], "other": filenames[-1], "apart_from": apart_from or 0}
    return _RESERVED.row(connection, values) is not None


def staged_blobs(connection: Connection) -> Iterator[tuple[str, str, int | None]]:
    """Yield name, SHA-256 and size, if known, of all blobs of files that wait to be published."""
    query = (
        select(stage_files.c.filename, stage_files.c.sha256, stage_files.c.size, stage_files.c.record)
        .join(stages, stages.c.id == stage_files.c.stage_id)
        .where(
            stages.c.status.in_(_LIVE),
            stage_files.c.status != "canceled",
            stage_files.c.sha256.is_not(None),
        )
    )
    for row in connection.execute(query):
        if row.record is not None:  # else the bytes were not fit to be kept
            yield row.filename, row.sha256, row.size
            if row.record["metadata_sha256"] is not None:
                yield f"{row.filename}.metadata", row.record["metadata_sha256"], None


def forget_records(connection: Connection, stage_id: int) -> None:
    """Forget what is in the files of a stage: once they are published, others tables say so."""
    connection.execute(update(stage_files).where(stage_files.c.stage_id == stage_id).values(record=None))


def release_project(connection: Connection, project_id: int) -> None:
    """Let go of a project of which nothing was ever published."""
    connection.execute(delete(projects).where(projects.c.id == project_id, projects.c.is_visible.is_(False)))


def _one(connection: Connection, condition: ColumnElement[bool], *, for_update: bool = False) -> Stage | None:
    query = select(*_STAGE).where(condition)
    row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
    return _stage(row) if row is not None else None


def _stage(row: Any) -> Stage:  # noqa: ANN401 - SQLAlchemy's row
    values = row._asdict()
    return Stage(**{**values, "notices": tuple(values["notices"])})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
