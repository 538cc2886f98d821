"""Who makes a request."""

import base64
import binascii
from functools import partial

from starlette.types import Scope

from rewheel.server.answers import header
from rewheel.server.catalog import tokens
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.services import Services

__all__ = ["authenticate", "secret_of"]

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="rewheel"'}


def secret_of(scope: Scope) -> str:
    """Return the token of a request, given as `Bearer` or as the password of any user; empty if none is."""
    kind, _, value = header(scope, b"authorization").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()[:500]
    if kind.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2][:500]


async def authenticate(services: Services, scope: Scope) -> Identity:
    """Return who makes the request; raises Refused (401) when nobody says so, or wrongly."""
    secret = secret_of(scope)
    if not secret:
        raise Refused(
            401,
            "this needs a token",
            hint="give it as the password of the user __token__",
            kind="no-token",
            headers=_CHALLENGE,
        )
    identity = await services.look_up(partial(tokens.identify, secret=secret))
    if identity is None:
        raise Refused(
            401,
            "the token is not valid: it is unknown, expired or revoked",
            hint="ask an administrator for a new one",
            kind="invalid-token",
            headers=_CHALLENGE,
        )
    if not identity.is_use_noted:
        await services.run(_note_use, services, identity)
    return identity


def _note_use(services: Services, identity: Identity) -> None:
    with services.database.write() as connection:
        tokens.mark_used(connection, identity.token_id)
