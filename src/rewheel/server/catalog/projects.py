"""Projects: found, created, and touched by everything that changes what their pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, delete as delete_rows, insert, select, update

from rewheel.server.catalog.facts import first_serial, raise_first_serial, touch_list
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import projects
from rewheel.variants import normalize_project

__all__ = [
    "COLUMNS", "Project", "Status", "change", "create", "delete", "find", "list_names", "of_row", "publish",
    "touch",
]  # fmt: skip


class Status(StrEnum):
    """What a project's owners, or the operators, say about it (PEP 792)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"

    @property
    def accepts_uploads(self) -> bool:
        """Whether new files may be added."""
        return self in {Status.ACTIVE, Status.DEPRECATED}

    @property
    def offers_files(self) -> bool:
        """Whether installers get to see the files."""
        return self is not Status.QUARANTINED


@dataclass(frozen=True, slots=True)
class Project:
    """One project as it is in the catalog."""

    id: int
    name: str
    display_name: str
    status: Status
    status_reason: str
    file_limit: int | None
    quota: int | None
    serial: int
    is_visible: bool
    tracks: tuple[str, ...]
    alternate_locations: tuple[str, ...]


COLUMNS = (
    projects.c.id,
    projects.c.name,
    projects.c.display_name,
    projects.c.status,
    projects.c.status_reason,
    projects.c.file_limit,
    projects.c.quota,
    projects.c.serial,
    projects.c.is_visible,
    projects.c.tracks,
    projects.c.alternate_locations,
)
"""The columns of `Project`, in its order."""

_STATUS, _VISIBLE = COLUMNS.index(projects.c.status), COLUMNS.index(projects.c.is_visible)
_BY_NAME = select(*COLUMNS).where(projects.c.name == bindparam("name"))
_FIND, _FIND_FOR_UPDATE = Prepared(_BY_NAME), Prepared(_BY_NAME.with_for_update())
_CREATE = Prepared(insert(projects))
_TOUCH = Prepared(
    update(projects).where(projects.c.id == bindparam("project")).values(serial=projects.c.serial + 1)
)
_PUBLISH = Prepared(
    update(projects)
    .where(projects.c.id == bindparam("project"))
    .values(is_visible=True, serial=projects.c.serial + 1)
)


def find(connection: Connection, name: str, *, for_update: bool = False) -> Project | None:
    """Find a project by its normalised name.

    With `for_update`, whoever else wants to change it waits until this transaction is over.
    """
    if "\0" in name:  # PostgreSQL knows no such text
        return None
    row = (_FIND_FOR_UPDATE if for_update else _FIND).row(connection, {"name": name})
    return of_row(row) if row is not None else None


def of_row(row: Sequence[Any]) -> Project:
    """Return the project that a row of `COLUMNS` holds."""
    values = [*row[:-2], tuple(row[-2]), tuple(row[-1])]
    values[_STATUS], values[_VISIBLE] = Status(values[_STATUS]), bool(values[_VISIBLE])
    return Project(*values)


def create(connection: Connection, display_name: str) -> Project:
    """Create a project, not visible before it has something to show.

    Raises IntegrityError when there is one of the same normalised name.
    """
    name, serial = normalize_project(display_name), first_serial(connection)
    key = _CREATE.add(
        connection,
        {
            "name": name,
            "display_name": display_name,
            "status": Status.ACTIVE.value,
            "status_reason": "",
            "serial": serial,
            "is_visible": False,
            "tracks": [],
            "alternate_locations": [],
            "created_at": now(),
        },
    )
    return Project(
        key, name, display_name, Status.ACTIVE, "", None, None, serial, is_visible=False, tracks=(),
        alternate_locations=(),
    )  # fmt: skip


def touch(connection: Connection, project_id: int) -> None:
    """Say that something about a project has changed: caches hold its pages by its serial."""
    _TOUCH.change(connection, {"project": project_id})


def change(connection: Connection, project_id: int, **values: Any) -> None:  # noqa: ANN401 - columns
    """Change columns of a project, and say so to the caches."""
    connection.execute(
        update(projects).where(projects.c.id == project_id).values(serial=projects.c.serial + 1, **values)
    )


def delete(connection: Connection, project: Project) -> None:
    """Remove a project with all that belongs to it.

    If another one gets its name some day, its serials are higher: caches may still hold pages of this one.
    """
    raise_first_serial(connection, project.serial + 1)
    connection.execute(delete_rows(projects).where(projects.c.id == project.id))
    if project.is_visible:
        touch_list(connection)


def publish(connection: Connection, project: Project) -> None:
    """Let a project be seen in the list of projects from now on, and say to the caches that it has changed.

    `project` is what it was when nobody else could change it any more.
    """
    _PUBLISH.change(connection, {"project": project.id})
    if not project.is_visible:
        touch_list(connection)


def list_names(connection: Connection) -> Sequence[str]:
    """Return the names of all visible projects, sorted."""
    query = select(projects.c.name).where(projects.c.is_visible.is_(True)).order_by(projects.c.name)
    return connection.execute(query).scalars().all()
