"""How pages are sent: with a strict policy for browsers, packed, and not at all to who has them already."""

from starlette.requests import Request

from rewheel.server.answers import Answer, header
from rewheel.server.reading.conditions import is_current
from rewheel.server.reading.negotiation import Encoding, choose_encoding
from rewheel.server.reading.packing import Packed

__all__ = ["html_answer", "packed_answer"]

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but our own files is loaded or run, whatever gets into a page."""

_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def packed_answer(request: Request, page: Packed) -> Answer:
    """Answer with a page that anybody may see, or with 304 if the client's copy is current.

    Packs the page if that was not done before, which takes a moment: call it in a thread.
    """
    encoding = choose_encoding(header(request.scope, b"accept-encoding"))
    etag = page.etag(encoding)
    headers = [
        *_HEADERS,
        (b"etag", etag.encode()),
        (b"vary", b"accept-encoding"),
        (b"cache-control", b"public, max-age=0, must-revalidate"),
    ]
    if is_current(header(request.scope, b"if-none-match"), "", etag=etag):
        return Answer(304, headers=headers)
    used = page.usable(encoding)
    if used is not Encoding.IDENTITY:
        headers.append((b"content-encoding", used.value.encode()))
    return Answer(200, page.form(encoding), headers)


def html_answer(content: bytes, status: int = 200, *more: tuple[bytes, bytes]) -> Answer:
    """Answer with a page that is for this client alone."""
    return Answer(status, content, [*_HEADERS, (b"cache-control", b"no-store"), *more])
