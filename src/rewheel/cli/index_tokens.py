"""`rewheel index token`: who may do what with an index."""

from pathlib import Path
from typing import Any

import click

from rewheel.cli.index_place import IndexPlace, index_place_options
from rewheel.cli.options import json_option, network_options, output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["token"]


@click.group("token")
def token() -> None:
    """Make, list and revoke tokens of an index."""


@token.command("create")
@click.argument("name", metavar="NAME")
@click.option("--account", metavar="NAME", help="Whom it stands for; made if need be. [default: admin]")
@click.option(
    "--action", "actions", multiple=True, type=click.Choice(["read", "upload", "manage"]),
    help="What it may do. [default: everything that the account may] Repeatable.",
)  # fmt: skip
@click.option(
    "--project",
    "projects",
    metavar="NAME",
    multiple=True,
    help="Which projects it is for. [default: all] Repeatable.",
)
@click.option("--expires-in", metavar="DAYS", type=click.IntRange(1, 7300), help="For how long it is valid.")
@click.option("--admin", is_flag=True, help="Make the account an administrator.")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def create(
    session: Session,
    *,
    name: str,
    account: str | None,
    actions: tuple[str, ...],
    projects: tuple[str, ...],
    expires_in: int | None,
    admin: bool,
    as_json: bool,
    server: str,
    token: str,
    data: Path | None,
    database: str,
) -> None:
    """Make a token called NAME, and print its secret, which is shown only now."""
    document: dict[str, Any] = {"name": name, "admin": admin}
    if account is not None:
        document["account"] = account
    if actions:
        document["actions"] = list(actions)
    if projects:
        document["projects"] = list(projects)
    if expires_in is not None:
        document["expires-in-days"] = expires_in
    made = IndexPlace(session, server, token, data, database).ask("POST", "tokens", document=document)
    if as_json:
        session.output.json(made)
    else:
        session.output.result(str(made["secret"]))


@token.command("list")
@json_option
@index_place_options
@network_options
@output_options
@pass_session
def list_tokens(
    session: Session, *, as_json: bool, server: str, token: str, data: Path | None, database: str
) -> None:
    """List tokens, with what they may do and when they were used last."""
    found = IndexPlace(session, server, token, data, database).ask("GET", "tokens")
    if as_json:
        session.output.json(found["tokens"])
        return
    for entry in found["tokens"]:
        session.output.result(_line(entry))


@token.command("revoke")
@click.argument("number", metavar="ID", type=click.IntRange(1))
@index_place_options
@network_options
@output_options
@pass_session
def revoke(
    session: Session, *, number: int, server: str, token: str, data: Path | None, database: str
) -> None:
    """Let the token ID, as `token list` shows it, stand for nobody from now on."""
    IndexPlace(session, server, token, data, database).ask("DELETE", "tokens", str(number))
    session.output.say(f"Revoked token {number}")


def _line(entry: dict[str, Any]) -> str:
    scopes = entry["scopes"]
    actions = "+".join(scopes["actions"]) or "nothing" if "actions" in scopes else "everything"
    projects = ", ".join(scopes["projects"]) or "no project" if "projects" in scopes else "all projects"
    used = f"last used {entry['last-used-at']}" if entry["last-used-at"] else "never used"
    end = f", revoked {entry['revoked-at']}" if entry["revoked-at"] else ""
    if not end and entry["expires-at"]:
        end = f", expires {entry['expires-at']}"
    admin = " (administrator)" if entry["is-admin"] else ""
    return (
        f"{entry['id']:>4}  {entry['account']}{admin}: {entry['name']}; {actions} on {projects}; {used}{end}"
    )
