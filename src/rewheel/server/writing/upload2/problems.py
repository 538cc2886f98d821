"""Refusals as problem documents (RFC 9457, PEP 694 errors)."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from rewheel.server.answers import Answer
from rewheel.server.errors import Refused
from rewheel.server.writing.upload2.documents import API_VERSION

__all__ = ["Conflict", "problem"]


class Conflict(Refused):
    """What was asked for is not possible now (409); `errors` are pairs of what is in the way and why."""

    def __init__(
        self,
        message: str,
        errors: Sequence[tuple[str, str]] = (),
        *,
        hint: str = "",
        kind: str = "conflict",
        location: str = "",
    ) -> None:
        super().__init__(
            409, message, hint=hint, kind=kind, headers={"Location": location} if location else None
        )
        self.errors = tuple(errors)


def problem(refused: Refused) -> Answer:
    """Return a refusal as a problem document."""
    errors = refused.errors if isinstance(refused, Conflict) else ()
    kind = refused.kind or HTTPStatus(refused.status).phrase.lower().replace(" ", "-")
    document = {
        "type": f"urn:rewheel:problem:{kind}",
        "status": refused.status,
        "title": refused.message,
        "detail": refused.text,
        "details": refused.text,  # PEP 694 spells it so
        "meta": {"api-version": API_VERSION},
        "errors": [{"source": source, "message": message} for source, message in errors]
        or [{"source": refused.kind or "request", "message": refused.text}],
    }
    headers = [
        (name.lower().encode(), value.encode("latin-1", "replace")) for name, value in refused.headers.items()
    ]
    headers += [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    return Answer(refused.status, json.dumps(document).encode(), headers)
