"""`rewheel release`: a folder of wheels becomes an index that any web server can serve."""

from pathlib import Path

import click

from rewheel.cli.options import output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["command"]


@click.group("release")
def command() -> None:
    """Write the index file and index pages of a folder of wheels."""


@command.command("index")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Let index files change in ways that clients do not expect.")
@output_options
@pass_session
def index(session: Session, *, directory: Path, replace: bool) -> None:
    """Write the index files of all releases in DIR, and a static index in DIR/simple.

    DIR can then be served by any web server; `--index-url URL-OF-DIR/simple/` installs from it.
    """
    from rewheel.publishing import write_index

    report = write_index(session.cwd / directory, replace=replace)
    output = session.output
    for finding in report.findings:
        output.warning(str(finding))
    for release in report.releases:
        labels = sorted({wheel.filename.label for wheel in release.variant_wheels})
        count = len(release.wheels)
        what = f"{count} wheel{'s' if count != 1 else ''}"
        if labels:
            what += f", variants {', '.join(labels)}"
        output.say(f"{release.project} {release.version}: {what}")
    for path in report.written:
        output.detail(f"wrote {path}")
    for path in report.removed:
        output.detail(f"removed {path}")
    output.say(f"Wrote {directory / report.simple.name} ({len(report.written)} files changed)")
