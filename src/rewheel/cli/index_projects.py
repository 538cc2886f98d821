"""`rewheel index project`: what owners and administrators decide about projects."""

from typing import Any

import click

from rewheel.cli.index_place import IndexPlace, index_place_options
from rewheel.cli.options import json_option, network_options, output_options, pass_session
from rewheel.cli.session import Session
from rewheel.errors import UsageError

__all__ = ["project"]

_UNITS = {"B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_ENDINGS = (".whl", ".whlx", ".rim", ".tar.gz", ".zip")


@click.group("project")
def project() -> None:
    """Look at projects of an index, and decide about them."""


@project.command("list")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def list_projects(session: Session, /, *, as_json: bool, **place: Any) -> None:  # noqa: ANN401 - the options
    """List the projects in which one has a role; administrators see all."""
    found = IndexPlace(session, **place).ask("GET", "projects")
    if as_json:
        session.output.json(found["projects"])
        return
    for name in found["projects"]:
        session.output.result(name)


@project.command("show")
@click.argument("name", metavar="NAME")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def show(session: Session, /, *, name: str, as_json: bool, **place: Any) -> None:  # noqa: ANN401 - the options
    """Show a project's status, limits, use, roles and open sessions."""
    found = IndexPlace(session, **place).ask("GET", "projects", name)
    if as_json:
        session.output.json(found)
        return
    result = session.output.result
    reason = f" ({found['status-reason']})" if found["status-reason"] else ""
    result(found["display-name"] + ("" if found["is-visible"] else "  (nothing published yet)"))
    result(f"  status        {found['status']}{reason}")
    result(f"  used          {found['used']:,} of {found['quota']:,} bytes")
    result(f"  file limit    {found['file-limit']:,} bytes")
    if found["organisation"]:
        result(f"  organisation  {found['organisation']}")
    for holder in found["roles"]:
        result(f"  {holder['role']:<12}  {holder['account']}")
    for stage in found["stages"]:
        result(f"  session       {stage['version']} is {stage['status']}, until {stage['expires-at'][:19]}")


@project.command("register")
@click.argument("name", metavar="NAME")
@click.option("--owner", "owners", metavar="ACCOUNT", multiple=True, help="Who is to own it. Repeatable.")
@index_place_options
@network_options
@output_options
@pass_session
def register(session: Session, /, *, name: str, owners: tuple[str, ...], **place: Any) -> None:  # noqa: ANN401
    """Make a project of which nothing is published yet."""
    found = IndexPlace(session, **place).ask("PUT", "projects", name, document={"owners": list(owners)})
    holders = ", ".join(holder["account"] for holder in found["roles"]) or "nobody yet"
    session.output.say(f"Registered {found['display-name']}, owned by {holders}")


@project.command("status")
@click.argument("name", metavar="NAME")
@click.argument("status", type=click.Choice(["active", "archived", "deprecated", "quarantined"]))
@click.option("--reason", metavar="TEXT", default="", help="What installers and pages say about it.")
@index_place_options
@network_options
@output_options
@pass_session
def change_status(session: Session, /, *, name: str, status: str, reason: str, **place: Any) -> None:  # noqa: ANN401
    """Set a project's status.

    An archived project takes no uploads; a quarantined one, which only administrators make and unmake, offers
    no files either. Installers warn of archived and deprecated ones.
    """
    document = {"status": status, "reason": reason}
    IndexPlace(session, **place).ask("PUT", "projects", name, "status", document=document)
    session.output.say(f"{name} is {status}")


@project.command("yank")
@click.argument("name", metavar="NAME")
@click.argument("what", metavar="VERSION|FILE")
@click.option("--reason", metavar="TEXT", default="", help="What installers say about it.")
@index_place_options
@network_options
@output_options
@pass_session
def yank(session: Session, /, *, name: str, what: str, reason: str, **place: Any) -> None:  # noqa: ANN401
    """Let installers pass over a release, or one file, unless it is named exactly."""
    path = ("projects", name, *_subject(what), "yank")
    found = IndexPlace(session, **place).ask("PUT", *path, document={"reason": reason})
    session.output.say(f"Yanked {', '.join(found['files'])}")


@project.command("unyank")
@click.argument("name", metavar="NAME")
@click.argument("what", metavar="VERSION|FILE")
@index_place_options
@network_options
@output_options
@pass_session
def unyank(session: Session, /, *, name: str, what: str, **place: Any) -> None:  # noqa: ANN401
    """Take back what `yank` did."""
    found = IndexPlace(session, **place).ask("DELETE", "projects", name, *_subject(what), "yank")
    session.output.say(f"Offered again: {', '.join(found['files'])}")


@project.command("delete")
@click.argument("name", metavar="NAME")
@click.argument("what", metavar="[VERSION|FILE]", required=False)
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@index_place_options
@network_options
@output_options
@pass_session
def delete(session: Session, /, *, name: str, what: str | None, yes: bool, **place: Any) -> None:  # noqa: ANN401
    """Delete a file, a release or a whole project, for good: the names of files are never used again."""
    subject = f"{name} {what}" if what else f"all of {name}"
    if not yes and session.output.ask(f"Delete {subject}, for good?") is not True:
        raise UsageError(f"{subject} was not deleted", hint="confirm with --yes")
    path = ("projects", name, *(_subject(what) if what else ()))
    found = IndexPlace(session, **place).ask("DELETE", *path)
    session.output.say(f"Deleted {', '.join(found['deleted']) or name}")


@project.command("owner")
@click.argument("name", metavar="NAME")
@click.argument("account", metavar="ACCOUNT")
@click.option("--role", type=click.Choice(["owner", "maintainer"]), default="owner", help="[default: owner]")
@click.option("--remove", is_flag=True, help="Take the account's role away.")
@index_place_options
@network_options
@output_options
@pass_session
def owner(session: Session, /, *, name: str, account: str, role: str, remove: bool, **place: Any) -> None:  # noqa: ANN401
    """Give an account a role in a project: owners decide, maintainers upload and yank."""
    asked = IndexPlace(session, **place)
    if remove:
        asked.ask("DELETE", "projects", name, "roles", account)
        session.output.say(f"{account} has no role in {name} any more")
        return
    asked.ask("PUT", "projects", name, "roles", account, document={"role": role})
    session.output.say(f"{account} is {role} of {name}")


@project.command("limits")
@click.argument("name", metavar="NAME")
@click.option("--file-limit", metavar="SIZE", help="How large a file may be, such as 500MiB; or: default.")
@click.option("--quota", metavar="SIZE", help="How large all files together may be; or: default.")
@index_place_options
@network_options
@output_options
@pass_session
def limits(
    session: Session,
    /,
    *,
    name: str,
    file_limit: str | None,
    quota: str | None,
    **place: Any,  # noqa: ANN401
) -> None:
    """Grant a project other limits than the index has by default; administrators only."""
    document: dict[str, int | None] = {}
    if file_limit is not None:
        document["file-limit"] = _size(file_limit)
    if quota is not None:
        document["quota"] = _size(quota)
    if not document:
        raise UsageError("give --file-limit or --quota")
    found = IndexPlace(session, **place).ask("PUT", "projects", name, "limits", document=document)
    session.output.say(
        f"{name}: {found['file-limit']:,} bytes a file, {found['quota']:,} in all, {found['used']:,} used"
    )


@project.command("transfer")
@click.argument("name", metavar="NAME")
@click.argument("organisation", metavar="ORG")
@index_place_options
@network_options
@output_options
@pass_session
def transfer(session: Session, /, *, name: str, organisation: str, **place: Any) -> None:  # noqa: ANN401
    """Let a project belong to an organisation, or with "-" to its owners alone."""
    document = {"organisation": None if organisation == "-" else organisation}
    IndexPlace(session, **place).ask("PUT", "projects", name, "organisation", document=document)
    session.output.say(f"{name} belongs to {'its owners' if organisation == '-' else organisation}")


def _subject(what: str) -> tuple[str, str]:
    """Tell a file's name from a version."""
    if what.endswith(".rim"):
        return "files", what.removesuffix(".rim") + ".whl"
    return ("files" if what.endswith(_ENDINGS) else "releases"), what


def _size(text: str) -> int | None:
    """Read a size such as `500MiB` or `1073741824`; None for `default`."""
    if text == "default":
        return None
    number = text.strip().rstrip("BKMGTIbkmgti")
    unit = _UNITS.get(text.strip()[len(number) :].upper() or "B")
    try:
        size = float(number) * unit if unit is not None else -1.0
    except ValueError:
        size = -1.0
    if not 0 <= size < 1 << 60:
        raise UsageError(f"{text!r} is no size such as 500MiB or 2GiB")
    return int(size)
