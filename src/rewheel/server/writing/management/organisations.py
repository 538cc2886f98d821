"""Managing organisations, and whether they may host wheels elsewhere (PEP 759)."""

import re
from collections.abc import Mapping
from typing import Any

from rewheel.server.catalog import organisations
from rewheel.server.catalog.organisations import Organisation
from rewheel.server.catalog.roles import Role
from rewheel.server.errors import Refused
from rewheel.server.permissions import Action, check_admin, check_scope
from rewheel.server.writing.management.requests import Request

__all__ = ["add_member", "describe", "listed", "remove", "remove_member", "save"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_CONTACT = re.compile(r"mailto:[^\s@<>\"']+@[^\s@<>\"']+|https?://[!-~]+")


def listed(request: Request) -> Mapping[str, Any]:
    """List all organisations."""
    check_scope(request.identity, Action.READ)
    return {"organisations": [_entry(each) for each in organisations.list_all(request.connection)]}


def describe(request: Request, name: str) -> Mapping[str, Any]:
    """Tell about one organisation, with its members to them and to administrators."""
    check_scope(request.identity, Action.READ)
    found = _found(request, name)
    entry = dict(_entry(found))
    account = request.identity.account_id
    if request.identity.is_admin or organisations.is_member(request.connection, found.id, account):
        entry["members"] = [
            {"account": holder.account, "role": holder.role.value}
            for holder in organisations.members(request.connection, found.id)
        ]
    return entry


def save(request: Request, name: str) -> Mapping[str, Any]:
    """Create an organisation or change it; what is not given stays."""
    check_admin(request.identity)
    if not _NAME.fullmatch(name):
        raise Refused(
            400, "this is no name of an organisation: letters, digits, '. _ -'", kind="invalid-name"
        )
    known = organisations.find(request.connection, name)
    support = request.text("support-url", known.support_url if known is not None else "")
    is_external = request.flag(
        "may-host-externally", default=known.may_host_externally if known is not None else False
    )
    if support and not _CONTACT.fullmatch(support):
        raise Refused(400, "'support-url' is a mailto: or web address", kind="invalid-request")
    if is_external and not support:
        raise Refused(
            400,
            "an organisation that hosts wheels elsewhere has to say where its users find help",
            hint="give a support URL",
            kind="no-support-url",
        )
    saved = organisations.save(request.connection, name, support_url=support, may_host_externally=is_external)
    request.record("organisation-save", subject=name, support=support, external=is_external)
    return _entry(saved)


def remove(request: Request, name: str) -> Mapping[str, Any]:
    """Remove an organisation that hosts nothing."""
    check_admin(request.identity)
    found = _found(request, name)
    if organisations.hosts_files(request.connection, found.id):
        raise Refused(
            409, f"{name} answers for wheels that lie elsewhere", hint="delete them first", kind="in-use"
        )
    organisations.remove(request.connection, found.id)
    request.record("organisation-delete", subject=name)
    return {"name": name, "deleted": True}


def add_member(request: Request, name: str, account: str) -> Mapping[str, Any]:
    """Let an account act for an organisation."""
    found = _managed(request, name)
    text = request.text("role", Role.MAINTAINER.value)
    if text not in set(Role):
        raise Refused(400, "'role' is owner or maintainer", kind="invalid-request")
    organisations.add_member(request.connection, found.id, request.account_id(account), Role(text))
    request.record("member-add", subject=f"{name}: {account}", role=text)
    return describe(request, name)


def remove_member(request: Request, name: str, account: str) -> Mapping[str, Any]:
    """Let an account act for an organisation no more."""
    found = _managed(request, name)
    if not organisations.remove_member(request.connection, found.id, request.account_id(account)):
        raise Refused(404, f"{account} does not act for {name}", kind="no-role")
    request.record("member-remove", subject=f"{name}: {account}")
    return describe(request, name)


def _managed(request: Request, name: str) -> Organisation:
    """Return an organisation to its owners and to administrators."""
    found = _found(request, name)
    check_scope(request.identity, Action.MANAGE)
    holders = organisations.members(request.connection, found.id)
    is_owner = any(
        holder.account == request.identity.name and holder.role is Role.OWNER for holder in holders
    )
    if not is_owner:
        check_admin(request.identity)
    return found


def _found(request: Request, name: str) -> Organisation:
    found = organisations.find(request.connection, name)
    if found is None:
        raise Refused(404, f"there is no organisation {name[:200]!r}", kind="unknown-organisation")
    return found


def _entry(found: Organisation) -> Mapping[str, Any]:
    return {
        "name": found.name,
        "support-url": found.support_url,
        "may-host-externally": found.may_host_externally,
    }
