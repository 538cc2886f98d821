"""`rewheel serve`: an index server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rewheel.cli.options import output_options, pass_session
from rewheel.cli.session import Session
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from rewheel.server.running import Prepared
    from rewheel.server.settings import Upstream

__all__ = ["command"]


@click.command("serve")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--host", metavar="HOST", help="The address to listen at. [default: 127.0.0.1]")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one. [default: 8000]",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of the index. [default: rewheel-index]",
)
@click.option(
    "--database",
    metavar="URL",
    envvar="REWHEEL_DATABASE",
    help="postgresql://… [default: a SQLite file in --data]",
)
@click.option(
    "--storage",
    metavar="URL",
    envvar="REWHEEL_STORAGE",
    help="s3://bucket/prefix?endpoint=… [default: a folder in --data]",
)
@click.option("--workers", metavar="N", type=click.IntRange(1, 256), help="Worker processes. [default: 1]")
@click.option(
    "--upstream", "upstreams", metavar="NAME=URL", multiple=True,
    help="An index to ask for what is not here, in this order; what it has is kept. Repeatable.",
)  # fmt: skip
@click.option(
    "--reserve", metavar="NAME", multiple=True,
    help="A project, or a pattern such as acme-*, that no upstream index ever hears of. Repeatable.",
)  # fmt: skip
@click.option(
    "--new-projects", metavar="[PATTERN=]WHO", multiple=True,
    help="Who may upload to a name first: anyone (default), admins, organisation:NAME. Repeatable.",
)  # fmt: skip
@click.option(
    "--verify-external", is_flag=True, default=None,
    help="Fetch the wheels that rims name, and compare them, before they are listed.",
)  # fmt: skip
@click.option(
    "--allow-insecure-external", is_flag=True, default=None,
    help="Take the rims of wheels that are not fetched over https, for trials.",
)  # fmt: skip
@output_options
@pass_session
def command(
    session: Session,
    *,
    directory: Path | None,
    host: str | None,
    port: int | None,
    data: Path | None,
    database: str | None,
    storage: str | None,
    workers: int | None,
    upstreams: tuple[str, ...],
    reserve: tuple[str, ...],
    new_projects: tuple[str, ...],
    verify_external: bool | None,
    allow_insecure_external: bool | None,
) -> None:
    """Serve a package index until it is told to stop.

    Without DIR it is an index of its own, to which twine, `uv publish` and others can upload; it is created
    on the first start, which prints the token of its administrator, once.
    """
    from rewheel.cli.server_settings import server_settings

    settings = server_settings(
        session,
        directory=directory,
        data=data,
        database=database,
        storage=storage,
        host=host,
        port=port,
        workers=workers,
        upstreams=_upstreams(upstreams),
        reserved=reserve or None,
        new_projects=_new_projects(new_projects),
        verify_external=verify_external,
        allow_insecure_external=allow_insecure_external,
        log_format="text" if sys.stderr.isatty() else None,
    )
    from rewheel.server import serve

    def announce(url: str, prepared: "Prepared") -> None:
        output = session.output
        if prepared.is_first_start:
            output.say(f"Created an index in {settings.data}")
        if prepared.admin_token:
            output.say("The token of its administrator, which is shown only now:")
            output.announce(f"  {prepared.admin_token}")
        for warning in prepared.warnings:
            output.warning(warning)
        uploads = f" (uploads at {url}legacy/)" if settings.directory is None else ""
        output.announce(f"Serving at {url}simple/{uploads}")

    serve(settings, on_ready=announce)


def _upstreams(texts: tuple[str, ...]) -> "tuple[Upstream, ...] | None":
    from rewheel.server.configuring import read_upstreams

    try:
        return read_upstreams(list(texts)) or None
    except ValueError as error:
        raise UsageError(f"--upstream: {error}", hint="such as --upstream pypi=https://…") from error


def _new_projects(rules: tuple[str, ...]) -> tuple[str, ...] | None:
    from rewheel.server.configuring import read_new_projects

    try:
        return read_new_projects(list(rules)) or None
    except ValueError as error:
        raise UsageError(
            f"--new-projects: {error}",
            hint="such as --new-projects 'acme-*=admins', the first that fits counts",
        ) from error
