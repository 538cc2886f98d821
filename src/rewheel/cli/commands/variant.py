"""`rewheel variant`: declare variants, make wheels of them, turn them back, look into them."""

from pathlib import Path

import click

from rewheel.cli.options import json_option, output_options, pass_session
from rewheel.cli.session import Session
from rewheel.cli.variant_recipe import Recipe, native_provider
from rewheel.errors import UsageError

__all__ = ["command"]

_FILE = click.Path(path_type=Path)
_add_option = click.option(
    "--add-dependency", "added", metavar="REQ", multiple=True,
    help="Let the wheel depend on this, too; a variant may have variant markers. Repeatable.",
)  # fmt: skip
_drop_option = click.option(
    "--drop-dependency", "dropped", metavar="NAME", multiple=True,
    help="Let it no longer depend on this project. Repeatable.",
)  # fmt: skip


@click.group("variant")
def command() -> None:
    """Declare, make, unmake and look into variants."""


@command.command("make")
@click.argument("wheel", metavar="WHEEL", type=_FILE)
@click.option(
    "-p", "--property", "properties", metavar="PROPERTY", multiple=True,
    help='A property, "namespace :: feature :: value". Repeatable.',
)  # fmt: skip
@click.option("--label", metavar="LABEL", default="", help="The label. [default: made of the properties]")
@click.option("--hash-label", is_flag=True, help="Use the hash of the properties as label.")
@click.option("--null", is_flag=True, help="Make the variant without properties.")
@click.option(
    "--priority", "priorities", metavar="NS", multiple=True,
    help="The namespaces, most important first. [default: in the order of -p] Repeatable.",
)  # fmt: skip
@click.option(
    "--provider", "providers", metavar="NS=REQUIREMENT", multiple=True,
    help="The package whose plugin tells what of a namespace a machine supports. Repeatable.",
)  # fmt: skip
@click.option(
    "--static", "statics", metavar="NS", multiple=True,
    help='Support what the wheel has of NS everywhere, or a list: "NS :: FEATURE :: VALUE, VALUE".',
)  # fmt: skip
@click.option(
    "--pyproject", metavar="FILE", type=_FILE,
    help="Take order, providers and, with --label alone, properties from the [variant] table.",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Replace the label of a wheel that has one.")
@click.option(
    "--relabel", metavar="LABEL", default="",
    help="Give a variant this label, and leave its properties as they are.",
)  # fmt: skip
@_add_option
@_drop_option
@click.option("-o", "--output", metavar="DIR", type=_FILE, help="[default: the folder of WHEEL]")
@output_options
@pass_session
def make(
    session: Session,
    /,
    *,
    wheel: Path,
    output: Path | None,
    replace: bool,
    relabel: str,
    added: tuple[str, ...],
    dropped: tuple[str, ...],
    **options: object,
) -> None:
    """Make a variant of WHEEL: a copy with properties and a label.

    Providers of well-known namespaces are known; of others name a plugin (--provider) or give the list
    itself (--static), or the wheel has none and says so (PEP 825).
    """
    from rewheel.metadata import DependencyEdit
    from rewheel.wheels import AlreadyVariant, make_variant, relabel_variant

    edit = DependencyEdit.parse(added, dropped)
    folder = wheel.parent if output is None else output
    source, target, epoch = session.cwd / wheel, session.cwd / folder, session.source_date_epoch
    try:
        if relabel:
            if any(options.values()):
                raise UsageError("--relabel leaves a variant's properties as they are; give it alone")
            made = relabel_variant(source, label=relabel, output=target, edit=edit, epoch=epoch)
        else:
            recipe = Recipe(**options)  # type: ignore[arg-type]
            metadata, label = recipe.metadata(native_provider)
            made = make_variant(
                source,
                metadata=metadata,
                label=label,
                output=target,
                replace=replace,
                edit=edit,
                epoch=epoch,
            )
    except AlreadyVariant as error:
        raise AlreadyVariant(error.message, hint="replace its label with --replace") from error
    if len(made.name) > 200:
        session.output.warning(f"{made.name} is longer than 200 characters, which some file systems refuse")
    session.output.say(f"Wrote {folder / made.name}")


@command.command("unmake")
@click.argument("wheel", metavar="WHEEL", type=_FILE)
@click.option(
    "--resolve-markers", is_flag=True,
    help="Decide dependencies that depend on the variant as for a plain wheel.",
)  # fmt: skip
@_add_option
@_drop_option
@click.option("-o", "--output", metavar="DIR", type=_FILE, help="[default: the folder of WHEEL]")
@output_options
@pass_session
def unmake(
    session: Session,
    *,
    wheel: Path,
    resolve_markers: bool,
    output: Path | None,
    added: tuple[str, ...],
    dropped: tuple[str, ...],
) -> None:
    """Make a plain wheel of the variant WHEEL."""
    from rewheel.metadata import DependencyEdit
    from rewheel.wheels import VariantMarkers, unmake_variant

    edit = DependencyEdit.parse(added, dropped, is_plain=True)
    folder = wheel.parent if output is None else output
    try:
        made = unmake_variant(
            session.cwd / wheel,
            output=session.cwd / folder,
            resolve_markers=resolve_markers,
            edit=edit,
            epoch=session.source_date_epoch,
        )
    except VariantMarkers as error:
        error.hint = "decide them as for a plain wheel with --resolve-markers"
        raise
    session.output.say(f"Wrote {folder / made.name}")


@command.command("init")
@click.argument("project", metavar="[DIR]", type=_FILE, default=Path())
@click.option(
    "--kind", type=click.Choice(["cpu", "cuda", "rocm", "blas"]), default="cpu", show_default=True,
    help="What the variants differ in.",
)  # fmt: skip
@output_options
@pass_session
def init(session: Session, *, project: Path, kind: str) -> None:
    """Write a first [variant] table, with comments, into the pyproject.toml in DIR."""
    from rewheel.builds.matrix import write_first_table

    path = project if project.name == "pyproject.toml" else project / "pyproject.toml"
    write_first_table(session.cwd / path, kind)
    session.output.say(f"Added a table [variant] to {path}: edit it, then `rewheel build --all-variants`")


@command.command("show")
@click.argument("file", metavar="WHEEL|JSON", type=_FILE)
@json_option
@output_options
@pass_session
def show(session: Session, *, file: Path, as_json: bool) -> int:
    """Show the variant metadata of a wheel, an index file or a pyproject.toml, and what is wrong with it."""
    from rewheel.cli.variant_view import VariantView

    view = VariantView.of(session.cwd / file)
    if as_json:
        session.output.json(view.as_json())
    else:
        for line in view.lines():
            session.output.result(line)
    return 1 if view.is_broken else 0
