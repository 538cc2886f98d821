"""`/upload/`: Upload 2.0 as an ASGI application (PEP 694)."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from rewheel.server.addresses import base_url
from rewheel.server.answers import Answer, header
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake import open_spool
from rewheel.server.services import Services
from rewheel.server.writing.authentication import authenticate
from rewheel.server.writing.bodies import pieces
from rewheel.server.writing.upload2.documents import (
    DOCUMENT_LIMIT,
    FileRequest,
    SessionRequest,
    extension,
    read_document,
)
from rewheel.server.writing.upload2.files import SessionFiles
from rewheel.server.writing.upload2.problems import Conflict, problem
from rewheel.server.writing.upload2.publishing import SessionPublishing
from rewheel.server.writing.upload2.responses import Links, document_answer, file_document, session_document
from rewheel.server.writing.upload2.sessions import Sessions
from rewheel.server.writing.upload2.states import SessionState

__all__ = ["UploadApi"]

Handler = Callable[["_Request"], Awaitable[Answer]]

_NOTHING = Answer(204, headers=((b"cache-control", b"no-store"),))


class _Request:
    """One request: who makes it, which session and file it is about, and how to read its body."""

    def __init__(self, services: Services, scope: Scope, receive: Receive, parts: Sequence[str]) -> None:
        self._services = services
        self.scope = scope
        self.receive = receive
        self.session = parts[0] if parts else ""
        self.file = parts[2] if len(parts) > 2 else ""
        self.links = Links(base_url(services.settings, scope))
        self.identity = Identity(0, "", is_admin=False, token_id=0)

    async def document(self) -> dict[str, object]:
        """Read the JSON of the body."""
        body = bytearray()
        patience = self._services.settings.body_timeout
        async for piece in pieces(self.receive, limit=DOCUMENT_LIMIT, patience=patience):
            body += piece
        return dict(read_document(header(self.scope, b"content-type"), bytes(body)))

    @property
    def prefers_async(self) -> bool:
        """Whether the client would rather come back than wait (RFC 7240)."""
        wishes = header(self.scope, b"prefer").lower().split(",")
        return any(wish.partition(";")[0].strip() == "respond-async" for wish in wishes)


class UploadApi:
    """Answers everything below `/upload/`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions = Sessions(services)
        self._files = SessionFiles(services)
        self._publishing = SessionPublishing(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; deferred publishing goes on after its answer is sent."""
        path = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        request = _Request(self._services, scope, receive, path.split("/") if path else [])
        try:
            handler = self._handler(scope["method"], path.split("/") if path else [])
            request.identity = await authenticate(self._services, scope)
            answer = await handler(request)
        except Refused as refused:
            answer = problem(refused)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)
        if answer.status == 202 and handler == self._publish:
            run = self._services.look_later if await self._looks(request) else self._services.run
            await run(self._publishing.finish, request.session, request.identity)

    def _handler(self, method: str, parts: Sequence[str]) -> Handler:
        match parts:
            case []:
                known: dict[str, Handler] = {"POST": self._create}
            case [_]:
                known = {"GET": self._status, "DELETE": self._cancel}
            case [_, "publish"]:
                known = {"POST": self._publish}
            case [_, "extend"]:
                known = {"POST": self._extend}
            case [_, "files"]:
                known = {"POST": self._begin}
            case [_, "files", _]:
                known = {"GET": self._file_status, "DELETE": self._delete}
            case [_, "files", _, "content"]:
                known = {"POST": self._content}
            case [_, "files", _, "complete"]:
                known = {"POST": self._complete}
            case _:
                raise Refused(404, "there is nothing here", kind="not-found")
        if method not in known:
            raise Refused(
                405, f"{method} means nothing here", kind="method", headers={"Allow": ", ".join(known)}
            )
        return known[method]

    async def _create(self, request: _Request) -> Answer:
        wanted = SessionRequest.read(await request.document())
        view, is_new = await self._services.run(self._sessions.create, request.identity, wanted)
        location = request.links.session(view.stage)
        if not is_new:
            raise Conflict(
                f"there is a session for {view.stage.project} {view.stage.version} already",
                [("session", location)],
                hint="go on with it, or cancel it",
                kind="session-exists",
                location=location,
            )
        return document_answer(201, session_document(view, request.links), location=location)

    async def _status(self, request: _Request) -> Answer:
        view = await self._services.run(self._sessions.status, request.identity, request.session)
        if view.stage.status == SessionState.PROCESSING:
            run = self._services.look if await self._looks(request) else self._services.run
            try:
                await run(self._publishing.resume, request.session)
            except Refused as refused:
                if refused.kind != "too-many-looks":  # whoever asks again resumes it
                    raise
            view = await self._services.run(self._sessions.status, request.identity, request.session)
        is_polled = view.stage.status == SessionState.PROCESSING
        return document_answer(200, session_document(view, request.links), polled=is_polled)

    async def _cancel(self, request: _Request) -> Answer:
        await self._services.run(self._sessions.cancel, request.identity, request.session)
        return _NOTHING

    async def _extend(self, request: _Request) -> Answer:
        seconds = extension(await request.document())
        view = await self._services.run(self._sessions.extend, request.identity, request.session, seconds)
        return document_answer(200, session_document(view, request.links))

    async def _publish(self, request: _Request) -> Answer:
        await request.document()
        if request.prefers_async:
            stage = await self._services.run(self._publishing.begin, request.identity, request.session)
        else:
            looks = await self._looks(request)
            run = self._services.look if looks else self._services.run
            stage = await run(self._publishing.publish, request.identity, request.session, may_look=looks)
        view = await self._services.run(self._sessions.status, request.identity, request.session)
        return document_answer(
            202 if request.prefers_async else 201,
            session_document(view, request.links),
            location=request.links.session(stage),
            polled=request.prefers_async,
        )

    async def _looks(self, request: _Request) -> bool:
        """Tell whether publishing may wait for strangers' hosts: no thread that others need does so."""
        if self._services.external is None:
            return False
        return await self._services.run(self._publishing.looks_elsewhere, request.session)

    async def _begin(self, request: _Request) -> Answer:
        wanted = FileRequest.read(await request.document())
        view = await self._services.run(self._files.begin, request.identity, request.session, wanted)
        location = request.links.file(view.stage, view.file)
        return document_answer(202, file_document(view, request.links), location=location, polled=True)

    async def _file_status(self, request: _Request) -> Answer:
        view = await self._services.run(self._files.status, request.identity, request.session, request.file)
        return document_answer(200, file_document(view, request.links), polled=True)

    async def _delete(self, request: _Request) -> Answer:
        await self._services.run(self._files.delete, request.identity, request.session, request.file)
        return _NOTHING

    async def _content(self, request: _Request) -> Answer:
        """Take the bytes of a file in; not one more than were announced."""
        services = self._services
        if (
            header(request.scope, b"content-type").partition(";")[0].strip().lower()
            != "application/octet-stream"
        ):
            raise Refused(415, "files are sent here as application/octet-stream", kind="content-type")
        view = await services.run(self._files.expect, request.identity, request.session, request.file)
        limit = view.file.size
        too_large = f"more bytes arrive than the {limit} that were announced"
        with open_spool(services.spool, view.file.filename, limit=limit, too_large=too_large) as spool:
            # A little more is let in here, so that it is the spool that says what is wrong.
            arriving = pieces(
                request.receive, limit=limit + DOCUMENT_LIMIT, patience=services.settings.body_timeout
            )
            async for piece in arriving:
                await spool.write(piece)

            def keep() -> None:
                self._files.keep(request.identity, request.session, request.file, spool.finish())

            await services.run(keep)
        return _NOTHING

    async def _complete(self, request: _Request) -> Answer:
        await request.document()
        view = await self._services.run(self._files.complete, request.identity, request.session, request.file)
        location = request.links.file(view.stage, view.file)
        return document_answer(201, file_document(view, request.links), location=location)
