"""`rewheel list`: what is installed, with the label of each variant."""

import click

from rewheel.cli.options import (
    cache_options,
    json_option,
    output_options,
    pass_session,
    place_options,
    target_options,
)
from rewheel.cli.session import Session
from rewheel.cli.tables import table_lines

__all__ = ["command"]


@click.command("list")
@json_option
@target_options
@place_options
@cache_options
@output_options
@pass_session
def command(session: Session, *, as_json: bool) -> None:
    """List what is installed, with variant labels."""
    installed = session.target.installed()
    output = session.output
    if as_json:
        output.json(
            [
                {
                    "name": each.name,
                    "version": each.version,
                    "label": each.label,
                    "requested": each.requested,
                    "installer": each.installer,
                    "editable": each.editable,
                    "direct_url": each.direct_url,
                    "location": str(each.path.parent),
                }
                for each in installed
            ]
        )
        return
    if not installed:
        output.say(f"nothing is installed in {session.target.root}")
        return
    rows = [(each.name, each.version, each.label) for each in installed]
    for line in table_lines([("Package", "Version", "Variant"), *rows]):
        output.result(line)
