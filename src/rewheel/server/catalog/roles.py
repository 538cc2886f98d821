"""Roles: which accounts may do what with which projects."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, union_all, update

from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import accounts, organisation_members, projects, roles

__all__ = ["Holder", "Role", "grant", "holders", "owned_by", "revoke", "role_of"]


class Role(StrEnum):
    """What an account is to a project."""

    OWNER = "owner"
    """May upload, yank and delete, and decides about the project and its roles."""
    MAINTAINER = "maintainer"
    """May upload and yank."""


class Holder(NamedTuple):
    """An account with its role."""

    account: str
    role: Role


_HELD = Prepared(
    union_all(
        select(roles.c.role).where(
            roles.c.project_id == bindparam("project"), roles.c.account_id == bindparam("account")
        ),
        select(organisation_members.c.role)
        .join(projects, projects.c.organisation_id == organisation_members.c.organisation_id)
        .where(
            projects.c.id == bindparam("project"), organisation_members.c.account_id == bindparam("account")
        ),
    )
)
_CHANGE = Prepared(
    update(roles)
    .where(roles.c.project_id == bindparam("project"), roles.c.account_id == bindparam("account"))
    .values(role=bindparam("granted"))
)
_ADD = Prepared(insert(roles))


def role_of(connection: Connection, project_id: int, account_id: int) -> Role | None:
    """Return the role of an account in a project: its own, or that of its organisation's members."""
    held = _HELD.rows(connection, {"project": project_id, "account": account_id})
    found = {Role(role) for (role,) in held}
    if not found:
        return None
    return Role.OWNER if Role.OWNER in found else Role.MAINTAINER


def grant(connection: Connection, project_id: int, account_id: int, role: Role) -> None:
    """Give an account a role, in place of the one that it has."""
    if not _CHANGE.change(connection, {"project": project_id, "account": account_id, "granted": role.value}):
        _ADD.change(connection, {"project_id": project_id, "account_id": account_id, "role": role.value})


def revoke(connection: Connection, project_id: int, account_id: int) -> bool:
    """Take an account's role away; tell whether it had one."""
    gone = connection.execute(
        delete(roles).where(roles.c.project_id == project_id, roles.c.account_id == account_id)
    )
    return bool(gone.rowcount)


def holders(connection: Connection, project_id: int) -> Sequence[Holder]:
    """Return all who have a role of their own in a project, by name."""
    query = (
        select(accounts.c.name, roles.c.role)
        .join(accounts, accounts.c.id == roles.c.account_id)
        .where(roles.c.project_id == project_id)
        .order_by(accounts.c.name)
    )
    return [Holder(row.name, Role(row.role)) for row in connection.execute(query)]


def owned_by(connection: Connection, account_id: int) -> Sequence[str]:
    """Return the names of the projects in which an account has a role of its own."""
    query = (
        select(projects.c.name)
        .join(roles, roles.c.project_id == projects.c.id)
        .where(roles.c.account_id == account_id)
        .order_by(projects.c.name)
    )
    return connection.execute(query).scalars().all()
