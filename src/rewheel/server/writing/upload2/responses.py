"""What Upload 2.0 answers: sessions and files as documents with links (PEP 694, response bodies)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rewheel.server.answers import Answer
from rewheel.server.catalog.stages import Stage, StagedFile
from rewheel.server.writing.upload2.documents import API_VERSION, CONTENT_TYPE, MECHANISM
from rewheel.server.writing.upload2.files import FileView
from rewheel.server.writing.upload2.sessions import View
from rewheel.server.writing.upload2.states import FileState, SessionState

__all__ = ["Links", "document_answer", "file_document", "session_document"]

_POLL_AFTER = "2"
"""Seconds after which it makes sense to ask again."""


class Links:
    """The URLs of sessions, files and stages, below the address by which the client came."""

    def __init__(self, base: str) -> None:
        """Take the address of the server, with a trailing slash."""
        self._base = base

    def session(self, stage: Stage) -> str:
        """Where a session is asked for and canceled."""
        return f"{self._base}upload/{stage.public_id}/"

    def file(self, stage: Stage, file: StagedFile) -> str:
        """Where a file of a session is asked for and deleted."""
        return f"{self.session(stage)}files/{file.public_id}/"

    def stage(self, stage: Stage) -> str:
        """Return the URL that installers take as an index."""
        return f"{self._base}stage/{stage.token}/simple/"

    def staged_file(self, stage: Stage, file: StagedFile) -> str:
        """Where whoever knows the stage gets a file, and whoever may upload deletes it."""
        return f"{self._base}stage/{stage.token}/file/{quote(file.filename)}"


def session_document(view: View, links: Links) -> dict[str, Any]:
    """Write a session."""
    stage = view.stage
    session = links.session(stage)
    where = {
        "session": session,
        "publish": f"{session}publish",
        "upload": f"{session}files/",
        "extend": f"{session}extend",
        "stage": links.stage(stage),
    }
    return {
        "meta": {"api-version": API_VERSION},
        "links": where,
        "mechanisms": [MECHANISM],
        "session-token": stage.token,
        "expires-at": _zulu(stage.expires_at),
        "status": stage.status,
        "files": {file.filename: _listed(stage, file, links) for file in view.files},
        "notices": list(stage.notices),
    }


def _listed(stage: Stage, file: StagedFile, links: Links) -> dict[str, Any]:
    listed: dict[str, Any] = {"status": file.status, "link": links.staged_file(stage, file)}
    if file.error and file.status != FileState.PENDING:
        listed["notices"] = [file.error]
    return listed


def file_document(view: FileView, links: Links) -> dict[str, Any]:
    """Write a file of a session."""
    where = links.file(view.stage, view.file)
    document: dict[str, Any] = {
        "meta": {"api-version": API_VERSION},
        "links": {"file-upload-session": where, "complete": f"{where}complete"},
        "status": view.file.status,
        "expires-at": _zulu(view.stage.expires_at),
        "mechanism": {"identifier": view.file.mechanism, "file_url": f"{where}content"},
    }
    if SessionState(view.stage.status).is_terminal and view.stage.status == SessionState.CANCELED:
        document["status"] = FileState.CANCELED.value
    if view.file.error and view.file.status != FileState.PENDING:
        document["notices"] = [view.file.error]
    return document


def document_answer(
    status: int, document: Mapping[str, Any], *, location: str = "", polled: bool = False
) -> Answer:
    """Return a document, which nobody may keep: it holds the secret of the stage."""
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"cache-control", b"no-store")]
    if location:
        headers.append((b"location", location.encode()))
    if polled:
        headers.append((b"retry-after", _POLL_AFTER.encode()))
    return Answer(status, json.dumps(document).encode(), headers)


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
