"""Being logged in: a signed cookie that stands for a token, as long as the token is valid."""

import hmac
import time
from dataclasses import dataclass
from functools import cached_property
from secrets import token_hex

from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from rewheel.server.catalog import facts, tokens
from rewheel.server.catalog.tokens import Identity
from rewheel.server.services import Services

__all__ = ["COOKIE", "Session", "Sessions"]

COOKIE = "rewheel-session"
LASTS = 8 * 3600
"""Seconds after which one has to log in again."""

_KEY = "session-key"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in."""

    identity: Identity
    form_key: str
    """Stands in every form: only our own pages know it, so that no other site can send one."""


class Sessions:
    """Lets people in by their tokens, and knows them again. All processes of an index share one key."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def begin(self, secret: str) -> str | None:
        """Return the cookie for whoever has this token; None if it is not valid."""
        with self._services.database.read() as connection:
            identity = tokens.identify(connection, secret)
        if identity is None:
            return None
        if not identity.is_use_noted:
            with self._services.database.write() as connection:
                tokens.mark_used(connection, identity.token_id)
        text = f"{identity.token_id}.{int(time.time()) + LASTS}.{token_hex(16)}"
        return f"{text}.{self._sign('session', text)}"

    def find(self, request: Request) -> Session | None:
        """Return who is logged in; None if nobody is, or not any more."""
        text, _, signature = request.cookies.get(COOKIE, "")[:300].rpartition(".")
        if not text or not hmac.compare_digest(self._sign("session", text), signature):
            return None
        token_id, ends, _ = text.split(".")  # it is ours, so it has three parts
        if int(ends) < time.time():
            return None
        with self._services.database.read() as connection:
            identity = tokens.identify_again(connection, int(token_id))
        return Session(identity, self._sign("form", text)) if identity is not None else None

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), "sha256").hexdigest()

    @cached_property
    def _key(self) -> bytes:
        """The key that signs, made by the first process that needs one."""
        database = self._services.database
        with database.read() as connection:
            found = facts.fact(connection, _KEY)
        while found is None:
            try:
                with database.write() as connection:
                    found = facts.fact(connection, _KEY)
                    if found is None:
                        facts.keep_fact(connection, _KEY, token_hex(32))
                with database.read() as connection:
                    found = facts.fact(connection, _KEY)
            except IntegrityError:  # another process was faster
                continue
        return bytes.fromhex(found)
