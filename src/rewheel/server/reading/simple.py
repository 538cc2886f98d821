"""`/simple/`: the list of projects, the page of a project, and the index files beside it."""

import re
from dataclasses import dataclass, replace
from functools import partial

from anyio import to_thread
from sqlalchemy import Connection
from starlette.types import Receive, Scope, Send

from rewheel.server import upstream
from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.catalog import facts, projects
from rewheel.server.errors import Refused
from rewheel.server.reading.assembling import assemble, assemble_plain, find_index_file
from rewheel.server.reading.conditions import is_current
from rewheel.server.reading.html_form import project_html, projects_html
from rewheel.server.reading.json_form import project_json, projects_json
from rewheel.server.reading.model import ProjectPage
from rewheel.server.reading.negotiation import Encoding, Form, choose_encoding, choose_form
from rewheel.server.reading.packing import Packed
from rewheel.server.reading.turns import Turns
from rewheel.server.reading.upstream_pages import combined_page, combined_serial, source_headers
from rewheel.server.services import Services
from rewheel.variants import normalize_project

__all__ = ["SimplePages"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_VARY = (b"vary", b"accept, accept-encoding")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a client wants, and has already."""

    key: str
    """Of the page in the cache."""
    form: Form
    encoding: Encoding
    if_none_match: str
    mark: int | None
    """Taken when the request came; see `Freshness`."""


class SimplePages:
    """The Simple API as an ASGI application, which answers below `/simple/`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._cache = services.page_cache
        self._turns = Turns()
        lifetime = services.settings.page_lifetime
        control = f"max-age={lifetime}" if lifetime else "max-age=0, must-revalidate"
        self._control = (b"cache-control", control.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope)
        except Refused as refused:
            answer = refusal(refused)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> Answer:
        if scope["method"] not in {"GET", "HEAD"}:
            return text_answer(405, "this can only be read", {"Allow": "GET, HEAD"})
        path = scope["path"].removeprefix("/simple/")
        wish = self._wish(scope, path)
        page = self._cache.current(wish.key, wish.mark)
        if page is not None and page.is_ready(wish.encoding):
            return self._finish(page, wish, wish.form.value.encode())
        if not path:
            return await self._services.run(self._list, wish)
        name, slash, rest = path.partition("/")
        if not _NAME.fullmatch(name):
            return text_answer(404, "there is no such project")
        normal = normalize_project(name)
        if rest:
            return await self._services.run(self._index_file, normal, rest, wish)
        if name != normal or not slash:
            goal = f"{'../' if slash else ''}{normal}/"
            query = scope["query_string"].decode("latin-1")
            return Answer(301, headers=[(b"location", (f"{goal}?{query}" if query else goal).encode())])
        at_once = self._at_once(normal, wish)
        if at_once is not None:
            return at_once
        async with self._turns.turn(wish.key):  # of many who wait for one page, the first renders it
            found = await self._services.render(self._project, normal, wish)
        return found if isinstance(found, Answer) else await self._elsewhere(normal, found, wish)

    def _wish(self, scope: Scope, path: str) -> _Wish:
        form = choose_form(header(scope, b"accept"), scope["query_string"].decode("latin-1"))
        return _Wish(
            f"{path}{'json' if form.is_json else 'html'}",
            form,
            choose_encoding(header(scope, b"accept-encoding")),
            header(scope, b"if-none-match"),
            self._services.freshness.mark(),
        )

    def _at_once(self, name: str, wish: _Wish) -> Answer | None:
        """Answer without a thread if that takes little time; None if it takes more."""
        serial = self._services.freshness.serial(name)
        if serial == 0 and self._services.upstreams is None:
            return _unknown(name)
        if not serial:
            return None
        page = self._cache.get(wish.key, serial)
        if page is None:
            return self._small(name, wish)
        return self._send(serial, page, wish) if page.is_ready(wish.encoding) else None

    def _small(self, name: str, wish: _Wish) -> Answer | None:
        """Make the page of a small project: handing it to a thread and back would take as long."""
        found = self._services.small_projects.find(name)
        if found is None or (found[0].tracks and self._services.upstreams):
            return None
        page = assemble_plain(*found, provenance_root=self._services.settings.provenance_root)
        return self._send(page.serial, _written(page, wish), wish) if page is not None else None

    def _list(self, wish: _Wish) -> Answer:
        with self._services.database.read() as connection:
            serial = facts.list_serial(connection)
            page = self._cache.get(wish.key, serial)
            if page is None:
                names = projects.list_names(connection)
                page = Packed((projects_json if wish.form.is_json else projects_html)(names, serial))
        return self._send(serial, page, wish)

    def _project(self, name: str, wish: _Wish) -> "Answer | projects.Project | None":
        """Answer for a project that is here; one that others may have a say about is given itself."""
        with self._services.database.read() as connection:
            project = projects.find(connection, name)
            if project is None or not project.is_visible or (project.tracks and self._services.upstreams):
                return project
            page = self._cache.get(wish.key, project.serial)
            if page is None:
                page = _written(self._assembled(connection, project), wish)
        return self._send(project.serial, page, wish)

    def _assembled(self, connection: Connection, project: projects.Project) -> ProjectPage:
        return assemble(connection, project, provenance_root=self._services.settings.provenance_root)

    async def _elsewhere(self, name: str, project: projects.Project | None, wish: _Wish) -> Answer:
        """Answer with what upstream indexes have, if they may be asked, beside what is here."""
        upstreams, found = self._services.upstreams, None
        if project is not None and not project.is_visible:
            return _unknown(name)  # it is being prepared here, and so is nobody else's
        if upstreams is not None:
            tracks = project.tracks if project is not None else ()
            ask = partial(upstreams.find, name, is_local=project is not None, tracks=tracks)
            found = await to_thread.run_sync(ask)
        if found is None and project is None:
            return _unknown(name)
        return await self._services.run(self._combined, name, project, found, wish)

    def _combined(
        self, name: str, project: projects.Project | None, found: upstream.Answer | None, wish: _Wish
    ) -> Answer:
        """Answer with both; the mark says nothing about other indexes, so serials are compared every time."""
        source = found.upstream.name if found is not None else ""
        serial = combined_serial(project, found)
        both = replace(wish, key=f"{wish.key}/{source}", mark=None)
        page = self._cache.get(both.key, serial)
        if page is None:
            local = None
            if project is not None:
                with self._services.database.read() as connection:
                    local = self._assembled(connection, project)
            page = _written(combined_page(name, local, found), wish)
        answer = self._send(serial, page, both)
        return replace(answer, headers=[*answer.headers, *source_headers(found)])

    def _index_file(self, name: str, rest: str, wish: _Wish) -> Answer:
        """Answer with the index file of a release; it changes, so it is no more cached than the page."""
        text = None
        with self._services.database.read() as connection:
            project = projects.find(connection, name)
            if project is not None and project.is_visible and project.status.offers_files:
                text = find_index_file(connection, project, rest)
        if text is None:
            return text_answer(404, f"there is no {rest[:200]!r} here")
        return self._finish(Packed(text.encode()), wish, b"application/json")

    def _send(self, serial: int, page: Packed, wish: _Wish) -> Answer:
        answer = self._finish(page, wish, wish.form.value.encode())
        self._cache.put(wish.key, serial, page, wish.mark)
        return answer

    def _finish(self, page: Packed, wish: _Wish, content_type: bytes) -> Answer:
        etag = page.etag(wish.encoding)
        headers = [(b"etag", etag.encode()), _VARY, self._control]
        if is_current(wish.if_none_match, "", etag=etag):
            return Answer(304, headers=headers)
        headers.append((b"content-type", content_type))
        encoding = page.usable(wish.encoding)
        if encoding is not Encoding.IDENTITY:
            headers.append((b"content-encoding", encoding.value.encode()))
        return Answer(200, page.form(encoding), headers)


def _written(page: ProjectPage, wish: _Wish) -> Packed:
    return Packed((project_json if wish.form.is_json else project_html)(page))


def _unknown(name: str) -> Answer:
    return text_answer(404, f"there is no project {name} here")
