"""Releases: versions of projects, with what their core metadata says."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete as delete_rows, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import files, releases

__all__ = [
    "Description", "create", "delete", "describe", "find", "find_or_create", "is_empty", "keep_variants",
    "variant_documents",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Description:
    """What a release says about itself, for people."""

    summary: str
    requires_python: str
    metadata: dict[str, Any]
    description: str
    description_content_type: str


_FIND = Prepared(
    select(releases.c.id).where(
        releases.c.project_id == bindparam("project"), releases.c.sort_key == bindparam("key")
    )
)
_CREATE = Prepared(insert(releases))


def find_or_create(
    connection: Connection, project_id: int, *, version: str, sort_key: str, description: Description
) -> int:
    """Return the id of a release; the first file of it says what it is about."""
    found = find(connection, project_id, sort_key)
    if found is not None:
        return found
    return create(connection, project_id, version=version, sort_key=sort_key, description=description)


def create(
    connection: Connection, project_id: int, *, version: str, sort_key: str, description: Description
) -> int:
    """Begin a release, and return its id; raises IntegrityError when there is one of this version."""
    return _CREATE.add(
        connection,
        {
            "project_id": project_id,
            "version": version,
            "sort_key": sort_key,
            "created_at": now(),
            **_values(description),
        },
    )


def describe(connection: Connection, release_id: int, description: Description) -> None:
    """Replace what a release says about itself."""
    connection.execute(update(releases).where(releases.c.id == release_id).values(**_values(description)))


def _values(description: Description) -> dict[str, Any]:
    return {
        "summary": description.summary,
        "requires_python": description.requires_python,
        "metadata": description.metadata,
        "description": description.description,
        "description_content_type": description.description_content_type,
    }


def variant_documents(connection: Connection, release_id: int) -> dict[str, str]:
    """Return what the published variant wheels of a release say, by file name, in the order they came."""
    query = (
        select(files.c.filename, files.c.variant_json)
        .where(
            files.c.release_id == release_id, files.c.stage_id.is_(None), files.c.variant_json.is_not(None)
        )
        .order_by(files.c.id)
    )
    return {row.filename: row.variant_json for row in connection.execute(query)}


def keep_variants(connection: Connection, release_id: int, text: str | None) -> None:
    """Keep the index file of a release (PEP 825); None when it has no variants."""
    connection.execute(update(releases).where(releases.c.id == release_id).values(variants_json=text))


def find(connection: Connection, project_id: int, sort_key: str) -> int | None:
    """Return the id of a release; None if there is none."""
    found = _FIND.row(connection, {"project": project_id, "key": sort_key})
    return int(found[0]) if found is not None else None


def is_empty(connection: Connection, release_id: int) -> bool:
    """Tell whether a release has no files."""
    query = select(files.c.id).where(files.c.release_id == release_id).limit(1)
    return connection.execute(query).first() is None


def delete(connection: Connection, release_id: int) -> None:
    """Remove a release."""
    connection.execute(delete_rows(releases).where(releases.c.id == release_id))
