"""Small forms, read with limits."""

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from rewheel.server.errors import Refused
from rewheel.server.writing.bodies import pieces

__all__ = ["read_form"]


async def read_form(request: Request, *, limit: int, patience: float) -> dict[str, UploadFile | str]:
    """Read a form of at most `limit` bytes; of repeated fields the last counts.

    Raises Refused when it is too large, too slow, or no form.
    """
    body = bytearray()
    async for piece in pieces(request.receive, limit=limit, patience=patience):
        body += piece

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        raise Refused(400, "this takes a form")
    try:
        form = await Request(request.scope, receive).form(max_files=1, max_fields=50, max_part_size=limit)
    except (HTTPException, ValueError, LookupError) as error:
        raise Refused(400, "the form is malformed", hint="go back and try again") from error
    return dict(form)
