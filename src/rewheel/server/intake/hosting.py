"""Whether a wheel may lie elsewhere: its host has to be known and reachable (PEP 759, resiliency)."""

from sqlalchemy import Connection

from rewheel.server.catalog import organisations
from rewheel.server.catalog.organisations import Organisation
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.wheels import ExternalHosting

__all__ = ["check_hosting"]

_WAY = "an administrator enables it (`rewheel index organisation set NAME --support URL --external`)"


def check_hosting(
    connection: Connection, hosting: ExternalHosting, project: Project, by: Identity | None
) -> int:
    """Return the id of the organisation that hosts a wheel; raises Refused (403) unless it may.

    The project has to belong to it. One that belongs to nobody yet becomes its own, if whoever uploads acts
    for it.
    """
    found = organisations.find(connection, hosting.owner)
    if found is None:
        raise _refused(f"there is no organisation {hosting.owner!r}, which the rim names as owner", _WAY)
    if not found.may_host_externally or not found.support_url:
        raise _refused(f"{found.name} is not enabled to host wheels externally", _WAY)
    current = organisations.of_project(connection, project.id)
    if current is None and (by is None or _acts_for(connection, by, found)):
        organisations.assign(connection, project.id, found.id)
    elif current is None or current.id != found.id:
        raise _refused(
            f"{project.name} does not belong to {found.name}, which the rim names as owner",
            f"an owner of both says so (`rewheel index project transfer {project.name} {found.name}`)",
        )
    return found.id


def _acts_for(connection: Connection, by: Identity, organisation: Organisation) -> bool:
    return by.is_admin or organisations.is_member(connection, organisation.id, by.account_id)


def _refused(message: str, hint: str) -> Refused:
    return Refused(403, message, hint=hint, kind="external-hosting")
