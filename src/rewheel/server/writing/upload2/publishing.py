"""Publishing a session: all of its files at once, or none of them (PEP 694, atomic publication)."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from rewheel.server.catalog import audit, projects, stages
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.stages import Stage, StagedFile
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake.accepting import check_elsewhere
from rewheel.server.intake.naming import read_name
from rewheel.server.intake.publishing import check_name, check_status, publish
from rewheel.server.intake.records import from_record
from rewheel.server.services import Services
from rewheel.server.writing.upload2.problems import Conflict
from rewheel.server.writing.upload2.sessions import authorised, locked, sweep, timely
from rewheel.server.writing.upload2.states import FileState, SessionEvent, SessionState, session_after

__all__ = ["SessionPublishing"]

_ATTEMPTS = 5
_GIVEN_UP = timedelta(minutes=5)
"""After this long without an end, deferred publishing is begun again: its process must have died."""


class SessionPublishing:
    """Publishes sessions, at once or, where a client prefers not to wait, after the answer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database = services.database

    def looks_elsewhere(self, public_id: str) -> bool:
        """Tell whether publishing a session means to look at wheels on hosts that strangers name."""
        if self._services.external is None:
            return False
        with self._database.read() as connection:
            stage = stages.find(connection, public_id)
            found = stages.files_of(connection, stage.id) if stage is not None else ()
        return any(file.filename.endswith(".rim") for file in found)

    def publish(self, identity: Identity, public_id: str, *, may_look: bool = True) -> Stage:
        """Publish a session now; raises Refused, and then the session is as it was.

        Without `may_look` no other host is waited for (`looks_elsewhere`).
        """
        sweep(self._database)
        self._check_blobs(identity, public_id, may_look=may_look)
        for attempt in range(_ATTEMPTS):
            try:
                with self._database.write() as connection:
                    stage, project, found = self._ready(connection, identity, public_id, SessionEvent.PUBLISH)
                    self._release(connection, stage, project, found, identity)
                    audit.record(
                        connection, identity, "stage-publish", project=stage.project, subject=stage.version
                    )
            except IntegrityError:  # somebody else took a name meanwhile; the next try says which
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return stage
        raise AssertionError

    def begin(self, identity: Identity, public_id: str) -> Stage:
        """Reserve the names of all files, so that `finish` can publish them later."""
        sweep(self._database)
        with self._database.write() as connection:
            stage, _, _ = self._ready(connection, identity, public_id, SessionEvent.DEFER)
            stages.change(connection, stage.id, status=SessionState.PROCESSING.value)
            audit.record(
                connection, identity, "stage-processing", project=stage.project, subject=stage.version
            )
            return stage

    def finish(self, public_id: str, identity: Identity | None = None) -> None:
        """Publish a session whose names are reserved; if that fails, it can be edited again and says why."""
        try:
            self._check_stored(public_id)
            with self._database.write() as connection:
                stage, project = self._processing(connection, public_id)
                if stage is None:
                    return
                assert project is not None  # it is kept as long as the session goes on
                check_status(project)
                found = stages.files_of(connection, stage.id)
                self._check_conflicts(connection, stage, found)
                self._release(connection, stage, project, found, identity)
                audit.record(
                    connection, identity, "stage-publish", project=stage.project, subject=stage.version
                )
        except (Refused, IntegrityError) as error:
            self._fail(public_id, error)

    def resume(self, public_id: str) -> None:
        """Finish what a process that died has left behind; of several that try, one does it."""
        with self._database.write() as connection:
            stage, _ = self._processing(connection, public_id)
            if stage is None or stage.changed_at > now() - _GIVEN_UP:
                return
            stages.change(connection, stage.id)
        self.finish(public_id)

    def _ready(
        self, connection: Connection, identity: Identity, public_id: str, event: SessionEvent
    ) -> tuple[Stage, Project, Sequence[StagedFile]]:
        """Make sure that a session may be published; raises Refused (403, 409)."""
        stage, project = locked(connection, identity, public_id)
        with timely(stage):
            session_after(SessionState(stage.status), event)
        assert project is not None  # it is kept as long as the session goes on
        check_status(project)
        found = stages.files_of(connection, stage.id)
        unfinished = [file for file in found if file.status != FileState.COMPLETED]
        if unfinished:
            raise Conflict(
                f"{len(unfinished)} of {len(found)} files are not completed: "
                + ", ".join(f"{file.filename} ({file.status})" for file in unfinished),
                [(file.filename, f"it is {file.status}") for file in unfinished],
                hint="complete or delete them, then publish again",
                kind="unfinished-files",
            )
        self._check_conflicts(connection, stage, found)
        return stage, project, found

    def _check_conflicts(self, connection: Connection, stage: Stage, found: Sequence[StagedFile]) -> None:
        """Refuse (409) with the names of all files whose names are taken meanwhile."""
        problems: list[tuple[str, str]] = []
        for file in found:
            try:
                check_name(
                    connection,
                    read_name(file.filename),
                    sha256=_listed_sha256(file),
                    apart_from=stage.id,
                )
            except Refused as refused:
                problems.append((file.filename, refused.message))
        if problems:
            raise Conflict(
                "; ".join(message for _, message in problems),
                problems,
                hint="delete them from the session, then publish again",
                kind="file-exists",
            )

    def _release(
        self,
        connection: Connection,
        stage: Stage,
        project: Project,
        found: Sequence[StagedFile],
        identity: Identity | None,
    ) -> None:
        """Make everything visible in the transaction of `connection`."""
        inspected = [from_record(file.record) for file in found if file.record is not None]
        assert len(inspected) == len(found)
        if inspected:
            publish(connection, self._services.settings, inspected, by=identity, stage_id=stage.id)
        else:  # the name is registered, with nothing to download yet
            projects.publish(connection, project)
        stages.change(connection, stage.id, status=SessionState.PUBLISHED.value, notices=[])
        stages.forget_records(connection, stage.id)

    def _check_blobs(self, identity: Identity, public_id: str, *, may_look: bool) -> None:
        with self._database.read() as connection:
            authorised(connection, identity, public_id)
        if not may_look and self.looks_elsewhere(public_id):
            raise Conflict("a rim has just been added to the session", hint="publish again")
        self._check_stored(public_id)

    def _check_stored(self, public_id: str) -> None:
        """Make sure, before anything is promised, that what is to be published is still there."""
        with self._database.read() as connection:
            stage = stages.find(connection, public_id)
            found = stages.files_of(connection, stage.id) if stage is not None else ()
        for file in found:
            if file.status == FileState.COMPLETED and file.record is not None:
                check_elsewhere(self._services, from_record(file.record))
            if file.status == FileState.COMPLETED and file.sha256 is not None:
                size = self._services.blobs.size(file.sha256)
                if size != file.size:
                    raise Conflict(
                        f"{file.filename} is no longer in the storage as it was",
                        [(file.filename, "it is damaged")],
                        hint="delete it and upload it again",
                        kind="blob-missing",
                    )

    def _processing(self, connection: Connection, public_id: str) -> tuple[Stage | None, Project | None]:
        known = stages.find(connection, public_id)
        if known is None:
            return None, None
        project = projects.find(connection, known.project, for_update=True)
        stage = stages.find(connection, public_id, for_update=True)
        if stage is None or stage.status != SessionState.PROCESSING:
            return None, None
        return stage, project

    def _fail(self, public_id: str, error: Refused | IntegrityError) -> None:
        """Let a session be edited again, with the reason among its notices."""
        reason = error.text if isinstance(error, Refused) else "somebody else took one of the names"
        with self._database.write() as connection:
            stage, _ = self._processing(connection, public_id)
            if stage is None:
                return
            stages.change(connection, stage.id, status=SessionState.ERROR.value, notices=[reason])
            blamed = dict(error.errors) if isinstance(error, Conflict) else {}
            for file in stages.files_of(connection, stage.id):
                stages.change_file(connection, file.id, error=blamed.get(file.filename))
            audit.record(
                connection, None, "stage-error", project=stage.project, subject=stage.version,
                detail={"reason": reason},
            )  # fmt: skip


def _listed_sha256(file: StagedFile) -> str:
    return from_record(file.record).listed_sha256 if file.record is not None else ""
