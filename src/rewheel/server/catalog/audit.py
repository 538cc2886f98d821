"""The audit log: every change of the index, who made it, with which token, and when. It is only added to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import accounts, audit, tokens
from rewheel.server.catalog.tokens import Identity

__all__ = ["Entry", "entries", "record"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    id: int
    at: datetime
    account: str | None
    """None for the operator at the machine itself, and for accounts that are gone."""
    token: str | None
    action: str
    project: str
    """Empty where it is about something else."""
    subject: str
    detail: Mapping[str, Any]


_ADD = Prepared(insert(audit))


def record(
    connection: Connection,
    by: Identity | None,
    action: str,
    *,
    project: str = "",
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line in the transaction that makes the change: one is never there without the other."""
    _ADD.add(
        connection,
        {
            "at": now(),
            "account_id": by.account_id if by is not None else None,
            "token_id": by.token_id if by is not None and by.token_id else None,
            "action": action,
            "project": project,
            "subject": subject[:2000],
            "detail": dict(detail or {}),
        },
    )


def entries(
    connection: Connection, *, project: str = "", before: int | None = None, limit: int = 100
) -> Sequence[Entry]:
    """Return the newest lines first, of one project if it is named, only those before a line if given."""
    query = (
        select(
            audit.c.id,
            audit.c.at,
            accounts.c.name,
            tokens.c.name.label("token"),
            audit.c.action,
            audit.c.project,
            audit.c.subject,
            audit.c.detail,
        )
        .select_from(
            audit.outerjoin(accounts, accounts.c.id == audit.c.account_id).outerjoin(
                tokens, tokens.c.id == audit.c.token_id
            )
        )
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    if project:
        query = query.where(audit.c.project == project)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [Entry(*row) for row in connection.execute(query)]
