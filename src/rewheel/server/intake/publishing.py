"""The one step in which files, their metadata and the pages that list them become visible."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from rewheel.server.blobs import Blobs
from rewheel.server.catalog import files, projects, releases, search
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake.inspection import Inspected
from rewheel.server.intake.limits import check_quota, file_limit, too_large
from rewheel.server.intake.variants import combined_document
from rewheel.server.settings import ServerSettings

__all__ = ["check_name", "check_status", "publish", "renew_variants", "store"]


def store(blobs: Blobs, inspected: Inspected) -> None:
    """Put a file and its metadata into the storage; what no catalog speaks of does no harm there."""
    if inspected.metadata is not None:
        blobs.put_bytes(hashlib.sha256(inspected.metadata).hexdigest(), inspected.metadata)
    blobs.put(inspected.spooled.sha256, inspected.spooled.path)


def publish(
    connection: Connection, settings: ServerSettings, inspected: Sequence[Inspected], *, by: Identity | None
) -> Project:
    """Publish files of one project, whose blobs are stored, in the transaction of `connection`.

    All limits are checked here, where nobody else can change the project meanwhile. Raises Refused, and
    IntegrityError when somebody else took a name at the same moment, which trying again explains.
    """
    first = inspected[0]
    project = projects.find(connection, first.project, for_update=True)
    if project is None:
        project = projects.create(connection, first.display_name)
    check_status(project)
    check_quota(connection, settings, project, sum(each.spooled.size for each in inspected))
    changed: set[int] = set()
    for each in inspected:
        limit = file_limit(settings, project)
        if each.spooled.size > limit:
            raise Refused(413, too_large(each.filename, limit), kind="file-too-large")
        check_name(connection, each.filename)
        release_id = releases.find_or_create(
            connection,
            project.id,
            version=each.version,
            sort_key=each.sort_key,
            description=each.description,
        )
        files.add(connection, project.id, release_id, each.as_file(by=by))
        if each.variant_json is not None:
            changed.add(release_id)
    for release_id in changed:
        renew_variants(connection, release_id)
    projects.publish(connection, project.id)
    search.renew(connection, project.id)
    projects.touch(connection, project.id)
    return project


def renew_variants(connection: Connection, release_id: int) -> None:
    """Write the index file of a release anew, after its wheels have changed."""
    releases.keep_variants(
        connection, release_id, combined_document(releases.variant_documents(connection, release_id))
    )


def check_status(project: Project) -> None:
    """Refuse (403) uploads to a project that takes none (PEP 792)."""
    if project.status.accepts_uploads:
        return
    reason = f": {project.status_reason}" if project.status_reason else ""
    raise Refused(
        403,
        f"{project.name} is {project.status.value} and takes no uploads{reason}",
        hint="its owners, or an administrator, can make it active again",
        kind=f"project-{project.status.value}",
    )


def check_name(connection: Connection, filename: str) -> None:
    """Refuse a name that is taken (409), or that was (400): what a name stands for never changes."""
    if files.digest_of(connection, filename) is not None:
        raise Refused(
            409,
            f"{filename} already exists, with other content",
            hint="publish a new version, or a wheel with another build number",
            kind="file-exists",
        )
    if files.is_retired(connection, filename):
        raise Refused(
            400,
            f"{filename} was deleted, and its name is not used again",
            hint="publish a new version, or a wheel with another build number",
            kind="filename-retired",
        )
