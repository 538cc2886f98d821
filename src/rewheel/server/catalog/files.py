"""Files: what a page lists, and where the bytes of a download are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256 as new_sha256
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.projects import Status
from rewheel.server.catalog.schema import files, projects, provenances, releases, retired_filenames

__all__ = [
    "PUBLISHED",
    "NewFile",
    "Published",
    "Stored",
    "add",
    "digest_of",
    "find_provenance",
    "find_stored",
    "index_file",
    "index_files",
    "is_retired",
    "list_published",
    "project_size",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file as intake hands it over; its blob and that of its metadata are in the storage already."""

    filename: str
    kind: str
    sha256: str
    size: int
    hashes: Mapping[str, str]
    requires_python: str = ""
    metadata_sha256: str | None = None
    label: str = ""
    variant_json: str | None = None
    external_url: str | None = None
    rim_sha256: str | None = None
    organisation_id: int | None = None
    stage_id: int | None = None
    provenance: str = ""
    """The provenance object as JSON, verified (PEP 740); empty without attestations."""
    uploader_id: int | None = None


class Published(NamedTuple):
    """A file as the pages of its project list it: a tuple, since large pages are made of thousands."""

    filename: str
    version: str
    sha256: str
    size: int
    requires_python: str
    yanked_reason: str | None
    metadata_sha256: str | None
    uploaded_at: datetime
    external_url: str | None
    provenance: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What answering for a download takes."""

    filename: str
    sha256: str
    size: int
    metadata_sha256: str | None
    uploaded_at: datetime
    status: Status
    stage_id: int | None
    external_url: str | None


PUBLISHED = (
    files.c.filename,
    releases.c.version,
    files.c.sha256,
    files.c.size,
    files.c.requires_python,
    files.c.yanked_reason,
    files.c.metadata_sha256,
    files.c.uploaded_at,
    files.c.external_url,
    files.c.provenance,
    files.c.label,
)
"""The columns of `Published`, in its order."""

_LIST = Prepared(
    select(*PUBLISHED)
    .join(releases, releases.c.id == files.c.release_id)
    .where(files.c.project_id == bindparam("project"), files.c.stage_id.is_(None))
    .order_by(releases.c.sort_key, files.c.filename)
)
_INDEX_FILES = Prepared(
    select(releases.c.version, releases.c.variants_json)
    .where(releases.c.project_id == bindparam("project"), releases.c.variants_json.is_not(None))
    .order_by(releases.c.sort_key)
)
_SIZE = Prepared(
    select(func.coalesce(func.sum(files.c.size), 0)).where(
        files.c.project_id == bindparam("project"), files.c.external_url.is_(None)
    )
)
_RETIRED = Prepared(
    select(retired_filenames.c.filename).where(retired_filenames.c.filename == bindparam("filename"))
)
_ADD = Prepared(insert(files))
_STORED = Prepared(
    select(
        files.c.filename,
        files.c.sha256,
        files.c.size,
        files.c.metadata_sha256,
        files.c.uploaded_at,
        projects.c.status,
        files.c.stage_id,
        files.c.external_url,
    )
    .join(projects, projects.c.id == files.c.project_id)
    .where(files.c.filename == bindparam("filename"))
)

_STATUS = 5
"""The place of the project's status in `_STORED`."""


def add(connection: Connection, project_id: int, release_id: int, file: NewFile) -> int:
    """Add a file; raises IntegrityError when another has its name."""
    file_id = _ADD.add(
        connection,
        {
            "project_id": project_id,
            "release_id": release_id,
            "filename": file.filename,
            "kind": file.kind,
            "sha256": file.sha256,
            "size": file.size,
            "hashes": dict(file.hashes),
            "requires_python": file.requires_python,
            "metadata_sha256": file.metadata_sha256,
            "label": file.label,
            "variant_json": file.variant_json,
            "external_url": file.external_url,
            "rim_sha256": file.rim_sha256,
            "organisation_id": file.organisation_id,
            "stage_id": file.stage_id,
            "provenance": new_sha256(file.provenance.encode()).hexdigest() if file.provenance else None,
            "uploader_id": file.uploader_id,
            "uploaded_at": now(),
        },
    )
    if file.provenance:
        connection.execute(insert(provenances).values(file_id=file_id, document=file.provenance))
    return file_id


def find_provenance(connection: Connection, sha256: str, filename: str) -> str | None:
    """Return the provenance of a file of this content and name; None if it has none, or is not offered."""
    query = (
        select(provenances.c.document)
        .join(files, files.c.id == provenances.c.file_id)
        .join(projects, projects.c.id == files.c.project_id)
        .where(
            files.c.filename == filename,
            files.c.sha256 == sha256,
            files.c.stage_id.is_(None),
            projects.c.status != Status.QUARANTINED.value,
        )
    )
    return connection.execute(query).scalar()


def list_published(connection: Connection, project_id: int) -> Sequence[Published]:
    """Return the public files of a project, by version and name."""
    return [Published._make(row) for row in _LIST.rows(connection, {"project": project_id})]


def index_files(connection: Connection, project_id: int) -> Sequence[tuple[str, str]]:
    """Return version and text of the index files of a project's releases (PEP 825)."""
    return [(version, text) for version, text in _INDEX_FILES.rows(connection, {"project": project_id})]


def index_file(connection: Connection, project_id: int, sort_key: str) -> str | None:
    """Return the text of the index file of one release; None if it has no variants."""
    query = select(releases.c.variants_json).where(
        releases.c.project_id == project_id, releases.c.sort_key == sort_key
    )
    return connection.execute(query).scalar()


def find_stored(connection: Connection, filename: str) -> Stored | None:
    """Find a file by its name."""
    row = _STORED.row(connection, {"filename": filename})
    if row is None:
        return None
    values = [*row]
    values[_STATUS] = Status(values[_STATUS])
    return Stored(*values)


def digest_of(connection: Connection, filename: str) -> str | None:
    """Return the SHA-256 of the file that has this name, published or staged; None if there is none."""
    return connection.execute(select(files.c.sha256).where(files.c.filename == filename)).scalar()


def is_retired(connection: Connection, filename: str) -> bool:
    """Tell whether a file of this name was deleted."""
    return _RETIRED.row(connection, {"filename": filename}) is not None


def project_size(connection: Connection, project_id: int) -> int:
    """Return the bytes of all files of a project that are kept here, staged ones too."""
    (row,) = _SIZE.rows(connection, {"project": project_id})
    return int(row[0])
