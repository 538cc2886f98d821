"""`/stage/TOKEN/`: a release before it is published, as an index for who knows the secret (PEP 694)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.types import Receive, Scope, Send

from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.catalog import projects, releases, stages
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.stages import Stage
from rewheel.server.errors import Refused
from rewheel.server.intake import Inspected
from rewheel.server.intake.records import from_record
from rewheel.server.intake.variants import combined_document
from rewheel.server.reading.assembling import assemble, index_filename
from rewheel.server.reading.downloads import Blob, Downloads, content_type
from rewheel.server.reading.html_form import project_html, projects_html
from rewheel.server.reading.json_form import project_json, projects_json
from rewheel.server.reading.model import ListedFile, ProjectPage
from rewheel.server.reading.negotiation import Form, choose_form
from rewheel.server.services import Services
from rewheel.server.writing.authentication import authenticate
from rewheel.server.writing.upload2.files import SessionFiles
from rewheel.server.writing.upload2.problems import problem
from rewheel.server.writing.upload2.states import FileState, SessionState

__all__ = ["StagePreview"]

_ROOT = "../../../../"
"""Where the root of the server is, seen from `/stage/TOKEN/simple/NAME/`."""
_FILES = "../../file/"
_METADATA = ".metadata"
_PRIVATE = (b"cache-control", b"private, no-store")


class _Found(NamedTuple):
    """A stage, its project, and what is in its completed files."""

    stage: Stage
    project: Project
    files: Sequence[Inspected]


class StagePreview:
    """The stages as an ASGI application, mounted at `/stage`; the secret in the address is all it takes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._downloads = Downloads(services)
        self._files = SessionFiles(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, send)
        except Refused as refused:
            answer = problem(refused) if scope["method"] == "DELETE" else refusal(refused)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send) -> Answer | None:
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        token, _, rest = path.partition("/")
        parts = rest.split("/")
        if scope["method"] == "DELETE" and len(parts) == 2 and parts[0] == "file":
            identity = await authenticate(self._services, scope)
            await self._services.run(self._files.delete_named, identity, token, parts[1])
            return Answer(204, headers=(_PRIVATE,))
        if scope["method"] not in {"GET", "HEAD"}:
            return text_answer(405, "this can only be read", {"Allow": "GET, HEAD"})
        match parts:
            case ["simple", ""]:
                return await self._services.run(self._list, token, _form(scope))
            case ["simple", name, ""]:
                return await self._services.run(self._project, token, name, _form(scope))
            case ["simple", name, filename]:
                return await self._services.run(self._index_file, token, name, filename)
            case ["file", filename]:
                blob = await self._services.run(self._blob, token, filename)
                return await self._downloads.respond(scope, send, blob, _PRIVATE)
        raise _nothing()

    def _list(self, token: str, form: Form) -> Answer:
        with self._services.database.read() as connection:
            found = _find(connection, token)
        render = projects_json if form.is_json else projects_html
        return _page(render([found.project.name], found.project.serial), form)

    def _project(self, token: str, name: str, form: Form) -> Answer:
        with self._services.database.read() as connection:
            found = _find(connection, token, name)
            page = _staged_page(connection, found, self._services.settings.provenance_root)
        return _page(project_json(page) if form.is_json else project_html(page), form)

    def _index_file(self, token: str, name: str, filename: str) -> Answer:
        with self._services.database.read() as connection:
            found = _find(connection, token, name)
            text = _variants(connection, found)
        if text is None or filename != index_filename(found.project.name, found.stage.version):
            raise _nothing()
        return Answer(200, text.encode(), ((b"content-type", b"application/json"), _PRIVATE))

    def _blob(self, token: str, name: str) -> Blob:
        filename = name.removesuffix(_METADATA)
        with self._services.database.read() as connection:
            found = _find(connection, token)
        for each in found.files:
            if each.filename == filename and found.project.status.offers_files:
                return self._blob_of(found, each, is_metadata=name != filename)
        raise _nothing()

    def _blob_of(self, found: _Found, each: Inspected, *, is_metadata: bool) -> Blob:
        moment = found.stage.changed_at
        if is_metadata:
            if each.metadata is None:
                raise _nothing()
            digest = hashlib.sha256(each.metadata).hexdigest()
            return Blob(digest, len(each.metadata), "text/plain; charset=utf-8", moment)
        return Blob(each.spooled.sha256, each.spooled.size, content_type(each.filename), moment)


def _find(connection: Connection, token: str, name: str = "") -> _Found:
    """Find a stage that is still going on; raises Refused (404)."""
    stage = stages.find_by_token(connection, token)
    if stage is None or SessionState(stage.status).is_terminal or (name and name != stage.project):
        raise _nothing()
    project = projects.find(connection, stage.project)
    if project is None:
        raise _nothing()
    completed = [
        from_record(file.record)
        for file in stages.files_of(connection, stage.id)
        if file.status == FileState.COMPLETED and file.record is not None
    ]
    return _Found(stage, project, completed)


def _staged_page(connection: Connection, found: _Found, provenance_root: str) -> ProjectPage:
    """Return the page that the project would have, so that an installer sees the release as it will be."""
    page = assemble(connection, found.project, root=_ROOT, provenance_root=provenance_root)
    if not found.project.status.offers_files:
        return page
    index_file = index_filename(found.project.name, found.stage.version)
    staged = {each.filename for each in found.files}
    listed = [file for file in page.files if file.filename not in staged and file.filename != index_file]
    listed = [
        file._replace(url=f"{_ROOT}simple/{found.project.name}/{file.url}") if "/" not in file.url else file
        for file in listed
    ]
    listed += [_listed(found, each) for each in found.files]
    if (text := _variants(connection, found)) is not None:
        content = text.encode()
        listed.append(
            ListedFile(index_file, quote(index_file), hashlib.sha256(content).hexdigest(), len(content))
        )
    versions = [*page.versions, *({found.stage.version} - set(page.versions))]
    return replace(page, files=listed, versions=versions if found.files else page.versions)


def _listed(found: _Found, each: Inspected) -> ListedFile:
    hosting = each.hosting
    metadata = hashlib.sha256(each.metadata).hexdigest() if each.metadata is not None else None
    return ListedFile(
        each.filename,
        hosting.uri if hosting is not None else _FILES + quote(each.filename),
        hosting.hashes["sha256"] if hosting is not None else each.spooled.sha256,
        hosting.size if hosting is not None else each.spooled.size,
        each.requires_python,
        metadata_sha256=metadata if hosting is None else None,
        uploaded_at=found.stage.changed_at,
    )


def _variants(connection: Connection, found: _Found) -> str | None:
    """Return the index file that the release would have; None without variants (PEP 825)."""
    documents = {each.filename: each.variant_json for each in found.files if each.variant_json is not None}
    release_id = releases.find(connection, found.project.id, found.stage.sort_key)
    if release_id is not None:
        documents = {**releases.variant_documents(connection, release_id), **documents}
    return combined_document(documents)


def _page(content: bytes, form: Form) -> Answer:
    headers = ((b"content-type", form.value.encode()), (b"vary", b"accept"), _PRIVATE)
    return Answer(200, content, headers)


def _form(scope: Scope) -> Form:
    return choose_form(header(scope, b"accept"), scope["query_string"].decode("latin-1"))


def _nothing() -> Refused:
    return Refused(404, "there is no such stage, or nothing of this name in it", kind="not-found")
