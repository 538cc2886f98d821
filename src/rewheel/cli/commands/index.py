"""`rewheel index`: managing an index of one's own, and questions about several."""

from typing import TYPE_CHECKING

import click

from rewheel.cli.index_care import backup, restore, verify
from rewheel.cli.index_organisations import log, organisation
from rewheel.cli.index_projects import project
from rewheel.cli.index_tokens import token
from rewheel.cli.options import (
    build_options,
    cache_options,
    index_options,
    json_option,
    network_options,
    output_options,
    pass_session,
    place_options,
    selection_options,
    target_options,
)
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.indexes import Sources
    from rewheel.resolution import Resolver

__all__ = ["command"]


@click.group("index")
def command() -> None:
    """Manage an index, and look at what several make of one name."""


command.add_command(token)
command.add_command(project)
command.add_command(organisation)
command.add_command(log)
command.add_command(verify)
command.add_command(backup)
command.add_command(restore)


@command.command("audit")
@click.argument("requirements", metavar="[REQ]...", nargs=-1)
@click.option(
    "-r", "--requirement", "files", metavar="FILE", multiple=True,
    help="Look up what this requirements file asks for. Repeatable.",
)  # fmt: skip
@json_option
@target_options
@place_options
@index_options
@build_options
@selection_options
@cache_options
@network_options
@output_options
@pass_session
def audit(session: Session, *, requirements: tuple[str, ...], files: tuple[str, ...], as_json: bool) -> int:
    """List the names that more than one index offers, and what each strategy would take.

    Looks up what is named, or else all that is installed; dependencies are not followed, and nothing is
    installed or built. Every index is asked for every name. Ends with 1 if for some name the strategies would
    not all take the same file, so that an index could slip in another.
    """
    from rewheel.cli.asking import build_resolver, gather, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.index_audit import audit_json, audit_lines
    from rewheel.cli.requirements_file import Asked
    from rewheel.metadata import Requirement
    from rewheel.resolution.auditing import audit as audit_indexes

    if requirements or files:
        asked = gather(session, requirements, files=files, only_looking=True)
        asked.unnamed.clear()  # what is named by its place has no name to look up
        here = session.reference_target
        wanted = [found for found in asked.requirements if not found.url and found.applies(here.markers)]
    else:
        asked, here = Asked(), session.target
        wanted = [Requirement.parse(name) for name in sorted(found.project for found in here.installed())]
    machine, target = machine_target(session, here, session.settings.machine)
    builder = builder_for(session, asked, machine.platform, target)  # so that sources count; nothing is built

    def resolver_for(sources: "Sources") -> "Resolver":
        return build_resolver(
            session,
            asked,
            machine=machine,
            target=target,
            keep_installed=False,
            sources=sources,
            builder=builder,
        )

    found = audit_indexes(wanted, session.sources, resolver_for)
    count = len({requirement.project for requirement in wanted})
    if as_json:
        session.output.json(audit_json(found, session.sources, count))
    else:
        for line in audit_lines(found, session.sources, count):
            session.output.result(line)
    return 0 if all(each.is_decided for each in found) else 1
