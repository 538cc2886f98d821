"""`/api/`: management over HTTP, as JSON."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from rewheel.server.answers import Answer, header
from rewheel.server.errors import Refused
from rewheel.server.services import Services
from rewheel.server.writing.authentication import authenticate
from rewheel.server.writing.bodies import pieces
from rewheel.server.writing.management.dispatch import Management

__all__ = ["ManagementApi"]

_LIMIT = 64 * 1024


class ManagementApi:
    """Answers everything below `/api/`; a refusal is JSON with `error`, `hint` and `kind`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._management = Management(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            identity = await authenticate(self._services, scope)
            path = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
            document = await self._document(scope, receive)
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=20))
            found = await self._services.run(
                self._management.answer, identity, scope["method"], path, document, query
            )
            answer = _json(200, found)
        except Refused as refused:
            body = {"error": refused.message, "hint": refused.hint, "kind": refused.kind}
            answer = _json(refused.status, body, refused.headers)
        except ValueError:  # too many fields in the query
            answer = _json(400, {"error": "the query cannot be read", "hint": "", "kind": "invalid-request"})
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _document(self, scope: Scope, receive: Receive) -> Mapping[str, Any]:
        body = bytearray()
        patience = self._services.settings.body_timeout
        async for piece in pieces(receive, limit=_LIMIT, patience=patience):
            body += piece
        if not body:
            return {}
        if header(scope, b"content-type").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "requests are sent here as application/json", kind="content-type")
        try:
            document = json.loads(bytes(body).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Refused(400, "the request is no JSON document", kind="invalid-request") from error
        if not isinstance(document, dict):
            raise Refused(400, "the request is no JSON object", kind="invalid-request")
        return document


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    lines = [
        (name.lower().encode(), value.encode("latin-1", "replace")) for name, value in (headers or {}).items()
    ]
    lines += [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return Answer(status, json.dumps(document).encode(), lines)
