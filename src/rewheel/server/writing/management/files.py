"""Managing files: yanked and taken back (PEP 592), and deleted, which is for good."""

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.version import InvalidVersion, Version

from rewheel.server.catalog import projects, releases, search, stages, withdrawal
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.versions import sort_key
from rewheel.server.catalog.withdrawal import Held
from rewheel.server.errors import Refused
from rewheel.server.intake.publishing import renew_variants
from rewheel.server.permissions import check_manage, check_yank
from rewheel.server.writing.management.requests import Request

__all__ = ["delete_file", "delete_project", "delete_release", "unyank_file", "unyank_release", "yank_file",
           "yank_release"]  # fmt: skip


def yank_release(request: Request, name: str, version: str) -> Mapping[str, Any]:
    """Yank all files of a release: installers pass it over unless it is named exactly."""
    return _yank(request, name, version, "", request.text("reason", "").strip())


def unyank_release(request: Request, name: str, version: str) -> Mapping[str, Any]:
    """Take back what `yank_release` did."""
    return _yank(request, name, version, "", None)


def yank_file(request: Request, name: str, filename: str) -> Mapping[str, Any]:
    """Yank one file."""
    return _yank(request, name, "", filename, request.text("reason", "").strip())


def unyank_file(request: Request, name: str, filename: str) -> Mapping[str, Any]:
    """Take back what `yank_file` did."""
    return _yank(request, name, "", filename, None)


def delete_file(request: Request, name: str, filename: str) -> Mapping[str, Any]:
    """Delete one file; its name is never used again."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    return _delete(request, project, _found(request, project, "", filename), filename)


def delete_release(request: Request, name: str, version: str) -> Mapping[str, Any]:
    """Delete all files of a release; their names are never used again."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    return _delete(request, project, _found(request, project, version, ""), version)


def delete_project(request: Request, name: str) -> Mapping[str, Any]:
    """Delete a project with all that it has: its name is free again, those of its files are not."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    if stages.list_live(request.connection, project.name):
        raise Refused(
            409,
            f"there are open publishing sessions of {project.name}",
            hint="publish or cancel them first",
            kind="open-sessions",
        )
    doomed = withdrawal.held(request.connection, project.id)
    _retire(request, doomed)
    projects.delete(request.connection, project)
    request.record("project-delete", project=project.name, files=[file.filename for file in doomed])
    return {"name": project.name, "deleted": [file.filename for file in doomed]}


def _yank(request: Request, name: str, version: str, filename: str, reason: str | None) -> Mapping[str, Any]:
    project = request.project(name, for_update=True)
    check_yank(request.connection, request.identity, project)
    found = _found(request, project, version, filename)
    withdrawal.yank(request.connection, [file.id for file in found], reason)
    projects.touch(request.connection, project.id)
    search.renew(request.connection, project.id)
    detail = {"files": [file.filename for file in found], "reason": reason}
    action = "unyank" if reason is None else "yank"
    request.record(action, project=project.name, subject=version or filename, **detail)
    return {"name": project.name, "yanked": reason is not None, **detail}


def _delete(request: Request, project: Project, doomed: Sequence[Held], subject: str) -> Mapping[str, Any]:
    _retire(request, doomed)
    for release_id in {file.release_id for file in doomed}:
        if releases.is_empty(request.connection, release_id):
            releases.delete(request.connection, release_id)
        else:
            renew_variants(request.connection, release_id)
    projects.touch(request.connection, project.id)
    search.renew(request.connection, project.id)
    names = [file.filename for file in doomed]
    request.record("delete", project=project.name, subject=subject, files=names)
    return {"name": project.name, "deleted": names}


def _retire(request: Request, doomed: Sequence[Held]) -> None:
    for file in doomed:
        withdrawal.retire(request.connection, file)


def _found(request: Request, project: Project, version: str, filename: str) -> Sequence[Held]:
    """Return the files that are meant; raises Refused (404) when there are none."""
    known = withdrawal.held(request.connection, project.id)
    if filename:
        found = [file for file in known if file.filename == filename]
    else:
        try:
            key = sort_key(Version(version))
        except (InvalidVersion, ValueError) as error:
            raise Refused(404, f"{version[:100]!r} is no version", kind="unknown-release") from error
        found = [file for file in known if file.sort_key == key]
    if not found:
        raise Refused(404, f"{project.name} has no {(filename or version)[:200]!r}", kind="unknown-file")
    return found
