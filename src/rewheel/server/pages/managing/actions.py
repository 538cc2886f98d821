"""From a form to an operation of the management API, and the words that say that it was done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.services import Services
from rewheel.server.writing.management import Management
from rewheel.server.writing.upload2.publishing import SessionPublishing
from rewheel.server.writing.upload2.sessions import Sessions as Stages

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DONE", "Actions", "Form"]

Form = Mapping[str, str]

DONE: Mapping[str, str] = {
    "limits": "The limits are changed.",
    "remove-role": "The role is taken away.",
    "revoke": "The token is revoked.",
    "role": "The role is given.",
    "stage-cancel": "The stage is cancelled.",
    "stage-publish": "The stage is published.",
    "status": "The status is changed.",
    "unyank": "The release is not yanked any more.",
    "yank": "The release is yanked.",
}
"""What is said after an action. Only its name is in the address, so that no link can put words here."""

_MIB = 1 << 20


class Actions:
    """What the buttons of a project's management page do; refusals are those of the API."""

    def __init__(self, services: Services) -> None:
        self._management = Management(services)
        self._stages = Stages(services)
        self._publishing = SessionPublishing(services)
        self._actions: Mapping[str, Callable[[Identity, str, Form], None]] = {
            "status": self._status,
            "limits": self._limits,
            "role": self._role,
            "remove-role": self._remove_role,
            "yank": self._yank,
            "unyank": self._unyank,
            "stage-publish": self._publish,
            "stage-cancel": self._cancel,
        }

    def act(self, identity: Identity, project: str, form: Form) -> str:
        """Do what a form asks, and return the name of it; raises Refused."""
        name = form.get("do", "")
        action = self._actions.get(name)
        if action is None:
            raise Refused(400, "this form asks for nothing that is known here")
        action(identity, project, form)
        return name

    def _ask(
        self, identity: Identity, method: str, path: str, document: Mapping[str, Any] | None = None
    ) -> None:
        self._management.answer(identity, method, path, document)

    def _status(self, identity: Identity, project: str, form: Form) -> None:
        wanted = {"status": form.get("status", ""), "reason": form.get("reason", "")}
        self._ask(identity, "PUT", f"projects/{project}/status", wanted)

    def _limits(self, identity: Identity, project: str, form: Form) -> None:
        wanted = {"file-limit": _bytes(form, "file-limit"), "quota": _bytes(form, "quota")}
        self._ask(identity, "PUT", f"projects/{project}/limits", wanted)

    def _role(self, identity: Identity, project: str, form: Form) -> None:
        account = _name(form, "account")
        self._ask(identity, "PUT", f"projects/{project}/roles/{account}", {"role": form.get("role", "")})

    def _remove_role(self, identity: Identity, project: str, form: Form) -> None:
        account = _name(form, "account")
        self._ask(identity, "DELETE", f"projects/{project}/roles/{account}")

    def _yank(self, identity: Identity, project: str, form: Form) -> None:
        version = _name(form, "version")
        path = f"projects/{project}/releases/{version}/yank"
        self._ask(identity, "PUT", path, {"reason": form.get("reason", "")})

    def _unyank(self, identity: Identity, project: str, form: Form) -> None:
        version = _name(form, "version")
        self._ask(identity, "DELETE", f"projects/{project}/releases/{version}/yank")

    def _publish(self, identity: Identity, project: str, form: Form) -> None:
        del project
        self._publishing.publish(identity, form.get("stage", ""))

    def _cancel(self, identity: Identity, project: str, form: Form) -> None:
        del project
        self._stages.cancel(identity, form.get("stage", ""))


def _name(form: Form, key: str) -> str:
    """Return a part of a path; what would be more than one part is no name of anything."""
    name = form.get(key, "").strip()
    if not name or "/" in name or quote(name, safe="/@+! ") != name:
        raise Refused(400, f"the form has no {key} that could be one")
    return name


def _bytes(form: Form, key: str) -> int | None:
    """Return a number of bytes that was given in MiB; None gives the server's own limit."""
    text = form.get(key, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Refused(400, "a limit is a whole number of MiB, or empty for that of the server")
    return int(text) * _MIB
