"""Home, search, projects and releases: from a request to a page."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from rewheel.server import upstream
from rewheel.server.answers import Answer
from rewheel.server.catalog import figures, projects
from rewheel.server.errors import Refused
from rewheel.server.pages.assets import find_asset
from rewheel.server.pages.elsewhere import Elsewhere, releases_elsewhere
from rewheel.server.pages.gathering import Gathered, gather_release, project_page, release_row, release_rows
from rewheel.server.pages.listing import Pages, find_projects, latest_projects
from rewheel.server.pages.machine_question import MachineQuestion, read_question
from rewheel.server.pages.messages import message_page, refusal_page
from rewheel.server.pages.project_page import ReleaseRow
from rewheel.server.pages.readme import ReadmeRenderer
from rewheel.server.pages.sending import html_answer, packed_answer
from rewheel.server.pages.site import site_of
from rewheel.server.pages.templating import render
from rewheel.server.reading.packing import Packed
from rewheel.server.reading.page_cache import PageCache
from rewheel.server.services import Services
from rewheel.variants import normalize_project

__all__ = ["PublicPages"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_FIGURES_LAST = 60.0
"""Seconds for which the figures of the index are good enough."""
_COUNTS_LAST = 3600
"""Seconds after which a page is made anew for its download figures alone."""


class PublicPages:
    """The pages that everybody may see; several threads make them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings
        self._cache = PageCache(services.settings.page_cache // 4)
        self._renderer = ReadmeRenderer()
        self._figures: tuple[float, figures.Figures] | None = None
        self._counting = threading.Lock()
        upstreams = services.upstreams
        self._elsewhere = Elsewhere(services, upstreams) if upstreams is not None else None

    def close(self) -> None:
        """End what works for these pages."""
        self._renderer.close()

    # Handlers

    async def home(self, request: Request) -> ASGIApp:
        """Show the search, figures, and what is new."""
        return await self._made(request, self._home)

    async def search(self, request: Request) -> ASGIApp:
        """Show what a query finds."""
        return await self._made(request, self._search)

    async def project(self, request: Request) -> ASGIApp:
        """Show a project with its latest release, or with the one that is named."""
        version = request.path_params.get("version")
        return await self._wherever(
            request, self._project, lambda name: self._foreign(request, name, version)
        )

    async def releases(self, request: Request) -> ASGIApp:
        """Show all releases of a project."""
        return await self._wherever(
            request, self._releases, lambda name: self._foreign_releases(request, name)
        )

    async def machine(self, request: Request) -> ASGIApp:
        """Show what the machine of a file would get of a release."""
        if request.method != "POST":
            return RedirectResponse("../#machine", 303)
        try:
            question = await read_question(request, patience=self._settings.body_timeout)
        except Refused as refused:
            return refusal_page(request, self._settings, refused)
        return await self._wherever(
            request,
            lambda asked: self._machine(asked, question),
            lambda name: self._foreign_machine(request, name, question),
        )

    async def asset(self, request: Request) -> ASGIApp:
        """Send a file that pages load."""
        found = find_asset(request.url.path)
        if found is None:
            return message_page(request, self._settings, 404, "there is no such file")
        for_ever = (b"cache-control", b"public, max-age=31536000, immutable")
        nosniff = (b"x-content-type-options", b"nosniff")
        kind = (b"content-type", found.media_type.encode())
        return Answer(200, found.content, [kind, for_ever, nosniff])

    # What they do, in threads

    async def _made(self, request: Request, make: Callable[[Request], Answer]) -> ASGIApp:
        try:
            return await self._services.run(make, request)
        except Refused as refused:
            return refusal_page(request, self._settings, refused)

    async def _wherever(
        self, request: Request, here: Callable[[Request], Answer], there: Callable[[str], Answer | None]
    ) -> ASGIApp:
        """Answer for a project of this index, or for one of the upstream indexes that may be asked for it.

        Those are asked in a thread of their own: what waits for them must not keep others from the database.
        """
        if self._elsewhere is not None:
            try:
                name = self._name(request)
                is_here = await self._services.run(self._is_here, name)
                found = None if is_here else await to_thread.run_sync(there, name)
            except Refused as refused:
                return refusal_page(request, self._settings, refused)
            if found is not None:
                return found
        return await self._made(request, here)

    def _is_here(self, name: str) -> bool:
        with self._services.database.read() as connection:
            return projects.find(connection, name) is not None

    def _gathered(self, name: str, found: upstream.Answer, version: str | None) -> Gathered:
        assert self._elsewhere is not None
        gathered = self._elsewhere.gather(name, found, version)
        if gathered is None:
            raise _no_release(name, version)
        return gathered

    def _foreign(self, request: Request, name: str, version: str | None) -> Answer | None:
        """Show a project of an upstream index; as installers' pages, it is as fresh as that index's word."""
        assert self._elsewhere is not None
        found = self._elsewhere.find(name)
        if found is None:
            return None
        site = site_of(request, self._settings)
        python = request.query_params.get("python", "")[:10]
        state = self._elsewhere.state(name, found)
        key = f"{site.index_url} {name} {version or ''} {python} from {state}"
        page = self._cache.get(key, found.serial)
        if page is not None:
            return packed_answer(request, page)
        gathered = self._gathered(name, found, version)
        shown = project_page(gathered, python=python, index_url=site.index_url, renderer=self._renderer)
        page = Packed(render("project.html", site, page=shown))
        answer = packed_answer(request, page)
        if not gathered.problem:  # the next one may have better luck with the index file
            self._cache.put(key, found.serial, page, None)
        return answer

    def _foreign_machine(self, request: Request, name: str, question: MachineQuestion) -> Answer | None:
        assert self._elsewhere is not None
        found = self._elsewhere.find(name)
        if found is None:
            return None
        return self._answered(request, self._gathered(name, found, request.path_params["version"]), question)

    def _foreign_releases(self, request: Request, name: str) -> Answer | None:
        assert self._elsewhere is not None
        found = self._elsewhere.find(name)
        if found is None:
            return None
        number = request.query_params.get("page", "")[:7]
        place = site_of(request, self._settings).index_url
        key = f"{place} {name} releases {number} from {found.upstream.name}"
        page = self._cache.get(key, found.serial)
        if page is None:
            rows = [release_row(each) for each in releases_elsewhere(found)]
            page = self._listed(request, name, name, rows)
        answer = packed_answer(request, page)
        self._cache.put(key, found.serial, page, None)
        return answer

    def _home(self, request: Request) -> Answer:
        with self._services.database.read() as connection:
            now = time.monotonic()
            with self._counting:
                if self._figures is None or now - self._figures[0] > _FIGURES_LAST:
                    self._figures = (now, figures.take(connection))
                shown = self._figures[1]
            latest = latest_projects(connection)
        site = site_of(request, self._settings)
        return packed_answer(
            request, Packed(render("home.html", site, figures=shown, latest=latest, hide_search=True))
        )

    def _search(self, request: Request) -> Answer:
        query = " ".join(request.query_params.get("q", "")[:200].replace("\0", " ").split())
        with self._services.database.read() as connection:
            results = find_projects(connection, query, request.query_params.get("page", ""))
        site = site_of(request, self._settings)
        return packed_answer(request, Packed(render("search.html", site, query=query, results=results)))

    def _project(self, request: Request) -> Answer:
        name, version = self._name(request), request.path_params.get("version")
        python = request.query_params.get("python", "")[:10]
        site = site_of(request, self._settings)
        hour = int(time.time() // _COUNTS_LAST)
        key = f"{site.index_url} {name} {version or ''} {python} {hour}"
        with self._services.database.read() as connection:
            project = self._find(request, projects.find(connection, name))
            page = self._cache.get(key, project.serial)
            if page is None:
                gathered = gather_release(connection, project, version)
        if page is None:
            if gathered is None:
                raise _no_release(project.name, version)
            if self._elsewhere is not None:
                gathered = replace(gathered, origin=self._elsewhere.origin_of(project))
            shown = project_page(gathered, python=python, index_url=site.index_url, renderer=self._renderer)
            page = Packed(render("project.html", site, page=shown))
        answer = packed_answer(request, page)
        self._cache.put(key, project.serial, page, None)
        return answer

    def _releases(self, request: Request) -> Answer:
        with self._services.database.read() as connection:
            project = self._find(request, projects.find(connection, self._name(request)))
            rows = release_rows(connection, project)
        return packed_answer(request, self._listed(request, project.name, project.display_name, rows))

    def _listed(self, request: Request, name: str, display_name: str, rows: Sequence[ReleaseRow]) -> Packed:
        pages = Pages.at(request.query_params.get("page", ""), len(rows))
        content = render(
            "releases.html",
            site_of(request, self._settings),
            name=name,
            display_name=display_name,
            releases=rows[pages.entries],
            pages=pages,
        )
        return Packed(content)

    def _machine(self, request: Request, question: MachineQuestion) -> Answer:
        with self._services.database.read() as connection:
            project = self._find(request, projects.find(connection, self._name(request)))
            gathered = gather_release(connection, project, request.path_params["version"])
        if gathered is None:
            raise _no_release(project.name, request.path_params["version"])
        return self._answered(request, gathered, question)

    def _answered(self, request: Request, gathered: Gathered, question: MachineQuestion) -> Answer:
        answered = question.answer(gathered)
        content = render(
            "machine.html",
            site_of(request, self._settings),
            page=answered,
            answer=answered.answer,
            problem=answered.problem,
        )
        return html_answer(content, 400 if answered.problem else 200)

    def _name(self, request: Request) -> str:
        name: str = request.path_params["name"]
        if not _NAME.fullmatch(name):
            raise Refused(404, "no project can have this name", hint="search for it by a part of its name")
        return normalize_project(name)

    def _find(self, request: Request, project: projects.Project | None) -> projects.Project:
        if project is None or not project.is_visible:
            raise Refused(
                404,
                f"there is no project {self._name(request)} on this index",
                hint="search for a part of its name, or publish it",
            )
        return project


def _no_release(name: str, version: str | None) -> Refused:
    if version is None:
        return Refused(404, f"{name} has not published anything that is still here")
    return Refused(
        404,
        f"{name} has no release {version[:100]}",
        hint=f"its releases are listed at /project/{name}/releases/",
    )
