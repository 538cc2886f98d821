"""Taking back what is published: yanking, which can be undone (PEP 592), and deleting, which cannot."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from rewheel.server.catalog import loose
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import files, releases, retired_filenames

__all__ = ["Held", "has_yanked", "held", "retire", "yank"]


@dataclass(frozen=True, slots=True)
class Held:
    """A published file, as far as taking it back needs to know."""

    id: int
    filename: str
    sha256: str
    metadata_sha256: str | None
    rim_sha256: str | None
    release_id: int
    sort_key: str
    """Of the version."""
    yanked_reason: str | None


_HAS_YANKED = Prepared(
    select(files.c.id)
    .where(files.c.release_id == bindparam("release"), files.c.yanked_reason.is_not(None))
    .limit(1)
)


def held(connection: Connection, project_id: int) -> Sequence[Held]:
    """Return the published files of a project."""
    query = (
        select(
            files.c.id,
            files.c.filename,
            files.c.sha256,
            files.c.metadata_sha256,
            files.c.rim_sha256,
            files.c.release_id,
            releases.c.sort_key,
            files.c.yanked_reason,
        )
        .join(releases, releases.c.id == files.c.release_id)
        .where(files.c.project_id == project_id)
        .order_by(releases.c.sort_key, files.c.filename)
    )
    return [Held(*row) for row in connection.execute(query)]


def yank(connection: Connection, file_ids: Collection[int], reason: str | None) -> None:
    """Yank files for a reason, which may be empty; None takes that back."""
    connection.execute(update(files).where(files.c.id.in_(file_ids)).values(yanked_reason=reason))


def has_yanked(connection: Connection, release_id: int) -> bool:
    """Tell whether any file of a release is yanked."""
    return _HAS_YANKED.row(connection, {"release": release_id}) is not None


def retire(connection: Connection, file: Held) -> None:
    """Delete a file, and keep its name from ever standing for anything else."""
    connection.execute(delete(files).where(files.c.id == file.id))
    loose.let_go(connection, [file.sha256, file.metadata_sha256, file.rim_sha256])
    connection.execute(
        insert(retired_filenames).values(filename=file.filename, sha256=file.sha256, retired_at=now())
    )
