"""Managing tokens: made, listed, revoked; everybody their own, administrators all."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rewheel.server.catalog import accounts, tokens
from rewheel.server.catalog.moments import now
from rewheel.server.errors import Refused
from rewheel.server.permissions import Action, check_admin, check_scope
from rewheel.server.writing.management.requests import Request
from rewheel.variants import normalize_project

__all__ = ["create", "listed", "revoke", "whoami"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@ -]{0,98}[A-Za-z0-9])?")
_LONGEST = 20 * 365
"""Days."""


def whoami(request: Request) -> Mapping[str, Any]:
    """Say whose token this is, and what it may do."""
    by = request.identity
    return {"account": by.name, "is-admin": by.is_admin, "scopes": dict(by.scopes)}


def create(request: Request) -> Mapping[str, Any]:
    """Make a token; its secret is in this answer and nowhere else."""
    check_scope(request.identity, Action.MANAGE)
    account = _valid(request.text("account", request.identity.name), "account")
    name = _valid(request.text("name"), "name")
    if account != request.identity.name:
        check_admin(request.identity)
    is_admin = request.flag("admin", default=False)
    if is_admin:
        check_admin(request.identity)
    scopes = _scopes(request)
    days = request.number("expires-in-days", least=1)
    if days is not None and days > _LONGEST:
        raise Refused(400, f"'expires-in-days' is at most {_LONGEST}", kind="invalid-request")
    expires = now() + timedelta(days=days) if days is not None else None
    account_id = accounts.find_or_create(request.connection, account, is_admin=is_admin)
    if is_admin:
        accounts.make_admin(request.connection, account_id)
    secret = tokens.new_secret()
    token_id = tokens.create(
        request.connection, account_id, secret, name=name, scopes=scopes, expires_at=expires
    )
    request.record("token-create", subject=f"{account}: {name}", id=token_id, scopes=scopes)
    return {
        "id": token_id,
        "name": name,
        "account": account,
        "scopes": scopes,
        "expires-at": _shown(expires),
        "secret": secret,
    }


def listed(request: Request) -> Mapping[str, Any]:
    """List tokens, of which nobody can see the secrets again."""
    check_scope(request.identity, Action.READ)
    account = None if request.identity.is_admin else request.identity.account_id
    return {"tokens": [_entry(token) for token in tokens.list_all(request.connection, account)]}


def revoke(request: Request, token_id: str) -> Mapping[str, Any]:
    """Let a token stand for nobody from now on."""
    check_scope(request.identity, Action.MANAGE)
    known = tokens.list_all(request.connection, None)
    found = next((token for token in known if str(token.id) == token_id), None)
    is_own = found is not None and found.account_id == request.identity.account_id
    if found is None or not (is_own or request.identity.is_admin):
        raise Refused(404, "there is no such token", kind="unknown-token")
    tokens.revoke(request.connection, found.id)
    request.record("token-revoke", subject=f"{found.account}: {found.name}", id=found.id)
    return {"id": found.id, "revoked": True}


def _scopes(request: Request) -> dict[str, Any]:
    """Return what the new token may do, which is never more than the one that makes it."""
    scopes: dict[str, Any] = {}
    actions, projects = request.texts("actions"), request.texts("projects")
    if actions is not None:
        if not set(actions) <= set(Action):
            known = ", ".join(action.value for action in Action)
            raise Refused(400, f"'actions' are among {known}", kind="invalid-request")
        scopes["actions"] = sorted(set(actions))
    if projects is not None:
        scopes["projects"] = sorted({normalize_project(name) for name in projects})
    own = request.identity.scopes.get("actions")
    if own is not None and not set(scopes.get("actions", Action)) <= set(own):
        raise Refused(403, "a token cannot make one that may do more than itself", kind="token-scope")
    return scopes


def _valid(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(
            400,
            f"{what!r} is no name: letters, digits and '. _ - @' inside, at most 100",
            kind="invalid-request",
        )
    return name


def _entry(token: tokens.Token) -> Mapping[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "account": token.account,
        "is-admin": token.is_admin,
        "scopes": dict(token.scopes),
        "created-at": _shown(token.created_at),
        "expires-at": _shown(token.expires_at),
        "last-used-at": _shown(token.last_used_at),
        "revoked-at": _shown(token.revoked_at),
    }


def _shown(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
