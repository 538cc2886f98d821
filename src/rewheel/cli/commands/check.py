"""`rewheel check`: whether what is installed goes together, fits this machine, and is whole."""

import click

from rewheel.cli.options import (
    cache_options,
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

__all__ = ["command"]


@click.command("check")
@click.option("--files", "read_files", is_flag=True, help="Read every file and compare its hash with RECORD.")
@machine_option
@json_option
@target_options
@place_options
@provider_options
@cache_options
@network_options
@output_options
@pass_session
def command(session: Session, *, read_files: bool, as_json: bool) -> int:
    """Check that what is installed goes together, fits this machine, and is whole.

    One line tells of each problem; the exit code is 1 if there is any. No index is asked.
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
            }
        )
    else:
        for each in problems:
            output.result(each.text)
        if not problems:
            output.say("No broken requirements found.")
    return 1 if problems else 0
