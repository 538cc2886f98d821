"""Reading the audit log."""

from collections.abc import Mapping
from typing import Any

from rewheel.server.catalog import audit
from rewheel.server.errors import Refused
from rewheel.server.permissions import Action, check_admin, check_manage, check_scope
from rewheel.server.writing.management.requests import Request

__all__ = ["entries"]

_MOST = 1000


def entries(request: Request) -> Mapping[str, Any]:
    """Return the newest entries; owners see those of their project, administrators all."""
    name = request.query.get("project", "")
    if name:
        project = request.project(name)
        check_scope(request.identity, Action.READ, project.name)
        if not request.identity.is_admin:
            check_manage(request.connection, request.identity, project)
        name = project.name
    else:
        check_admin(request.identity, Action.READ)
    found = audit.entries(
        request.connection,
        project=name,
        before=_number(request, "before"),
        limit=min(_number(request, "limit") or 100, _MOST),
    )
    return {
        "entries": [
            {
                "id": entry.id,
                "at": entry.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "account": entry.account,
                "token": entry.token,
                "action": entry.action,
                "project": entry.project,
                "subject": entry.subject,
                "detail": dict(entry.detail),
            }
            for entry in found
        ]
    }


def _number(request: Request, key: str) -> int | None:
    text = request.query.get(key)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 12 or not int(text):
        raise Refused(400, f"{key!r} is no number", kind="invalid-request")
    return int(text)
