"""`rewheel machine`: what a computer supports, where that is known from, and who may say so."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rewheel.cli.options import (
    cache_options,
    index_options,
    json_option,
    network_options,
    output_options,
    pass_session,
    target_options,
)
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.machines import Machine

__all__ = ["command"]

_FILE = click.Path(path_type=Path)
_machine_option = click.option(
    "--machine", "machine_file", metavar="FILE", type=_FILE, help="A machine file, instead of this machine."
)


@click.group("machine")
def command() -> None:
    """Show and save what this machine supports, and say who may tell."""


@command.command("show")
@click.argument("namespaces", metavar="[NS]...", nargs=-1)
@_machine_option
@json_option
@output_options
@pass_session
def show(session: Session, *, namespaces: tuple[str, ...], machine_file: Path | None, as_json: bool) -> None:
    """Show what each namespace supports, the most preferred first, and where that is known from."""
    from rewheel.cli.machine_view import MachineView

    view = MachineView.of(_machine(session, machine_file), namespaces)
    if as_json:
        session.output.json(view.as_json())
        return
    for line in view.lines():
        session.output.result(line)
    for warning in view.warnings:
        session.output.warning(warning)


@command.command("save")
@click.argument("file", metavar="FILE", type=_FILE)
@_machine_option
@click.option("--force", is_flag=True, help="Replace a file even if it is no machine file.")
@output_options
@pass_session
def save(session: Session, *, file: Path, machine_file: Path | None, force: bool) -> None:
    """Save what this machine supports, so that wheels can be chosen for it elsewhere (--machine FILE)."""
    from rewheel.cli.machine_view import MachineView
    from rewheel.machines import write_machine_file

    machine = _machine(session, machine_file)
    path = session.cwd / file
    if not force:
        _refuse_other_files(session, path)
    write_machine_file(path, machine)
    for warning in MachineView.of(machine).warnings:
        session.output.warning(warning)
    session.output.say(f"Wrote {file}")


@command.command("providers")
@json_option
@output_options
@pass_session
def providers(session: Session, *, as_json: bool) -> None:
    """List the providers that are built in, and the third-party ones that may run."""
    from rewheel.cli.provider_view import provider_lines, providers_json
    from rewheel.machines import TrustStore

    store = TrustStore(session.settings.trust_file)
    if as_json:
        session.output.json(providers_json(store))
        return
    for line in provider_lines(store):
        session.output.result(line)


@command.command("trust")
@click.argument("package", metavar="PKG")
@click.option(
    "--namespace", metavar="NS", default="*", help="For this namespace only. [default: for all of them]"
)
@click.option("-y", "--yes", is_flag=True, help="Agree without being asked.")
@click.option("--revoke", is_flag=True, help="Take an earlier consent back.")
@target_options
@index_options
@network_options
@cache_options
@output_options
@pass_session
def trust(session: Session, *, package: str, namespace: str, yes: bool, revoke: bool) -> int:
    """Let the plugin of PKG run, at the versions and hashes that are found now."""
    from rewheel.cli.consent import grant, withdraw

    return withdraw(session, package, namespace) if revoke else grant(session, package, namespace, yes=yes)


def _machine(session: Session, machine_file: Path | None) -> "Machine":
    path = session.cwd / machine_file if machine_file else session.settings.machine
    return session.machine_at(path)


def _refuse_other_files(session: Session, path: Path) -> None:
    """Do not write over what is no machine file: a slip of the fingers must not cost anybody a document."""
    from rewheel.errors import UsageError
    from rewheel.machines import MachineFileError, read_machine_file

    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return
        read_machine_file(path, session.environ)
    except (MachineFileError, OSError) as error:
        raise UsageError(
            f"{path} exists and is not a machine file", hint="name another, or use --force"
        ) from error
