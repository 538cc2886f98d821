"""Which operation a method and a path mean, and the transaction in which it runs."""

from collections.abc import Callable, Mapping
from typing import Any

from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.services import Services
from rewheel.server.writing.management import files, log, organisations, projects, tokens
from rewheel.server.writing.management.requests import Request

__all__ = ["Management"]

Operation = Callable[..., Mapping[str, Any]]

_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "whoami"): tokens.whoami,
    ("GET", "tokens"): tokens.listed,
    ("POST", "tokens"): tokens.create,
    ("DELETE", "tokens/*"): tokens.revoke,
    ("GET", "projects"): projects.listed,
    ("GET", "projects/*"): projects.describe,
    ("PUT", "projects/*"): projects.register,
    ("DELETE", "projects/*"): files.delete_project,
    ("PUT", "projects/*/status"): projects.change_status,
    ("PUT", "projects/*/limits"): projects.change_limits,
    ("PUT", "projects/*/organisation"): projects.change_organisation,
    ("PUT", "projects/*/roles/*"): projects.change_role,
    ("DELETE", "projects/*/roles/*"): projects.remove_role,
    ("PUT", "projects/*/releases/*/yank"): files.yank_release,
    ("DELETE", "projects/*/releases/*/yank"): files.unyank_release,
    ("DELETE", "projects/*/releases/*"): files.delete_release,
    ("PUT", "projects/*/files/*/yank"): files.yank_file,
    ("DELETE", "projects/*/files/*/yank"): files.unyank_file,
    ("DELETE", "projects/*/files/*"): files.delete_file,
    ("GET", "organisations"): organisations.listed,
    ("GET", "organisations/*"): organisations.describe,
    ("PUT", "organisations/*"): organisations.save,
    ("DELETE", "organisations/*"): organisations.remove,
    ("PUT", "organisations/*/members/*"): organisations.add_member,
    ("DELETE", "organisations/*/members/*"): organisations.remove_member,
    ("GET", "log"): log.entries,
}


class Management:
    """Every operation, whoever asks: the HTTP interface, the administrators' pages, or the operator."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def answer(
        self,
        identity: Identity,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Do what is asked, all of it or nothing; raises Refused. `path` has no slash at either end."""
        operation, names = _find(method, path)
        database = self._services.database
        with database.read() if method == "GET" else database.write() as connection:
            request = Request(connection, self._services.settings, identity, document or {}, query or {})
            return operation(request, *names)


def _find(method: str, path: str) -> tuple[Operation, list[str]]:
    """Find the operation, and the names in the path that stand for its `*`."""
    parts = path.split("/")
    allowed = []
    for (known_method, pattern), operation in _OPERATIONS.items():
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(
            want in ("*", part) for want, part in zip(wanted, parts, strict=True)
        ):
            if known_method == method:
                return operation, [part for want, part in zip(wanted, parts, strict=True) if want == "*"]
            allowed.append(known_method)
    if allowed:
        raise Refused(
            405, f"{method} means nothing here", kind="method", headers={"Allow": ", ".join(allowed)}
        )
    raise Refused(404, "there is nothing here", kind="not-found")
