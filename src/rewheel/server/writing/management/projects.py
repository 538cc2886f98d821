"""Managing projects: looked at in full, their status, limits, roles and organisation, and their end."""

import re
from collections.abc import Mapping
from typing import Any

from rewheel.server.catalog import files, organisations, projects, roles, stages
from rewheel.server.catalog.projects import Project, Status
from rewheel.server.catalog.roles import Role
from rewheel.server.errors import Refused
from rewheel.server.intake.limits import file_limit, project_quota, shown_size
from rewheel.server.permissions import Action, check_admin, check_manage, check_scope
from rewheel.server.writing.management.requests import Request
from rewheel.variants import normalize_project

__all__ = [
    "change_limits", "change_organisation", "change_role", "change_status", "describe", "listed",
    "register", "remove_role",
]  # fmt: skip

_NAME = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]{0,198}[A-Za-z0-9]")
"""PEP 508; with as many letters as the catalog has room for."""


def listed(request: Request) -> Mapping[str, Any]:
    """List the projects in which one has a role; administrators see all."""
    check_scope(request.identity, Action.READ)
    if request.identity.is_admin:
        return {"projects": list(projects.list_names(request.connection))}
    return {"projects": list(roles.owned_by(request.connection, request.identity.account_id))}


def describe(request: Request, name: str) -> Mapping[str, Any]:
    """Tell everything about a project that its pages do not show."""
    project = request.project(name)
    check_scope(request.identity, Action.READ, project.name)
    holders = roles.holders(request.connection, project.id)
    is_insider = request.identity.is_admin or roles.role_of(
        request.connection, project.id, request.identity.account_id
    )
    if not is_insider:
        raise Refused(403, f"{request.identity.name} has no role in {project.name}", kind="no-role")
    organisation = organisations.of_project(request.connection, project.id)
    return {
        "name": project.name,
        "display-name": project.display_name,
        "is-visible": project.is_visible,
        "status": project.status.value,
        "status-reason": project.status_reason,
        "file-limit": file_limit(request.settings, project),
        "quota": project_quota(request.settings, project),
        "used": files.project_size(request.connection, project.id),
        "organisation": organisation.name if organisation is not None else None,
        "roles": [{"account": holder.account, "role": holder.role.value} for holder in holders],
        "stages": [
            {"version": stage.version, "status": stage.status, "expires-at": stage.expires_at.isoformat()}
            for stage in stages.list_live(request.connection, project.name)
        ],
    }


def register(request: Request, name: str) -> Mapping[str, Any]:
    """Make a project of which nothing is published yet, for those who are to own it."""
    check_admin(request.identity)
    if not _NAME.fullmatch(name):
        raise Refused(400, f"{name[:200]!a} is not a name that a project can have", kind="invalid-request")
    if projects.find(request.connection, normalize_project(name), for_update=True) is not None:
        raise Refused(409, f"there is a project {name} already", kind="project-exists")
    owners = [(account, request.account_id(account)) for account in request.texts("owners") or ()]
    project = projects.create(request.connection, name)
    for account, account_id in owners:
        roles.grant(request.connection, project.id, account_id, Role.OWNER)
        request.record("role-grant", project=project.name, subject=account, role=Role.OWNER.value)
    projects.publish(request.connection, project)
    request.record("project-register", project=project.name)
    return describe(request, name)


def change_status(request: Request, name: str) -> Mapping[str, Any]:
    """Set the status of a project (PEP 792); only administrators put into quarantine, and out of it."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    text = request.text("status")
    if text not in set(Status):
        known = ", ".join(status.value for status in Status)
        raise Refused(400, f"'status' is one of {known}", kind="invalid-request")
    status = Status(text)
    if Status.QUARANTINED in {status, project.status}:
        check_admin(request.identity)
    reason = request.text("reason", "").strip()
    projects.change(request.connection, project.id, status=status.value, status_reason=reason)
    request.record(
        "project-status", project=project.name, before=project.status.value, after=status.value, reason=reason
    )
    return {"name": project.name, "status": status.value, "status-reason": reason}


def change_limits(request: Request, name: str) -> Mapping[str, Any]:
    """Grant a project other limits; null gives it those of the server again."""
    project = request.project(name, for_update=True)
    check_admin(request.identity)
    changes: dict[str, int | None] = {}
    if "file-limit" in request.document:
        limit = changes["file_limit"] = request.number("file-limit", least=1)
        hard = request.settings.hard_file_limit
        if limit is not None and limit > hard:
            raise Refused(
                400,
                f"no project can have files of more than {shown_size(hard)}",
                hint="larger wheels can lie with their owner (`rewheel wheel dismount`)",
                kind="beyond-hard-limit",
            )
    if "quota" in request.document:
        changes["quota"] = request.number("quota")
    if not changes:
        raise Refused(400, "neither 'file-limit' nor 'quota' is given", kind="invalid-request")
    projects.change(request.connection, project.id, **changes)
    request.record("project-limits", project=project.name, changes=changes)
    return describe(request, name)


def change_role(request: Request, name: str, account: str) -> Mapping[str, Any]:
    """Give an account a role in a project."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    text = request.text("role", Role.OWNER.value)
    if text not in set(Role):
        raise Refused(400, "'role' is owner or maintainer", kind="invalid-request")
    account_id = request.account_id(account)
    _keep_an_owner(request, project, account, Role(text))
    roles.grant(request.connection, project.id, account_id, Role(text))
    request.record("role-grant", project=project.name, subject=account, role=text)
    return describe(request, name)


def remove_role(request: Request, name: str, account: str) -> Mapping[str, Any]:
    """Take an account's role in a project away."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    account_id = request.account_id(account)
    _keep_an_owner(request, project, account, None)
    if not roles.revoke(request.connection, project.id, account_id):
        raise Refused(404, f"{account} has no role in {project.name}", kind="no-role")
    request.record("role-revoke", project=project.name, subject=account)
    return {"name": project.name, "account": account, "role": None}


def change_organisation(request: Request, name: str) -> Mapping[str, Any]:
    """Let a project belong to an organisation, or with null to none."""
    project = request.project(name, for_update=True)
    check_manage(request.connection, request.identity, project)
    if request.document.get("organisation") is None:
        organisations.assign(request.connection, project.id, None)
        request.record("project-organisation", project=project.name)
        return {"name": project.name, "organisation": None}
    wanted = request.text("organisation")
    found = organisations.find(request.connection, wanted)
    if found is None:
        raise Refused(404, f"there is no organisation {wanted[:200]!r}", kind="unknown-organisation")
    is_member = organisations.is_member(request.connection, found.id, request.identity.account_id)
    if not (is_member or request.identity.is_admin):
        raise Refused(403, f"{request.identity.name} does not act for {found.name}", kind="no-role")
    organisations.assign(request.connection, project.id, found.id)
    request.record("project-organisation", project=project.name, subject=found.name)
    return {"name": project.name, "organisation": found.name}


def _keep_an_owner(request: Request, project: Project, account: str, role: Role | None) -> None:
    """Refuse (409) to leave a project without owners; administrators may."""
    if role is Role.OWNER or request.identity.is_admin:
        return
    owners = {
        holder.account
        for holder in roles.holders(request.connection, project.id)
        if holder.role is Role.OWNER
    }
    if owners == {account}:
        raise Refused(409, f"{account} is the only owner of {project.name}", kind="last-owner")
