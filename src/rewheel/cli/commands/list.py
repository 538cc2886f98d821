"""`rewheel list`: what is installed, with the label of each variant, and what could be newer."""

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
    selection_options,
    target_options,
)
from rewheel.cli.session import Session
from rewheel.cli.tables import table_lines
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.environments import InstalledDistribution
    from rewheel.resolution.outdated import Outdated

__all__ = ["command"]


@click.command("list")
@click.option("-o", "--outdated", is_flag=True, help="Only what has a newer version or a better variant.")
@click.option("--not-required", is_flag=True, help="Only what no other installed package needs.")
@click.option("-e", "--editable", is_flag=True, help="Only editable packages.")
@click.option("--exclude-editable", is_flag=True, help="Leave editable packages out.")
@click.option(
    "--exclude", "excluded", metavar="PKG", multiple=True, help="Leave this package out. Repeatable."
)
@click.option(
    "--format", "form", type=click.Choice(["columns", "freeze", "json"]), default="columns",
    help="How to write it. [default: columns]",
)  # fmt: skip
@json_option
@target_options
@place_options
@index_options
@machine_option
@selection_options
@cache_options
@network_options
@output_options
@pass_session
def command(
    session: Session,
    *,
    outdated: bool,
    not_required: bool,
    editable: bool,
    exclude_editable: bool,
    excluded: tuple[str, ...],
    form: str,
    as_json: bool,
) -> None:
    """List what is installed, with variant labels.

    With --outdated the indexes are asked; the options about indexes, variants and the network are for that.
    """
    form = "json" if as_json else form
    if outdated and form == "freeze":
        raise UsageError("--format freeze cannot tell what is outdated", hint="use columns or json")
    if editable and exclude_editable:
        raise UsageError("--editable and --exclude-editable leave nothing to list")
    installed = _wanted(session, not_required=not_required, excluded=excluded)
    if editable or exclude_editable:
        installed = [each for each in installed if each.editable is editable]
    if outdated:
        found = _outdated(session, installed)
        _print(session, [each.installed for each in found], form, found)
    else:
        _print(session, installed, form, None)


def _wanted(
    session: Session, *, not_required: bool, excluded: tuple[str, ...]
) -> "list[InstalledDistribution]":
    from rewheel.variants import normalize_project

    installed = session.target.installed()
    if not_required:
        from rewheel.cli.dependencies import installed_graph

        graph = installed_graph(session)
        installed = [
            each
            for each in installed
            if all(needed.parent.project == each.project for needed in graph.needed_by(each.project))
        ]
    left_out = {normalize_project(name) for name in excluded}
    return [each for each in installed if each.project not in left_out]


def _outdated(session: Session, installed: "Sequence[InstalledDistribution]") -> "list[Outdated]":
    from rewheel.cli.asking import build_resolver, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.requirements_file import Asked
    from rewheel.resolution.outdated import find_outdated

    machine, target = machine_target(session, session.target, session.settings.machine)
    asked = Asked()
    builder = builder_for(session, asked, machine.platform, target)  # who can build may be offered sources
    resolver = build_resolver(
        session, asked, machine=machine, target=target, keep_installed=False, builder=builder
    )
    return list(
        find_outdated(
            installed, resolver, sources=session.sources, client=session.client, reporter=session.reporter
        )
    )


def _print(
    session: Session,
    installed: "Sequence[InstalledDistribution]",
    form: str,
    outdated: "Sequence[Outdated] | None",
) -> None:
    output = session.output
    if form == "json":
        entries = [_entry(each) for each in installed]
        for entry, newest in zip(entries, outdated or (), strict=False):
            entry["latest_version"] = newest.version
            entry["latest_label"] = newest.label
            entry["latest_filetype"] = newest.filetype
            entry["latest_filename"] = newest.filename
        output.json(entries)
    elif form == "freeze":
        for each in installed:
            label = f"  # variant {each.label}" if each.label else ""
            output.result(f"{each.name}=={each.version}{label}")
    elif not installed:
        what = "nothing is outdated" if outdated is not None else "nothing is installed"
        output.say(f"{what} in {session.target.root}")
    elif outdated is not None:
        rows = [
            (each.name, each.version, each.label, newest.version, newest.label, newest.filetype)
            for each, newest in zip(installed, outdated, strict=True)
        ]
        for line in table_lines(
            [("Package", "Version", "Variant", "Latest", "Latest variant", "Type"), *rows]
        ):
            output.result(line)
    else:
        _print_columns(session, installed)


def _print_columns(session: Session, installed: "Sequence[InstalledDistribution]") -> None:
    from rewheel.environments.references import editable_location

    head = ["Package", "Version", "Variant"]
    rows = [[each.name, each.version, each.label] for each in installed]
    if any(each.editable for each in installed):
        head.append("Editable project location")
        for row, each in zip(rows, installed, strict=True):
            row.append(str(editable_location(each) or ""))
    for line in table_lines([head, *rows]):
        session.output.result(line)


def _entry(each: "InstalledDistribution") -> dict[str, object]:
    return {
        "name": each.name,
        "version": each.version,
        "label": each.label,
        "requested": each.requested,
        "installer": each.installer,
        "editable": each.editable,
        "direct_url": each.direct_url,
        "location": str(each.path.parent),
    }
