"""`rewheel check`: whether what is installed goes together, fits this machine, and is whole."""

from typing import TYPE_CHECKING

import click

from rewheel.cli.options import (
    cache_options,
    index_options,
    json_option,
    machine_option,
    network_options,
    output_options,
    pass_session,
    place_options,
    provider_options,
    target_options,
)
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.indexes.sharing import SharedName

__all__ = ["command"]


@click.command("check")
@click.option("--files", "read_files", is_flag=True, help="Read every file and compare its hash with RECORD.")
@click.option("--indexes", "ask_indexes", is_flag=True, help="Ask all indexes who else offers a name.")
@machine_option
@json_option
@target_options
@place_options
@provider_options
@index_options
@cache_options
@network_options
@output_options
@pass_session
def command(session: Session, *, read_files: bool, ask_indexes: bool, as_json: bool) -> int:
    """Check that what is installed goes together, fits this machine, and is whole.

    One line tells of each problem; the exit code is 1 if there is any. Names that more than one index offers
    are warned of; no index is asked for that unless --indexes says so.
    """
    from rewheel.cli.asking import machine_target
    from rewheel.environments.dependencies import DependencyGraph
    from rewheel.resolution.checking import check_environment
    from rewheel.resolution.standing import installed_variant

    machine, target = machine_target(session, session.target, session.settings.machine)
    installed = target.installed()
    providers = session.providers(machine, target.markers)
    graph = DependencyGraph(installed, target.markers, lambda each: installed_variant(each, providers))
    problems = check_environment(graph, installed, target, providers, read_files=read_files)
    shared = _shared_names(session, [each.project for each in installed], ask=ask_indexes)
    output = session.output
    if as_json:
        output.json(
            {
                "environment": str(target.root),
                "problems": [
                    {
                        "kind": str(each.kind),
                        "name": each.project,
                        "version": each.version,
                        "label": each.label,
                        "text": each.text,
                        "requirement": each.requirement,
                        "found": each.found,
                        "files": [{"path": file.path, "damage": str(file.damage)} for file in each.files],
                    }
                    for each in problems
                ],
                "shared": [
                    {"name": name.project, "indexes": [source.name for source in name.sources]}
                    for name in shared
                ],
            }
        )
    else:
        for each in problems:
            output.result(each.text)
        if not problems:
            output.say("No broken requirements found.")
        for name in shared:
            output.warning(f"{name}; `rewheel index audit {name.project}` tells what that means")
    return 1 if problems else 0


def _shared_names(session: Session, projects: list[str], *, ask: bool) -> "list[SharedName]":
    settings = session.settings
    if settings.no_index or len(settings.indexes) + len(settings.extra_index_urls) == 0:
        return []  # there is one index at most
    from rewheel.indexes.sharing import shared_names

    return shared_names(projects, session.sources, ask=ask)
