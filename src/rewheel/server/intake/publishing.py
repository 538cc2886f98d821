"""The one step in which files, their metadata and the pages that list them become visible."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from rewheel.server.blobs import Blobs
from rewheel.server.catalog import (
    audit,
    files,
    hosting,
    loose,
    projects,
    releases,
    roles,
    search,
    stages,
    withdrawal,
)
from rewheel.server.catalog.hosting import Rival
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.roles import Role
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake.hosting import check_hosting
from rewheel.server.intake.inspection import Inspected
from rewheel.server.intake.limits import check_quota, file_limit, too_large
from rewheel.server.intake.naming import FileName, read_name
from rewheel.server.intake.variants import combined_document
from rewheel.server.new_names import check_new_name
from rewheel.server.permissions import check_upload
from rewheel.server.settings import ServerSettings

__all__ = ["check_name", "check_status", "hold", "publish", "renew_variants", "store"]


def store(blobs: Blobs, inspected: Inspected) -> None:
    """Put a file and its metadata into the storage; what no catalog speaks of does no harm there."""
    metadata = inspected.metadata
    along = {hashlib.sha256(metadata).hexdigest(): metadata} if metadata is not None else {}
    spooled = inspected.spooled
    if spooled.content is not None:
        blobs.put_several({**along, spooled.sha256: spooled.content})
    else:
        blobs.put(spooled.sha256, spooled.path, along=along)


def hold(connection: Connection, inspected: Inspected, renewed: Mapping[str, datetime]) -> None:
    """See to it that what `store` has put stays, from this transaction on (`loose.hold`)."""
    metadata = inspected.metadata
    along = [hashlib.sha256(metadata).hexdigest()] if metadata is not None else []
    loose.hold(connection, [inspected.spooled.sha256, *along], renewed)


def publish(
    connection: Connection,
    settings: ServerSettings,
    inspected: Sequence[Inspected],
    *,
    by: Identity | None,
    stage_id: int | None = None,
) -> Project:
    """Publish files of one project, whose blobs are stored, in the transaction of `connection`.

    All rights and limits are checked here, where nobody else can change the project meanwhile; without `by`
    it is the operator who publishes. Raises Refused, and IntegrityError when somebody else took a name at
    the same moment, which trying again explains. `stage_id` is the stage that the files come from.
    """
    first = inspected[0]
    project = projects.find(connection, first.project, for_update=True)
    if by is not None:
        check_upload(connection, by, first.project, project)
    is_renewed = False
    if project is None:
        if by is not None:
            check_new_name(connection, settings.new_projects, by, first.project)
        project = projects.create(connection, first.display_name)
        if by is not None:
            roles.grant(connection, project.id, by.account_id, Role.OWNER)
    check_status(project)
    kept_here = [each for each in inspected if each.hosting is None]
    check_quota(connection, settings, project, sum(each.spooled.size for each in kept_here))
    changed: set[int] = set()
    for each in inspected:
        limit = file_limit(settings, project)
        if each.spooled.size > limit:
            raise Refused(413, too_large(each.filename, limit), kind="file-too-large")
        rival = check_name(
            connection, read_name(each.uploaded_name), sha256=each.listed_sha256, apart_from=stage_id
        )
        organisation_id = check_hosting(connection, each.hosting, project, by) if each.hosting else None
        release_id, may_be_newest = _release_of(connection, project.id, each)
        is_renewed = is_renewed or may_be_newest
        if rival is not None:  # the wheel comes home (PEP 759, wheels can override RIMs)
            hosting.remove(connection, rival)
        files.add(connection, project.id, release_id, each.as_file(by=by, organisation_id=organisation_id))
        audit.record(
            connection, by, "publish", project=project.name, subject=each.uploaded_name,
            detail={"sha256": each.listed_sha256},
        )  # fmt: skip
        if each.variant_json is not None:
            changed.add(release_id)
    for release_id in changed:
        renew_variants(connection, release_id)
    projects.publish(connection, project)
    if is_renewed:
        search.renew(connection, project.id)
    return project


def _release_of(connection: Connection, project_id: int, file: Inspected) -> tuple[int, bool]:
    """Return the release of a file, which may begin with it; and whether this can make it the newest one."""
    found = releases.find(connection, project_id, file.sort_key)
    if found is not None:  # it may have been yanked as a whole, and is no longer
        return found, withdrawal.has_yanked(connection, found)
    made = releases.create(
        connection,
        project_id,
        version=file.version,
        sort_key=file.sort_key,
        description=file.description,
    )
    return made, True


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


def check_name(
    connection: Connection, name: FileName, *, sha256: str, apart_from: int | None = None
) -> Rival | None:
    """Refuse a name that is taken (409), or that was (400): what a name stands for never changes.

    Only a wheel may take the place of its own rim: that is then returned. `sha256` is that of the file,
    `apart_from` the stage that it comes from, whose names are its own.
    """
    filename = name.target
    rival = hosting.find_rival(connection, filename)
    if rival is not None:
        _check_succession(name, sha256, rival)
        return rival
    if stages.is_reserved(connection, name.rivals, apart_from=apart_from):
        raise Refused(
            409,
            f"{filename} is just being published by somebody else",
            hint="look again in a moment",
            kind="file-reserved",
        )
    if files.is_retired(connection, filename):
        raise Refused(
            400,
            f"{filename} was deleted, and its name is not used again",
            hint="publish a new version, or a wheel with another build number",
            kind="filename-retired",
        )
    return None


def _check_succession(name: FileName, sha256: str, rival: Rival) -> None:
    """Refuse (409) all but a wheel in the place of its rim, which is not yanked and gives its hash."""
    if name.is_rim and rival.is_external:
        reason = f"{name.target} is hosted externally already, and its rim is never replaced"
    elif name.is_rim:
        reason = f"{name.target} is here itself, so that it cannot be hosted externally any more"
    elif not rival.is_external:
        reason = f"{name.target} already exists, with other content"
    elif rival.is_yanked:
        reason = f"the rim of {name.target} is yanked, so that its wheel cannot take its place"
    elif sha256 != rival.sha256:
        reason = f"{name.target} is not the wheel of which the rim gives the hash, {rival.sha256}"
    else:
        return
    raise Refused(
        409,
        reason,
        hint="publish a new version, or a wheel with another build number",
        kind="file-exists",
    )
