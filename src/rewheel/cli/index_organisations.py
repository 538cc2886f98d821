"""`rewheel index organisation` and `rewheel index log`."""

from typing import Any

import click

from rewheel.cli.index_place import IndexPlace, index_place_options
from rewheel.cli.options import json_option, network_options, output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["log", "organisation"]


@click.group("organisation")
def organisation() -> None:
    """Manage organisations, and whether they may host wheels elsewhere."""


@organisation.command("list")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def list_organisations(session: Session, /, *, as_json: bool, **place: Any) -> None:  # noqa: ANN401 - the options
    """List all organisations."""
    found = IndexPlace(session, **place).ask("GET", "organisations")["organisations"]
    if as_json:
        session.output.json(found)
        return
    for entry in found:
        external = "hosts wheels elsewhere" if entry["may-host-externally"] else "hosts nothing elsewhere"
        session.output.result(f"{entry['name']}: {external}; support: {entry['support-url'] or '-'}")


@organisation.command("set")
@click.argument("name", metavar="NAME")
@click.option("--support", metavar="URL", help="Whom its users ask for help: a mailto: or web address.")
@click.option(
    "--external/--no-external", default=None, help="Whether it may host wheels elsewhere (PEP 759)."
)
@index_place_options
@network_options
@output_options
@pass_session
def save(
    session: Session,
    /,
    *,
    name: str,
    support: str | None,
    external: bool | None,
    **place: Any,  # noqa: ANN401
) -> None:
    """Create an organisation, or change it; administrators only."""
    document: dict[str, Any] = {}
    if support is not None:
        document["support-url"] = support
    if external is not None:
        document["may-host-externally"] = external
    found = IndexPlace(session, **place).ask("PUT", "organisations", name, document=document)
    may = "may" if found["may-host-externally"] else "may not"
    session.output.say(f"{name} {may} host wheels elsewhere; support: {found['support-url'] or '-'}")


@organisation.command("member")
@click.argument("name", metavar="NAME")
@click.argument("account", metavar="ACCOUNT")
@click.option(
    "--role", type=click.Choice(["owner", "maintainer"]), default="maintainer",
    help="In all projects of the organisation. [default: maintainer]",
)  # fmt: skip
@click.option("--remove", is_flag=True, help="Let the account act for it no more.")
@index_place_options
@network_options
@output_options
@pass_session
def member(session: Session, /, *, name: str, account: str, role: str, remove: bool, **place: Any) -> None:  # noqa: ANN401
    """Let an account act for an organisation."""
    asked = IndexPlace(session, **place)
    if remove:
        asked.ask("DELETE", "organisations", name, "members", account)
        session.output.say(f"{account} does not act for {name} any more")
        return
    asked.ask("PUT", "organisations", name, "members", account, document={"role": role})
    session.output.say(f"{account} is {role} of {name}")


@organisation.command("delete")
@click.argument("name", metavar="NAME")
@index_place_options
@network_options
@output_options
@pass_session
def delete(session: Session, /, *, name: str, **place: Any) -> None:  # noqa: ANN401 - the options
    """Remove an organisation that hosts nothing elsewhere."""
    IndexPlace(session, **place).ask("DELETE", "organisations", name)
    session.output.say(f"Removed {name}")


@click.command("log")
@click.argument("project", metavar="[PROJECT]", required=False)
@click.option("-n", "--limit", metavar="N", type=click.IntRange(1, 1000), default=50, help="[default: 50]")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def log(session: Session, /, *, project: str | None, limit: int, as_json: bool, **place: Any) -> None:  # noqa: ANN401
    """Show who changed what in an index, and when; the newest first."""
    query = {"limit": str(limit), **({"project": project} if project else {})}
    found = IndexPlace(session, **place).ask("GET", "log", query=query)["entries"]
    if as_json:
        session.output.json(found)
        return
    for entry in found:
        who = entry["account"] or "-"
        if entry["token"]:
            who += f" ({entry['token']})"
        what = " ".join(filter(None, (entry["action"], entry["project"], entry["subject"])))
        session.output.result(f"{entry['at']}  {who}: {what}")
