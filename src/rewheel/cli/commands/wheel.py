"""`rewheel wheel`: look into wheel files, check them, and dismount those that lie elsewhere."""

from pathlib import Path

import click

from rewheel.cli.options import json_option, output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["command"]

_FILE = click.Path(path_type=Path)


@click.group("wheel")
def command() -> None:
    """Look into wheel files, check them, and dismount them."""


@command.command("show")
@click.argument("file", metavar="FILE", type=_FILE)
@json_option
@output_options
@pass_session
def show(session: Session, *, file: Path, as_json: bool) -> None:
    """Show what a wheel, or a `.rim`, is and what it says about itself."""
    from rewheel.cli.wheel_view import WheelView

    view = WheelView.of(session.cwd / file)
    if as_json:
        session.output.json(view.as_json())
        return
    for line in view.lines():
        session.output.result(line)


@command.command("verify")
@click.argument("files", metavar="FILE...", type=_FILE, nargs=-1, required=True)
@json_option
@output_options
@pass_session
def verify(session: Session, *, files: tuple[Path, ...], as_json: bool) -> int:
    """Check wheels from end to end: the archive, RECORD and every file, headers, tags and variant metadata.

    Ends with 1 if one of them must not be installed.
    """
    from rewheel.cli.wheel_check import check_wheel

    found = {file: check_wheel(session.cwd / file) for file in files}
    if as_json:
        session.output.json(
            [
                {"filename": file.name, "findings": [finding._asdict() for finding in findings]}
                for file, findings in found.items()
            ]
        )
    else:
        for file, findings in found.items():
            for finding in findings:
                kind = "error" if finding.fatal else "warning"
                session.output.result(f"{file.name}: {kind}: {finding.path} {finding.message}".rstrip())
            if not findings:
                session.output.result(f"{file.name}: ok")
    return 1 if any(finding.fatal for findings in found.values() for finding in findings) else 0


@command.command("dismount")
@click.argument("wheel", metavar="WHEEL", type=_FILE)
@click.option(
    "--uri", metavar="URL", required=True,
    help="Where the wheel can be fetched; its name is added to a URL that ends with '/'.",
)  # fmt: skip
@click.option("--owner", metavar="ORG", required=True, help="The organisation on the index that hosts it.")
@click.option("-o", "--output", metavar="DIR", type=_FILE, help="[default: the folder of WHEEL]")
@click.option("--allow-insecure-external", is_flag=True, help="Let the URL be one of http, for trials.")
@output_options
@pass_session
def dismount(
    session: Session,
    *,
    wheel: Path,
    uri: str,
    owner: str,
    output: Path | None,
    allow_insecure_external: bool,
) -> None:
    """Make the `.rim` of WHEEL, which goes to an index while the wheel itself lies elsewhere (PEP 759)."""
    from rewheel.wheels import dismount as write_rim

    folder = wheel.parent if output is None else output
    made = write_rim(
        session.cwd / wheel,
        uri=uri,
        owner=owner,
        output=session.cwd / folder,
        epoch=session.source_date_epoch,
        allow_http=allow_insecure_external,
    )
    session.output.say(f"Wrote {folder / made.name}")
