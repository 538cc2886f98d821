"""Publishing sessions: begun, looked at, extended, canceled (PEP 694, publishing session)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from rewheel.server.catalog import audit, projects, roles, stages
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.roles import Role
from rewheel.server.catalog.stages import Stage, StagedFile
from rewheel.server.catalog.tokens import Identity
from rewheel.server.catalog.versions import sort_key
from rewheel.server.errors import Refused
from rewheel.server.intake.publishing import check_status
from rewheel.server.new_names import check_new_name
from rewheel.server.permissions import check_upload
from rewheel.server.services import Services
from rewheel.server.writing.upload2.documents import SessionRequest
from rewheel.server.writing.upload2.problems import Conflict
from rewheel.server.writing.upload2.states import (
    SessionEvent,
    SessionState,
    Untimely,
    extended,
    session_after,
)

__all__ = ["Sessions", "View", "authorised", "locked", "sweep", "timely"]

_ATTEMPTS = 5
"""How often a session is tried to be made while others make the same project at the same moment."""

_LIFETIME = timedelta(days=7)
"""How long a session lasts unless it is extended."""
_LONGEST_LIFETIME = timedelta(days=30)
_RETENTION = timedelta(days=30)
"""How long it is known what became of a session."""


@dataclass(frozen=True, slots=True)
class View:
    """A session with the files that it lists."""

    stage: Stage
    files: Sequence[StagedFile]


class Sessions:
    """What can be done with sessions as such. Every method checks anew whether the sender may upload."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._rules = services.settings.new_projects

    def create(self, identity: Identity, request: SessionRequest) -> tuple[View, bool]:
        """Begin a session; if there is one for the release already, return that and false."""
        sweep(self._database)
        for attempt in range(_ATTEMPTS):
            try:
                with self._database.write() as connection:
                    return self._create(connection, identity, request)
            except IntegrityError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _create(
        self, connection: Connection, identity: Identity, request: SessionRequest
    ) -> tuple[View, bool]:
        project = projects.find(connection, request.name, for_update=True)
        check_upload(connection, identity, request.name, project)
        if project is None:  # the name is reserved while the session lasts
            check_new_name(connection, self._rules, identity, request.name)
            project = projects.create(connection, request.display_name)
            roles.grant(connection, project.id, identity.account_id, Role.OWNER)
        check_status(project)
        key = sort_key(request.version)
        known = stages.live(connection, project.name, key)
        if known is not None:
            return View(known, stages.files_of(connection, known.id)), False
        stage = stages.add(
            connection,
            project_id=project.id,
            project=project.name,
            version=str(request.version),
            sort_key=key,
            created_by=identity.account_id,
            expires_at=(now() + _LIFETIME).replace(microsecond=0),
        )
        audit.record(connection, identity, "stage-create", project=project.name, subject=stage.version)
        return View(stage, ()), True

    def status(self, identity: Identity, public_id: str) -> View:
        """Return a session; raises Refused (404, 403)."""
        sweep(self._database)
        with self._database.read() as connection:
            stage, _ = authorised(connection, identity, public_id)
            return View(stage, stages.files_of(connection, stage.id))

    def cancel(self, identity: Identity, public_id: str) -> None:
        """End a session without publishing anything."""
        sweep(self._database)
        with self._database.write() as connection:
            stage, _ = locked(connection, identity, public_id)
            with timely(stage):
                session_after(SessionState(stage.status), SessionEvent.CANCEL)
            _cancel(connection, stage, "it was canceled")
            audit.record(connection, identity, "stage-cancel", project=stage.project, subject=stage.version)

    def extend(self, identity: Identity, public_id: str, seconds: int) -> View:
        """Let a session last longer, as far as that is allowed."""
        sweep(self._database)
        with self._database.write() as connection:
            stage, _ = locked(connection, identity, public_id)
            with timely(stage):
                session_after(SessionState(stage.status), SessionEvent.CHANGE)
            until = extended(
                stage.expires_at, created_at=stage.created_at, seconds=seconds, lifetime=_LONGEST_LIFETIME
            )
            stages.change(connection, stage.id, expires_at=until)
            found = stages.find(connection, public_id)
            assert found is not None
            return View(found, stages.files_of(connection, stage.id))


def authorised(
    connection: Connection, identity: Identity, public_id: str, *, for_update: bool = False
) -> tuple[Stage, Project | None]:
    """Return a session and its project to somebody who may upload to it now; raises Refused (404, 403)."""
    stage = stages.find(connection, public_id)
    if stage is None:
        raise Refused(404, "there is no such session", kind="unknown-session")
    project = projects.find(connection, stage.project, for_update=for_update)
    check_upload(connection, identity, stage.project, project)
    is_own = stage.created_by == identity.account_id or identity.is_admin
    if project is None and not is_own:  # it was let go again, and with it everybody's role
        raise Refused(403, f"{identity.name} may not upload to {stage.project}", kind="no-role")
    if for_update:
        stage = stages.find(connection, public_id, for_update=True)
        assert stage is not None
    return stage, project


def locked(connection: Connection, identity: Identity, public_id: str) -> tuple[Stage, Project | None]:
    """Do as `authorised` does, and keep everybody else from changing project and session meanwhile."""
    return authorised(connection, identity, public_id, for_update=True)


@contextmanager
def timely(stage: Stage) -> Iterator[None]:
    """Refuse (409) what the state of the session, or of a file in it, does not allow."""
    try:
        yield
    except Untimely as error:
        subject = f"the session for {stage.project} {stage.version}"
        if isinstance(error.state, SessionState):
            message = f"{subject}: {error}"
        else:
            message = f"the file in {subject}: {error}"
        raise Conflict(message, kind="wrong-state") from error


def sweep(database: Database) -> None:
    """Cancel the sessions whose time is over, and forget those that ended long ago."""
    moment = now()
    with database.read() as connection:
        if not stages.expired(connection, moment):
            return
    with database.write() as connection:
        for due in stages.expired(connection, moment):
            projects.find(connection, due.project, for_update=True)
            stage = stages.find(connection, due.public_id, for_update=True)
            if stage is not None and SessionState(stage.status).is_editable and stage.expires_at <= moment:
                _cancel(connection, stage, "its time was over")
                audit.record(connection, None, "stage-expire", project=stage.project, subject=stage.version)
        stages.forget(connection, moment - _RETENTION)


def _cancel(connection: Connection, stage: Stage, notice: str) -> None:
    """End a session; a project that was only reserved for it is let go."""
    stages.change(connection, stage.id, status=SessionState.CANCELED.value, notices=[*stage.notices, notice])
    for file in stages.files_of(connection, stage.id):
        stages.cancel_file(connection, file)
    if stage.project_id is not None and not stages.reserved_by(connection, stage.project_id):
        stages.release_project(connection, stage.project_id)
