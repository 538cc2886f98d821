"""Tokens: secrets that stand for an account. Only their digests are kept."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import accounts, tokens

__all__ = [
    "Identity", "Token", "create", "digest", "exist", "identify", "identify_again", "list_all", "mark_used",
    "new_secret", "revoke",
]  # fmt: skip

PREFIX = "rewheel-"
"""What every secret of ours begins with, so that scanners for leaked secrets can find it."""

_USE_IS_NOTED = timedelta(hours=1)
"""How exactly it is known when a token was used: noting every use would make every request a write."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request, and what the token allows."""

    account_id: int
    name: str
    is_admin: bool
    token_id: int
    """0 for the operator at the machine itself."""
    scopes: Mapping[str, Any] = field(default_factory=dict)
    is_use_noted: bool = True
    """Whether it was noted lately that the token is in use."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is in the catalog, which does not have its secret."""

    id: int
    name: str
    account_id: int
    account: str
    is_admin: bool
    scopes: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def new_secret() -> str:
    """Make up a secret of 256 random bits."""
    return PREFIX + token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is kept of a secret; it has enough randomness that a fast hash protects it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    connection: Connection,
    account_id: int,
    secret: str,
    *,
    name: str,
    scopes: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> int:
    """Let a secret stand for an account; returns the id of the token."""
    added = connection.execute(
        insert(tokens).values(
            account_id=account_id,
            name=name,
            digest=digest(secret),
            scopes=dict(scopes or {}),
            created_at=now(),
            expires_at=expires_at,
        )
    )
    key = added.inserted_primary_key
    assert key is not None
    return int(key[0])


_IDENTITY = (
    tokens.c.digest,
    tokens.c.expires_at,
    tokens.c.revoked_at,
    tokens.c.account_id,
    accounts.c.name,
    accounts.c.is_admin,
    tokens.c.id,
    tokens.c.scopes,
    tokens.c.last_used_at,
)
_IDENTIFY = Prepared(select(*_IDENTITY).join(accounts).where(tokens.c.digest == bindparam("digest")))
_IDENTIFY_AGAIN = Prepared(select(*_IDENTITY).join(accounts).where(tokens.c.id == bindparam("token")))


def identify(connection: Connection, secret: str) -> Identity | None:
    """Return whom a secret stands for; None if it is unknown, expired or revoked."""
    wanted = digest(secret)
    row = _IDENTIFY.row(connection, {"digest": wanted})
    # The database has found it by an index over digests; this is the comparison that counts.
    if row is None or not hmac.compare_digest(row[0], wanted):
        return None
    return _identity(row)


def identify_again(connection: Connection, token_id: int) -> Identity | None:
    """Return whom a token stands for that was shown before; None if it is expired or revoked meanwhile."""
    row = _IDENTIFY_AGAIN.row(connection, {"token": token_id})
    return _identity(row) if row is not None else None


def _identity(row: Sequence[Any]) -> Identity | None:
    _, expires_at, revoked_at, *known, last_used_at = row
    if revoked_at is not None or (expires_at is not None and expires_at <= now()):
        return None
    identity = Identity(*known)
    is_noted = last_used_at is not None and last_used_at > now() - _USE_IS_NOTED
    return identity if is_noted else replace(identity, is_use_noted=False)


def exist(connection: Connection, account_id: int) -> bool:
    """Tell whether an account has any token, valid or not."""
    return (
        connection.execute(select(tokens.c.id).where(tokens.c.account_id == account_id)).first() is not None
    )


def revoke(connection: Connection, token_id: int) -> None:
    """Let a token stand for nobody from now on."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=now()))


def list_all(connection: Connection, account_id: int | None = None) -> Sequence[Token]:
    """Return all tokens, or those of one account, oldest first; revoked and expired ones too."""
    query = (
        select(
            tokens.c.id,
            tokens.c.name,
            tokens.c.account_id,
            accounts.c.name.label("account"),
            accounts.c.is_admin,
            tokens.c.scopes,
            tokens.c.created_at,
            tokens.c.expires_at,
            tokens.c.last_used_at,
            tokens.c.revoked_at,
        )
        .join(accounts, accounts.c.id == tokens.c.account_id)
        .order_by(tokens.c.id)
    )
    if account_id is not None:
        query = query.where(tokens.c.account_id == account_id)
    return [Token(**row._asdict()) for row in connection.execute(query)]


def mark_used(connection: Connection, token_id: int) -> None:
    """Remember that a token was used now."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=now()))
