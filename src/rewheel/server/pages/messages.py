"""Pages that say what went wrong, and where to go from there."""

from collections.abc import Sequence

from starlette.requests import Request

from rewheel.server.answers import Answer
from rewheel.server.errors import Refused
from rewheel.server.pages.project_page import Link
from rewheel.server.pages.sending import html_answer
from rewheel.server.pages.site import site_of
from rewheel.server.pages.templating import render
from rewheel.server.pages.wording import sentence
from rewheel.server.settings import ServerSettings

__all__ = ["message_page", "refusal_page", "wants_html"]

_HOME = Link("Home", "/")
_TITLES = {
    400: "That cannot be understood",
    401: "Please log in",
    403: "That is not allowed",
    404: "There is nothing here",
    408: "That took too long",
    409: "Somebody was faster",
    413: "That is too large",
    429: "Too many requests",
    500: "The server failed",
    503: "Not at the moment",
}


def message_page(
    request: Request,
    settings: ServerSettings,
    status: int,
    message: str,
    *,
    hint: str = "",
    links: Sequence[Link] = (_HOME,),
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    """Say what went wrong; `links` lead on."""
    content = render(
        "message.html",
        site_of(request, settings),
        status=status,
        title=_TITLES.get(status, "That did not work"),
        message=sentence(message),
        hint=sentence(hint),
        links=links,
    )
    return html_answer(content, status, *headers)


def refusal_page(request: Request, settings: ServerSettings, refused: Refused) -> Answer:
    """Say why a request is refused."""
    headers = [(name.lower().encode(), value.encode()) for name, value in refused.headers.items()]
    headers = [(name, value) for name, value in headers if name != b"www-authenticate"]
    return message_page(
        request, settings, refused.status, refused.message, hint=refused.hint, headers=headers
    )


def wants_html(request: Request) -> bool:
    """Tell whether a person sits behind the request: browsers say that they take HTML."""
    return "text/html" in request.headers.get("accept", "")
