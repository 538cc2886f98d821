"""From an arrived file to a published one."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from rewheel.server.catalog import hosting, projects
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake.inspection import Inspected, inspect
from rewheel.server.intake.naming import FileName, read_name
from rewheel.server.intake.publishing import check_name, check_status, hold, publish, store
from rewheel.server.intake.spooling import Spooled
from rewheel.server.keeping import keep
from rewheel.server.new_names import check_new_name
from rewheel.server.permissions import check_upload
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings

__all__ = ["Accepted", "Upload", "accept", "accept_file", "check_digests", "check_elsewhere", "check_project"]

_ATTEMPTS = 5
"""How often a transaction is tried when others create the same project or release at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that has arrived, and what its sender says about it."""

    spooled: Spooled
    by: Identity | None
    project: str = ""
    """The normalised name that the sender gave, which `check_project` has let in; empty if none was given."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Hex digests that the sender gave, by algorithm."""
    attestations: str = ""
    """The field of this name (PEP 740), unread."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an upload."""

    project: str
    filename: str
    is_new: bool
    """False when exactly this file was there before."""
    notes: tuple[str, ...] = ()


def accept(services: Services, upload: Upload) -> Accepted:
    """Check a file and publish it; raises Refused with what is wrong and what can be done.

    The blob is stored first and the catalog changed then, in one transaction: killed at any moment, the
    file is on the pages as a whole or not at all. Of several uploads of one name the first wins.
    """
    spooled = upload.spooled
    check_digests(upload)
    name = read_name(spooled.path.name)
    if name.project != upload.project:
        with services.database.read() as connection:
            check_project(connection, services.settings, name.project, upload.by)
    provenance = _verified(services, name, upload)
    if _is_there(services, name, spooled.sha256):
        return Accepted(name.project, name.name, is_new=False)
    inspected = inspect(spooled, allow_http=services.settings.allow_insecure_external)
    if upload.project and upload.project != inspected.project:
        raise Refused(
            400,
            f"{name.name} belongs to {inspected.project}, not to {upload.project}",
            kind="wrong-project",
        )
    check_elsewhere(services, inspected)
    inspected = replace(inspected, provenance=provenance)

    def change(connection: Connection, renewed: Mapping[str, datetime]) -> None:
        publish(connection, services.settings, [inspected], by=upload.by)
        hold(connection, inspected, renewed)

    for attempt in range(_ATTEMPTS):
        try:
            keep(services.database, partial(store, services.blobs, inspected), change)
            break
        except IntegrityError:
            if attempt == _ATTEMPTS - 1:
                raise
        except Refused as refused:  # somebody else may have uploaded the same file meanwhile
            if refused.kind == "file-exists" and _is_there(services, name, spooled.sha256):
                return Accepted(name.project, name.name, is_new=False)
            raise
    return Accepted(inspected.project, name.name, is_new=True, notes=inspected.notes)


def accept_file(services: Services, path: Path, *, by: Identity | None = None) -> Accepted:
    """Publish a file of this computer, which is moved into the storage; it has to lie alone in its folder."""
    import hashlib

    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return accept(services, Upload(spooled=Spooled(path, digest, size), by=by))


def refuse_attestations(filename: str) -> Refused:
    """Say that attestations are not taken: without being verified they could not be shown to anybody."""
    return Refused(
        400,
        f"{filename} came with attestations, which this index does not verify and so does not take",
        hint="upload it without them (`uv publish --no-attestations`, twine without `--attestations`)",
        kind="no-attestations",
    )


def _verified(services: Services, name: FileName, upload: Upload) -> str:
    """Return the provenance of an upload; empty without attestations. Raises Refused (400)."""
    if not upload.attestations:
        return ""
    if services.attestations is None or name.is_rim:
        raise refuse_attestations(name.name)
    return services.attestations.provenance(
        upload.attestations, project=name.project, filename=name.name, sha256=upload.spooled.sha256
    )


def check_elsewhere(services: Services, inspected: Inspected) -> None:
    """Look at a wheel that lies elsewhere, if the operator wants that; raises Refused (400)."""
    if inspected.hosting is not None and services.external is not None:
        services.external.check(inspected.filename, inspected.hosting)


def check_digests(upload: Upload) -> None:
    """Refuse (400) what is not what its sender announced."""
    for algorithm, wanted in upload.digests.items():
        found = upload.spooled.sha256 if algorithm == "sha256" else upload.spooled.digest(algorithm)
        if not hmac.compare_digest(found, wanted.lower()):
            raise Refused(
                400,
                f"{upload.spooled.path.name} arrived damaged: its {algorithm} is {found}, "
                f"and {wanted[:128]} was announced",
                hint="upload it again",
                kind="digest-mismatch",
            )


def _is_there(services: Services, name: FileName, sha256: str) -> bool:
    """Tell whether exactly this file is published; raises Refused when its name cannot be used."""
    with services.database.read() as connection:
        try:
            check_name(connection, name, sha256=sha256)
        except Refused as refused:  # looked at afterwards: what is there now was there then, or came since
            known = hosting.find_rival(connection, name.target)
            is_same = known is not None and not known.is_external and known.sha256 == sha256
            if refused.kind == "file-exists" and is_same and not name.is_rim:
                return True
            raise
    return False


def check_project(
    connection: Connection, settings: ServerSettings, name: str, by: Identity | None
) -> projects.Project | None:
    """Find the project that an upload is for; raises Refused when it takes none, or none from this sender."""
    project = projects.find(connection, name)
    if by is not None:
        check_upload(connection, by, name, project)
        if project is None:
            check_new_name(connection, settings.new_projects, by, name)
    if project is not None:
        check_status(project)
    return project
