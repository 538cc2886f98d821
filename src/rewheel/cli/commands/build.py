"""`rewheel build`: a project becomes its source distribution, its plain wheel and its variants."""

from pathlib import Path

import click

from rewheel.cli.options import (
    build_options,
    cache_options,
    config_settings_option,
    index_options,
    json_option,
    network_options,
    output_options,
    pass_session,
    provider_options,
)
from rewheel.cli.session import Session

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("build")
@click.argument("source", metavar="[SRC]", type=_PATH, default=Path())
@click.option("-o", "--output", metavar="DIR", type=_PATH, help="Where to write. [default: SRC/dist]")
@click.option(
    "--variant", "labels", metavar="LABEL", multiple=True,
    help="Build this variant; an empty LABEL is the plain wheel. Repeatable.",
)  # fmt: skip
@click.option("--all-variants", is_flag=True, help="Build every variant, null, and the plain wheel.")
@click.option(
    "--sdist/--no-sdist", default=True,
    help="Make the source distribution and the wheels of it, or the wheels right of SRC. [default: --sdist]",
)  # fmt: skip
@click.option(
    "--pyproject", metavar="FILE", type=_PATH,
    help="Take variants and how they are built from this file instead of that of SRC.",
)  # fmt: skip
@click.option(
    "--python", "pythons", metavar="EXE", multiple=True,
    help="Build with this interpreter. [default: that of the environment] Repeatable.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", metavar="N", type=click.IntRange(1, 256),
    help="Run so many builds at a time. [default: one a processor, at most 4]",
)  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Build also what an earlier run finished of the same sources.")
@click.option("--no-validate", is_flag=True, help="Do not ask providers whether they know the properties.")
@config_settings_option
@json_option
@index_options
@build_options
@provider_options
@cache_options
@network_options
@output_options
@pass_session
def command(session: Session, /, *, as_json: bool, **options: object) -> int:
    """Build a project: its source distribution, its wheels, its variants.

    SRC is a folder or a source distribution, by default the current folder. Without --variant and
    --all-variants that is its source distribution and its plain wheel. Any build backend will do.
    After a failure the same command builds only what is missing.
    """
    from rewheel.cli.build_run import BuildRun

    if as_json:
        session.output.narrate_to_stderr = True
    run: BuildRun = BuildRun(session, **options)  # type: ignore[arg-type]
    return run.run(as_json=as_json)
