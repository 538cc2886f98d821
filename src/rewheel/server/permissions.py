"""Who may do what: the account's role, and within it what its token allows.

Asked at every request and again in the transaction that makes the change, so that a role or a token that is
taken away counts at once.
"""

from enum import StrEnum

from sqlalchemy import Connection

from rewheel.server.catalog import roles
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.roles import Role
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused

__all__ = ["Action", "check_admin", "check_manage", "check_scope", "check_upload", "check_yank"]


class Action(StrEnum):
    """What a token may be limited to."""

    READ = "read"
    """Looking at what is not public: roles, usage, the audit log."""
    UPLOAD = "upload"
    """Adding files, through any interface."""
    MANAGE = "manage"
    """Everything else: yanking, deleting, status, roles, and for administrators limits and organisations."""


def check_scope(identity: Identity, action: Action, project: str = "") -> None:
    """Refuse (403) what the token was not made for; without `project` it has to be for all of them."""
    actions = identity.scopes.get("actions")
    if actions is not None and action.value not in actions:
        raise _refused(f"this token may not {action.value}", kind="token-scope")
    limited = identity.scopes.get("projects")
    if limited is not None and project not in limited:
        what = project or "anything but certain projects"
        raise _refused(f"this token is not for {what}", kind="token-scope")


def check_upload(connection: Connection, identity: Identity, name: str, project: Project | None) -> None:
    """Refuse (403) uploads to a project by others than its owners and maintainers.

    Who may be the first to upload to a name that nobody has is another question (`new_names`).
    """
    check_scope(identity, Action.UPLOAD, name)
    if project is None or identity.is_admin or _role(connection, identity, project) is not None:
        return
    raise _no_role(identity, name, "upload to")


def check_yank(connection: Connection, identity: Identity, project: Project) -> None:
    """Refuse (403) yanking by others than owners and maintainers."""
    check_scope(identity, Action.MANAGE, project.name)
    if not identity.is_admin and _role(connection, identity, project) is None:
        raise _no_role(identity, project.name, "yank files of")


def check_manage(connection: Connection, identity: Identity, project: Project) -> None:
    """Refuse (403) decisions about a project by others than its owners."""
    check_scope(identity, Action.MANAGE, project.name)
    if not identity.is_admin and _role(connection, identity, project) is not Role.OWNER:
        raise _no_role(identity, project.name, "manage")


def check_admin(identity: Identity, action: Action = Action.MANAGE) -> None:
    """Refuse (403) what only administrators may do."""
    check_scope(identity, action)
    if not identity.is_admin:
        raise _refused("only administrators may do this", kind="not-admin")


def _role(connection: Connection, identity: Identity, project: Project) -> Role | None:
    return roles.role_of(connection, project.id, identity.account_id)


def _no_role(identity: Identity, name: str, what: str) -> Refused:
    return _refused(f"{identity.name} may not {what} {name}", kind="no-role")


def _refused(message: str, *, kind: str) -> Refused:
    return Refused(403, message, hint="ask an owner of the project, or an administrator", kind=kind)
