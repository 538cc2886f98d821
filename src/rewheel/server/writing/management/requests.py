"""A request to manage something: who asks, for what, and within which transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from rewheel.server.catalog import accounts, audit, projects
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.settings import ServerSettings
from rewheel.variants import normalize_project

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that an operation may use. What it asks of the document is checked when it is asked."""

    connection: Connection
    settings: ServerSettings
    identity: Identity
    document: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def project(self, name: str, *, for_update: bool = False) -> Project:
        """Return a project; raises Refused (404)."""
        found = projects.find(self.connection, normalize_project(name), for_update=for_update)
        if found is None:
            raise Refused(404, f"there is no project {name[:200]!r} here", kind="unknown-project")
        return found

    def account_id(self, name: str) -> int:
        """Return the id of an account; raises Refused (404)."""
        found = accounts.find(self.connection, name)
        if found is None:
            raise Refused(
                404,
                f"there is no account {name[:200]!r}",
                hint="it is made with its first token (`rewheel index token create --account NAME`)",
                kind="unknown-account",
            )
        return found

    def record(self, action: str, *, project: str = "", subject: str = "", **detail: Any) -> None:  # noqa: ANN401
        """Write into the audit log what is being changed."""
        audit.record(self.connection, self.identity, action, project=project, subject=subject, detail=detail)

    def text(self, key: str, default: str | None = None, *, longest: int = 2000) -> str:
        """Return a text of the document; raises Refused (400) when it is missing or no text."""
        value = self.document.get(key, default)
        if value is None:
            raise Refused(400, f"{key!r} is missing", kind="invalid-request")
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise Refused(400, f"{key!r} is no text of at most {longest} characters", kind="invalid-request")
        return value

    def texts(self, key: str) -> Sequence[str] | None:
        """Return a list of texts; None if it is missing or null."""
        value = self.document.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > 1000 or not all(isinstance(v, str) for v in value):
            raise Refused(400, f"{key!r} is no list of texts", kind="invalid-request")
        return value

    def number(self, key: str, *, least: int = 0) -> int | None:
        """Return a whole number; None if it is missing or null."""
        value = self.document.get(key)
        if value is None:
            return None
        if type(value) is not int or not least <= value < 1 << 60:
            raise Refused(400, f"{key!r} is no number from {least} on", kind="invalid-request")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.document.get(key, default)
        if not isinstance(value, bool):
            raise Refused(400, f"{key!r} is neither true nor false", kind="invalid-request")
        return value
