"""The files of a session: begun, received, completed, deleted (PEP 694, file upload session)."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rewheel.server.catalog import audit, stages
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.stages import Stage, StagedFile
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake import Spooled, inspect, store
from rewheel.server.intake.inspection import Inspected
from rewheel.server.intake.limits import check_quota, file_limit, too_large
from rewheel.server.intake.naming import FileName, read_name
from rewheel.server.intake.publishing import check_name, check_status, hold
from rewheel.server.intake.records import to_record
from rewheel.server.keeping import keep
from rewheel.server.services import Services
from rewheel.server.writing.upload2.documents import MECHANISM, FileRequest
from rewheel.server.writing.upload2.problems import Conflict
from rewheel.server.writing.upload2.sessions import authorised, locked, sweep, timely
from rewheel.server.writing.upload2.states import (
    FileEvent,
    FileState,
    SessionEvent,
    SessionState,
    file_after,
    session_after,
)

__all__ = ["FileView", "SessionFiles"]

_MOST_FILES = 2000
"""Files of one session; the largest releases that are known have a few hundred."""


@dataclass(frozen=True, slots=True)
class FileView:
    """A file with the session that it belongs to."""

    stage: Stage
    file: StagedFile


class SessionFiles:
    """What can be done with the files of a session. Each method checks anew who may upload."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database = services.database

    def begin(self, identity: Identity, public_id: str, request: FileRequest) -> FileView:
        """Make room for a file; raises Refused when it could never be published."""
        sweep(self._database)
        name = read_name(request.filename)
        with self._database.write() as connection:
            stage, project = self._editable(connection, identity, public_id)
            _check_belongs(stage, name)
            _check_count(stages.files_of(connection, stage.id))
            _check_rivals(connection, stage, name, request)
            self._check_size(connection, stage, project, name, request.size)
            for known in stages.files_of(connection, stage.id):
                if known.filename in name.rivals:
                    with timely(stage):
                        file_after(FileState(known.status), FileEvent.REPLACE)
                    stages.cancel_file(connection, known)
            file = stages.add_file(
                connection,
                stage.id,
                filename=request.filename,
                size=request.size,
                hashes=request.hashes,
                mechanism=MECHANISM,
            )
            stages.change(connection, stage.id)
            return FileView(stage, file)

    def expect(self, identity: Identity, public_id: str, file_id: str) -> FileView:
        """Return a file whose bytes may be sent now."""
        sweep(self._database)
        with self._database.read() as connection:
            stage, _ = authorised(connection, identity, public_id)
            file = _found(connection, stage, file_id)
            with timely(stage):
                session_after(SessionState(stage.status), SessionEvent.CHANGE)
                file_after(FileState(file.status), FileEvent.RECEIVE)
            return FileView(stage, file)

    def keep(self, identity: Identity, public_id: str, file_id: str, spooled: Spooled) -> None:
        """Look into what has arrived and keep it; what is wrong with it is told at its completion."""
        expected = self.expect(identity, public_id, file_id)
        error, inspected = "", None
        try:
            inspected = self._look(expected, spooled)
        except Refused as refused:
            if refused.status >= 500:
                raise
            error = refused.text
        record = to_record(inspected) if inspected is not None else None

        def put() -> None:
            if inspected is not None:
                store(self._services.blobs, inspected)

        def change(connection: Connection, renewed: Mapping[str, datetime]) -> None:
            stage, _ = self._editable(connection, identity, public_id)
            file = _found(connection, stage, file_id)
            with timely(stage):
                file_after(FileState(file.status), FileEvent.RECEIVE)
            if file.sha256 != spooled.sha256:  # other bytes have arrived before
                stages.let_go(connection, file)
            stages.change_file(connection, file.id, sha256=spooled.sha256, record=record, error=error or None)
            if inspected is not None:
                hold(connection, inspected, renewed)

        keep(self._database, put, change)

    def _look(self, expected: FileView, spooled: Spooled) -> Inspected:
        """Return what is in a file that is fit; raises Refused (400)."""
        _check_bytes(expected.file, spooled)
        inspected = inspect(spooled, allow_http=self._services.settings.allow_insecure_external)
        stage = expected.stage
        if (inspected.project, inspected.sort_key) != (stage.project, stage.sort_key):
            raise Refused(
                400,
                f"{spooled.path.name} is of {inspected.project} {inspected.version}, "
                f"not of {stage.project} {stage.version}",
                kind="wrong-release",
            )
        return inspected

    def complete(self, identity: Identity, public_id: str, file_id: str) -> FileView:
        """Accept a file into its session; raises Refused (400) when it is not fit, which is final."""
        sweep(self._database)
        with self._database.write() as connection:
            stage, _ = self._editable(connection, identity, public_id)
            file = _found(connection, stage, file_id)
            error = file.error or ("" if file.record is not None else "none of its bytes have arrived")
            event = FileEvent.FAIL if error else FileEvent.COMPLETE
            with timely(stage):
                following = file_after(FileState(file.status), event)
            stages.change_file(connection, file.id, status=following.value, error=error or None)
            found = _found(connection, stage, file_id)
        if error:
            raise Refused(
                400,
                f"{file.filename} cannot be completed: {error}",
                hint="delete it and begin it again",
                kind="unfit-file",
            )
        return FileView(stage, found)

    def status(self, identity: Identity, public_id: str, file_id: str) -> FileView:
        """Return a file, also one that was canceled."""
        sweep(self._database)
        with self._database.read() as connection:
            stage, _ = authorised(connection, identity, public_id)
            return FileView(stage, _found(connection, stage, file_id))

    def delete(self, identity: Identity, public_id: str, file_id: str) -> None:
        """Take a file out of its session."""
        self._delete(identity, public_id, lambda connection, stage: _found(connection, stage, file_id))

    def delete_named(self, identity: Identity, token: str, filename: str) -> None:
        """Take a file out of the session that has this secret."""
        with self._database.read() as connection:
            staged = stages.find_by_token(connection, token)
        if staged is None:
            raise Refused(404, "there is no such stage", kind="unknown-session")

        def find(connection: Connection, stage: Stage) -> StagedFile:
            for file in stages.files_of(connection, stage.id):
                if file.filename == filename:
                    return file
            raise Refused(404, "there is no such file in this stage", kind="unknown-file")

        self._delete(identity, staged.public_id, find)

    def _delete(
        self, identity: Identity, public_id: str, find: Callable[[Connection, Stage], StagedFile]
    ) -> None:
        sweep(self._database)
        with self._database.write() as connection:
            stage, _ = self._editable(connection, identity, public_id)
            file = find(connection, stage)
            with timely(stage):
                file_after(FileState(file.status), FileEvent.DELETE)
            stages.cancel_file(connection, file)
            stages.change(connection, stage.id)
            audit.record(
                connection, identity, "stage-delete-file", project=stage.project, subject=file.filename
            )

    def _editable(
        self, connection: Connection, identity: Identity, public_id: str
    ) -> tuple[Stage, Project | None]:
        stage, project = locked(connection, identity, public_id)
        with timely(stage):
            session_after(SessionState(stage.status), SessionEvent.CHANGE)
        if project is not None:
            check_status(project)
        return stage, project

    def _check_size(
        self, connection: Connection, stage: Stage, project: Project | None, name: FileName, size: int
    ) -> None:
        """Say before bytes are sent in vain that they would not be taken (409)."""
        settings = self._services.settings
        limit = file_limit(settings, project)
        if size > limit:
            raise Conflict(
                too_large(name.name, limit), [(name.name, f"it has {size} bytes")], kind="file-too-large"
            )
        waiting = sum(file.size for file in stages.files_of(connection, stage.id))
        if project is None:
            return
        try:
            check_quota(connection, settings, project, waiting + size)
        except Refused as refused:
            raise Conflict(refused.message, hint=refused.hint, kind=refused.kind) from refused


def _found(connection: Connection, stage: Stage, file_id: str) -> StagedFile:
    file = stages.find_file(connection, stage.id, file_id)
    if file is None:
        raise Refused(404, "there is no such file in this session", kind="unknown-file")
    return file


def _check_count(known: Sequence[StagedFile]) -> None:
    if len(known) >= _MOST_FILES:
        raise Conflict(
            f"the session has {len(known)} files already, and takes no more",
            hint="publish it, and add the others by another session",
            kind="too-many-files",
        )


def _check_belongs(stage: Stage, name: FileName) -> None:
    if (name.project, name.sort_key) != (stage.project, stage.sort_key):
        raise Refused(
            400,
            f"{name.name} does not belong to {stage.project} {stage.version}, which this session is for",
            kind="wrong-release",
        )


def _check_rivals(connection: Connection, stage: Stage, name: FileName, request: FileRequest) -> None:
    """Refuse (409) a name that is published, was deleted, or is just being published."""
    try:
        check_name(connection, name, sha256=request.hashes.get("sha256", ""), apart_from=stage.id)
    except Refused as refused:
        raise Conflict(
            refused.message, [(name.name, refused.message)], hint=refused.hint, kind=refused.kind
        ) from refused


def _check_bytes(file: StagedFile, spooled: Spooled) -> None:
    if spooled.size != file.size:
        raise Refused(400, f"{spooled.size} bytes have arrived, {file.size} were announced")
    for algorithm, wanted in file.hashes.items():
        found = spooled.sha256 if algorithm == "sha256" else spooled.digest(algorithm)
        if not hmac.compare_digest(found, wanted):
            raise Refused(400, f"its {algorithm} is {found}, and {wanted} was announced")
