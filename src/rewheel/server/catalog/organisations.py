"""Organisations: they answer for projects together, and for wheels that they host themselves (PEP 759)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.roles import Holder, Role
from rewheel.server.catalog.schema import accounts, files, organisation_members, organisations, projects

__all__ = [
    "Organisation", "add_member", "assign", "find", "hosts_files", "is_member", "list_all", "members",
    "of_project", "remove", "remove_member", "save",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation as it is in the catalog."""

    id: int
    name: str
    support_url: str
    """Whom to ask for help, as a `mailto:` or web address; empty if nobody has said so."""
    may_host_externally: bool
    """Whether an administrator lets it host wheels elsewhere."""


_COLUMNS = (
    organisations.c.id,
    organisations.c.name,
    organisations.c.support_url,
    organisations.c.may_host_externally,
)


def find(connection: Connection, name: str) -> Organisation | None:
    """Find an organisation by its name."""
    row = connection.execute(select(*_COLUMNS).where(organisations.c.name == name)).one_or_none()
    return Organisation(*row) if row is not None else None


def of_project(connection: Connection, project_id: int) -> Organisation | None:
    """Return the organisation that a project belongs to."""
    query = select(*_COLUMNS).join(projects, projects.c.organisation_id == organisations.c.id)
    row = connection.execute(query.where(projects.c.id == project_id)).one_or_none()
    return Organisation(*row) if row is not None else None


def hosts_files(connection: Connection, organisation_id: int) -> bool:
    """Tell whether an organisation answers for wheels that lie elsewhere."""
    query = select(files.c.id).where(files.c.organisation_id == organisation_id).limit(1)
    return connection.execute(query).first() is not None


def list_all(connection: Connection) -> Sequence[Organisation]:
    """Return all organisations, by name."""
    return [
        Organisation(*row) for row in connection.execute(select(*_COLUMNS).order_by(organisations.c.name))
    ]


def save(connection: Connection, name: str, *, support_url: str, may_host_externally: bool) -> Organisation:
    """Create an organisation, or change the one of this name."""
    values = {"support_url": support_url, "may_host_externally": may_host_externally}
    changed = connection.execute(update(organisations).where(organisations.c.name == name).values(**values))
    if not changed.rowcount:
        connection.execute(insert(organisations).values(name=name, created_at=now(), **values))
    found = find(connection, name)
    assert found is not None
    own = select(projects.c.id).where(projects.c.organisation_id == found.id)
    hosted = select(files.c.project_id).where(files.c.organisation_id == found.id)
    for project_id in connection.execute(own.union(hosted)).scalars().all():
        _touch(connection, project_id)  # their pages name whom to ask
    return found


def remove(connection: Connection, organisation_id: int) -> None:
    """Remove an organisation; its projects belong to their owners alone from then on."""
    connection.execute(delete(organisations).where(organisations.c.id == organisation_id))


def assign(connection: Connection, project_id: int, organisation_id: int | None) -> None:
    """Let a project belong to an organisation, or to none."""
    connection.execute(
        update(projects).where(projects.c.id == project_id).values(organisation_id=organisation_id)
    )
    _touch(connection, project_id)


def members(connection: Connection, organisation_id: int) -> Sequence[Holder]:
    """Return the members of an organisation, by name."""
    query = (
        select(accounts.c.name, organisation_members.c.role)
        .join(accounts, accounts.c.id == organisation_members.c.account_id)
        .where(organisation_members.c.organisation_id == organisation_id)
        .order_by(accounts.c.name)
    )
    return [Holder(row.name, Role(row.role)) for row in connection.execute(query)]


def is_member(connection: Connection, organisation_id: int, account_id: int) -> bool:
    """Tell whether an account belongs to an organisation."""
    query = select(organisation_members.c.role).where(
        organisation_members.c.organisation_id == organisation_id,
        organisation_members.c.account_id == account_id,
    )
    return connection.execute(query).first() is not None


def add_member(connection: Connection, organisation_id: int, account_id: int, role: Role) -> None:
    """Let an account act for an organisation, with this role in all of its projects."""
    remove_member(connection, organisation_id, account_id)
    connection.execute(
        insert(organisation_members).values(
            organisation_id=organisation_id, account_id=account_id, role=role.value
        )
    )


def remove_member(connection: Connection, organisation_id: int, account_id: int) -> bool:
    """Let an account act for an organisation no more; tell whether it did."""
    gone = connection.execute(
        delete(organisation_members).where(
            organisation_members.c.organisation_id == organisation_id,
            organisation_members.c.account_id == account_id,
        )
    )
    return bool(gone.rowcount)


def _touch(connection: Connection, project_id: int) -> None:
    connection.execute(
        update(projects).where(projects.c.id == project_id).values(serial=projects.c.serial + 1)
    )
