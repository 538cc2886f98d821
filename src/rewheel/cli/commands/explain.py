"""`rewheel explain`: why this wheel, and what would another machine get."""

from pathlib import Path

import click

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

__all__ = ["command"]


@click.command("explain")
@click.argument("requirements", metavar="REQ...", nargs=-1)
@click.option(
    "--machine", "machines", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
    help="A machine file. [default: this machine] With several, a matrix. Repeatable.",
)  # fmt: skip
@json_option
@target_options
@place_options
@index_options
@selection_options
@build_options
@cache_options
@network_options
@output_options
@pass_session
def command(
    session: Session, *, requirements: tuple[str, ...], machines: tuple[Path, ...], as_json: bool
) -> None:
    """Say why which wheel would be chosen, here and on other machines.

    Nothing is downloaded but metadata. That no wheel would do is an answer too, and no failure.
    """
    from rewheel.cli.asking import build_resolver, gather, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.explanation import explanation_json, explanation_lines, matrix_lines

    asked = gather(session, requirements, only_looking=True)
    paths: list[Path | None] = [session.cwd / path for path in machines] or [session.settings.machine]
    here = session.reference_target
    by_machine = []
    for path in paths:
        machine, target = machine_target(session, here, path)
        builder = builder_for(session, asked, machine.platform, target)
        by_machine.append(
            build_resolver(
                session, asked, machine=machine, target=target, keep_installed=False, builder=builder
            )
        )
    rows = [[resolver.explain(requirement) for resolver in by_machine] for requirement in asked.requirements]
    output = session.output
    if as_json:
        output.json({"explanations": [explanation_json(each) for row in rows for each in row]})
    else:
        for number, row in enumerate(rows):
            if number:
                output.result()
            for line in matrix_lines(row) if len(row) > 1 else explanation_lines(row[0]):
                output.result(line)
