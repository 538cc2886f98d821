"""`rewheel install`: how the main job is asked for."""

from pathlib import Path

import click

from rewheel.cli.options import (
    asking_options,
    build_options,
    cache_options,
    index_options,
    machine_option,
    network_options,
    output_options,
    pass_session,
    place_options,
    require_hashes_option,
    selection_options,
    store_options,
    target_options,
)
from rewheel.cli.session import Session
from rewheel.errors import UsageError

__all__ = ["command"]


@click.command("install")
@click.argument("requirements", metavar="REQ...", nargs=-1)
@asking_options
@click.option("--user", is_flag=True, hidden=True)
@click.option(
    "-e", "--editable", "editables", metavar="PATH", multiple=True,
    help="Install the project in this folder, or of git+URL#egg=NAME, with its own files. Repeatable.",
)  # fmt: skip
@click.option(
    "--src", "clones", metavar="DIR", envvar="REWHEEL_SRC", type=click.Path(path_type=Path),
    help="Where editable repositories are cloned. [default: src in the environment]",
)  # fmt: skip
@click.option("-U", "--upgrade", is_flag=True, help="Replace what is named by its newest version.")
@click.option(
    "--upgrade-strategy", metavar="STRATEGY", type=click.Choice(["only-if-needed", "eager"]),
    default="only-if-needed",
    help="With -U, the newest of what is needed: eager, or only-if-needed. [default: only-if-needed]",
)  # fmt: skip
@click.option("--reinstall", is_flag=True, help="Install everything anew, and choose variants anew.")
@click.option("--dry-run", is_flag=True, help="Say what would be installed, and change nothing.")
@click.option("--report", metavar="FILE", help="Write what is installed, and why, as JSON; - is the output.")
@target_options
@place_options
@index_options
@build_options
@require_hashes_option
@machine_option
@selection_options
@store_options
@cache_options
@network_options
@output_options
@pass_session
def command(
    session: Session,
    *,
    requirements: tuple[str, ...],
    files: tuple[str, ...],
    constraints: tuple[str, ...],
    groups: tuple[str, ...],
    scripts: tuple[str, ...],
    user: bool,
    editables: tuple[str, ...],
    clones: Path | None,
    upgrade: bool,
    upgrade_strategy: str,
    reinstall: bool,
    no_deps: bool,
    dry_run: bool,
    report: str | None,
    config_settings: tuple[str, ...],
) -> None:
    """Install packages, with the variant that fits this machine.

    REQ is a requirement such as `numpy>=2`, or the path or URL of a wheel, a source distribution,
    a folder or, as git+URL, a repository.
    """
    from rewheel.cli.installation import install

    if user:
        raise UsageError(
            "--user: nothing is installed beside an interpreter's own packages",
            hint="create an environment with `python3 -m venv .venv`, or give --target DIR",
        )
    install(
        session,
        requirements,
        files=files,
        constraints=constraints,
        groups=groups,
        scripts=scripts,
        editables=editables,
        upgrade=upgrade,
        eager=upgrade_strategy == "eager",
        reinstall=reinstall,
        no_deps=no_deps,
        dry_run=dry_run,
        report=report,
        config_settings=config_settings,
        clones=clones,
    )
