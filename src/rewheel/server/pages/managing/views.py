"""The management pages: who is asked to log in, what is shown, what a form does."""

import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp

from rewheel.server.answers import Answer
from rewheel.server.catalog import projects, showing, stages
from rewheel.server.errors import Refused
from rewheel.server.pages.forms import read_form
from rewheel.server.pages.listing import Pages
from rewheel.server.pages.managing.actions import DONE, Actions, Form
from rewheel.server.pages.managing.sessions import COOKIE, LASTS, Session, Sessions
from rewheel.server.pages.messages import refusal_page
from rewheel.server.pages.sending import html_answer
from rewheel.server.pages.site import site_of
from rewheel.server.pages.templating import render
from rewheel.server.pages.wording import sentence
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings
from rewheel.server.writing.management import Management
from rewheel.variants import normalize_project

__all__ = ["ManagementPages"]

_ENTRIES = 100
"""Lines of a page of the log."""
_LARGEST_FORM = 64 << 10
_INVALID = "This token is not valid: it is unknown, expired or revoked."


class ManagementPages:
    """Everything below `/admin/`. What may be done is decided by the operations, not here."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions = Sessions(services)
        self._management = Management(services)
        self._actions = Actions(services)

    # Handlers

    async def overview(self, request: Request) -> ASGIApp:
        """Show the projects that one looks after, or ask to log in."""
        return await self._inside(request, self._overview)

    async def project(self, request: Request) -> ASGIApp:
        """Show, and change, what is decided about a project."""
        return await self._inside(request, self._project)

    async def tokens(self, request: Request) -> ASGIApp:
        """Show tokens, make and revoke them."""
        return await self._inside(request, self._tokens)

    async def log(self, request: Request) -> ASGIApp:
        """Show who changed what."""
        return await self._inside(request, self._log)

    async def login(self, request: Request) -> ASGIApp:
        """Let somebody in who has a token."""
        try:
            form = await self._form(request)
            cookie = await self._services.run(self._sessions.begin, form.get("token", "").strip()[:500])
        except Refused as refused:
            return refusal_page(request, self._services.settings, refused)
        if cookie is None:
            return self._login_page(
                request, "This token is not valid: it is unknown, expired or revoked.", 403
            )
        return _redirect("/admin/", _cookie(request, cookie, LASTS))

    async def logout(self, request: Request) -> ASGIApp:
        """Forget who somebody is."""

        def leave(request: Request, session: Session, form: Form | None) -> Answer:
            del session
            if form is None:
                raise Refused(405, "logging out takes a form", headers={"Allow": "POST"})
            return _redirect("/", _cookie(request, "", 0))

        return await self._inside(request, leave)

    # Who is asked

    async def _inside(
        self, request: Request, make: Callable[[Request, Session, Form | None], Answer]
    ) -> ASGIApp:
        """Make a page for somebody who is logged in; a form counts only if it comes from one of our pages."""
        settings = self._services.settings
        try:
            session = await self._services.run(self._sessions.find, request)
            if session is None:
                return self._login_page(request)
            form = await self._form(request) if request.method == "POST" else None
            if form is not None:
                _check_key(form, session)
            return await self._services.run(make, request, session, form)
        except Refused as refused:
            return refusal_page(request, settings, refused)

    async def _form(self, request: Request) -> dict[str, str]:
        _check_origin(request, self._services.settings)
        patience = self._services.settings.body_timeout
        form = await read_form(request, limit=_LARGEST_FORM, patience=patience)
        return {key: value for key, value in form.items() if isinstance(value, str)}

    def _login_page(self, request: Request, problem: str = "", status: int = 200) -> Answer:
        return html_answer(render("login.html", self._site(request), problem=problem), status)

    # What is shown, in threads

    def _overview(self, request: Request, session: Session, form: Form | None) -> Answer:
        del form
        names = self._ask(session, "GET", "projects")["projects"]
        pages = Pages.at(request.query_params.get("page", ""), len(names))
        rows = [self._ask(session, "GET", f"projects/{name}") for name in names[pages.entries]]
        return self._page(request, session, "overview.html", projects=rows, pages=pages)

    def _project(self, request: Request, session: Session, form: Form | None) -> Answer:
        name = normalize_project(request.path_params["name"])
        problem = ""
        if form is not None:
            try:
                done = self._actions.act(session.identity, name, form)
                return _redirect(f"/admin/project/{quote(name)}/?done={done}")
            except Refused as refused:
                problem = " ".join(sentence(part) for part in (refused.message, refused.hint) if part)
        about = self._ask(session, "GET", f"projects/{name}")
        with self._services.database.read() as connection:
            found = projects.find(connection, name)
            assert found is not None  # the operation above has looked
            releases = showing.list_releases(connection, found.id)
            staged = stages.list_live(connection, name)
        content = {"project": found, "about": about, "releases": releases, "stages": staged}
        status = 400 if problem else 200
        return self._page(request, session, "project_admin.html", status, problem=problem, **content)

    def _tokens(self, request: Request, session: Session, form: Form | None) -> Answer:
        made: Mapping[str, Any] | None = None
        problem = ""
        if form is not None:
            try:
                if form.get("do") == "revoke":
                    self._ask(session, "DELETE", f"tokens/{form.get('id', '')[:20]}")
                    return _redirect("/admin/tokens/?done=revoke")
                made = self._ask(session, "POST", "tokens", _token_wanted(form))
            except Refused as refused:
                problem = " ".join(sentence(part) for part in (refused.message, refused.hint) if part)
        found = self._ask(session, "GET", "tokens")["tokens"]
        status = 400 if problem else 200
        return self._page(request, session, "tokens.html", status, tokens=found, made=made, problem=problem)

    def _log(self, request: Request, session: Session, form: Form | None) -> Answer:
        del form
        asked = {key: request.query_params.get(key, "")[:200] for key in ("project", "before")}
        query = {key: value for key, value in asked.items() if value} | {"limit": str(_ENTRIES)}
        found = self._management.answer(session.identity, "GET", "log", None, query)
        return self._page(
            request, session, "log.html", entries=found["entries"], project=asked["project"], most=_ENTRIES
        )

    def _ask(
        self, session: Session, method: str, path: str, document: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        return self._management.answer(session.identity, method, path, document)

    def _page(
        self,
        request: Request,
        session: Session,
        template: str,
        status: int = 200,
        **content: Any,  # noqa: ANN401
    ) -> Answer:
        done = DONE.get(request.query_params.get("done", ""), "") if request.method == "GET" else ""
        page = render(
            template,
            self._site(request),
            session=session,
            done=done,
            settings=self._services.settings,
            **content,
        )
        return html_answer(page, status)

    def _site(self, request: Request) -> Any:  # noqa: ANN401
        return site_of(request, self._services.settings)


def _token_wanted(form: Form) -> dict[str, Any]:
    """Return what the form for a new token asks of the API."""
    wanted: dict[str, Any] = {"name": form.get("name", "").strip()}
    if account := form.get("account", "").strip():
        wanted["account"] = account
    actions = [action for action in ("read", "upload", "manage") if form.get(f"may-{action}")]
    if len(actions) < 3:
        wanted["actions"] = actions
    if names := form.get("projects", "").replace(",", " ").split():
        wanted["projects"] = names
    days = form.get("days", "").strip()
    if days:
        if not days.isascii() or not days.isdecimal() or len(days) > 5:
            raise Refused(400, "the days that a token lasts are a whole number")
        wanted["expires-in-days"] = int(days)
    return wanted


def _check_key(form: Form, session: Session) -> None:
    """Refuse forms that none of our pages has shown to this session."""
    if not hmac.compare_digest(form.get("form-key", "").encode(), session.form_key.encode()):
        raise Refused(403, "this form is too old, or from elsewhere", hint="load the page again")


def _check_origin(request: Request, settings: ServerSettings) -> None:
    """Refuse forms that another site sends; browsers say where a form comes from."""
    origin = request.headers.get("origin")
    known = {request.headers.get("host", ""), urlsplit(settings.public_url).netloc}
    if origin is not None and origin.partition("://")[2] not in known:
        raise Refused(403, "this form comes from another site")


def _cookie(request: Request, value: str, lasts: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if request.url.scheme == "https" else ""
    text = f"{COOKIE}={value}; Path=/admin/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}"
    return (b"set-cookie", text.encode())


def _redirect(path: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(303, b"", [(b"location", path.encode()), (b"cache-control", b"no-store"), *headers])
