"""`rewheel download`: the wheels of what is asked for, with all that it needs, into a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

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
    require_hashes_option,
    selection_options,
    target_options,
)
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.resolution import Resolution

__all__ = ["command"]


@click.command("download")
@click.argument("requirements", metavar="REQ...", nargs=-1)
@asking_options
@click.option(
    "-d",
    "--dest",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where to put the files. [default: the current folder]",
)
@target_options
@index_options
@build_options
@require_hashes_option
@machine_option
@selection_options
@cache_options
@network_options
@output_options
@pass_session
def command(
    session: Session,
    *,
    requirements: tuple[str, ...],
    folder: Path,
    files: tuple[str, ...],
    constraints: tuple[str, ...],
    groups: tuple[str, ...],
    scripts: tuple[str, ...],
    no_deps: bool,
    config_settings: tuple[str, ...],
) -> None:
    """Download wheels, with the variants that fit this machine or another.

    Nothing is installed, and what is installed plays no part. Without an environment the wheels are for the
    Python that runs rewheel. What has no wheel that would do is saved as a source distribution.
    """
    from rewheel.cli.asking import build_resolver, gather, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.narration import choice_lines, collecting_line, label_text
    from rewheel.cli.project_files import check_scripts
    from rewheel.installing.downloading import Downloader

    asked = gather(
        session,
        requirements,
        files=files,
        constraints=constraints,
        groups=groups,
        scripts=scripts,
        config_settings=config_settings,
    )
    machine, target = machine_target(session, session.reference_target, session.settings.machine)
    check_scripts(session, scripts, target)
    builder = builder_for(session, asked, machine.platform, target)
    resolver = build_resolver(
        session,
        asked,
        machine=machine,
        target=target,
        keep_installed=False,
        no_deps=no_deps,
        builder=builder,
    )
    downloader = Downloader(
        resolver=resolver,
        client=session.client,
        allowed_hashes=asked.hashes,
        require_hashes=session.settings.require_hashes,
        builder=builder,
        reporter=session.reporter,
    )

    def tell(resolution: "Resolution") -> None:
        for package in resolution.packages:
            if package.choice is not None:
                for line in choice_lines(package.choice):
                    session.output.say(line)
        for package in resolution.packages:
            if package.wheel is not None:
                session.output.say(collecting_line(package))

    done = downloader.download(asked.requirements, asked.constraints, session.cwd / folder, tell=tell)
    for package in done.resolution.packages:
        place = folder / done.files[package.project].name
        session.output.say(f"Saved {package.project} {package.version}{label_text(package.label)}  {place}")
