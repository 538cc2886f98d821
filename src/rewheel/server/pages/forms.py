"""Small forms, read with limits."""

from io import BytesIO
from typing import NamedTuple

from multipart import MultipartError, parse_form_data
from starlette.requests import Request

from rewheel.server.errors import Refused
from rewheel.server.writing.bodies import pieces

__all__ = ["FormFile", "read_form"]

_MOST_FIELDS = 50


class FormFile(NamedTuple):
    """A file that somebody chose."""

    filename: str
    content: bytes


async def read_form(request: Request, *, limit: int, patience: float) -> dict[str, FormFile | str]:
    """Read a form of at most `limit` bytes with at most one file; of repeated fields the last counts.

    Raises Refused when it is too large, too slow, or no form.
    """
    body = bytearray()
    async for piece in pieces(request.receive, limit=limit, patience=patience):
        body += piece
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() not in {
        "multipart/form-data",
        "application/x-www-form-urlencoded",
    }:
        raise Refused(400, "this takes a form")
    environ = {"wsgi.input": BytesIO(body), "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body))}
    try:
        fields, files = parse_form_data(
            environ, ignore_errors=False, part_limit=_MOST_FIELDS, memory_limit=limit, spool_limit=limit
        )
    except (MultipartError, ValueError, LookupError) as error:
        raise Refused(400, "the form is malformed", hint="go back and try again") from error
    chosen = list(files.iterallitems())
    if len(chosen) > 1:
        raise Refused(400, "the form has more than one file")
    found: dict[str, FormFile | str] = dict(fields)
    return found | {name: FormFile(part.filename or "", part.raw) for name, part in chosen}
