"""`rewheel release`: a folder of wheels is checked, becomes an index, and is published."""

from pathlib import Path

import click

from rewheel.cli.options import cache_options, json_option, network_options, output_options, pass_session
from rewheel.cli.session import Session
from rewheel.errors import UsageError

__all__ = ["command"]


@click.group("release")
def command() -> None:
    """Check releases, write index files and pages, publish them."""


_limits_option = click.option(
    "--limits", metavar="LIMITS", default="none",
    help="What the index accepts: pypi, none, or the largest FILE[,PROJECT], such as 1GiB,50GiB.",
)  # fmt: skip
_ignore_option = click.option(
    "--ignore", "ignored", metavar="CODE", multiple=True, help="Say nothing of this code. Repeatable."
)


@command.command("check")
@click.argument("place", metavar="DIR|URL", required=False)
@click.option(
    "--project", metavar="NAME[==VERSION]", default="",
    help="The project, if URL is that of a whole index; which version, if not the newest.",
)  # fmt: skip
@_limits_option
@click.option(
    "--machine", "machines", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
    help="Say what this machine gets, instead of the known ones. Repeatable.",
)  # fmt: skip
@click.option(
    "--python-version", "pythons", metavar="X.Y", multiple=True,
    help="Say what machines get with this Python. [default: those that the wheels are for] Repeatable.",
)  # fmt: skip
@click.option(
    "--content/--no-content", default=None,
    help="Compare every file in the wheels with its hash, and examine compiled code. "
    "[default: --content for DIR, --no-content for URL]",
)  # fmt: skip
@_ignore_option
@click.option("--explain", "code", metavar="CODE", help="Say what a code means.")
@json_option
@cache_options
@network_options
@output_options
@pass_session
def check(
    session: Session,
    *,
    place: str | None,
    project: str,
    machines: tuple[Path, ...],
    pythons: tuple[str, ...],
    code: str | None,
    as_json: bool,
    limits: str,
    ignored: tuple[str, ...],
    content: bool | None,
) -> int:
    """Prove everything that can be proven of the releases in DIR, or of one that an index offers.

    Ends with who gets what: which wheel about fifty common machines would take.
    """
    from rewheel.cli.release_check import checked, explained, questions
    from rewheel.cli.release_view import checkup_json, finding_lines, release_lines, summary_line
    from rewheel.errors import UsageError

    output = session.output
    if code is not None:
        for line in explained(code):
            output.result(line)
        return 0
    if place is None:
        raise UsageError("there is nothing to check", hint="name a folder or the page of a project")
    asked = questions(
        session,
        limits=limits,
        ignored=ignored,
        machines=machines,
        pythons=pythons,
        content="://" not in place if content is None else content,
    )
    checkup = checked(session, place, project, asked)
    if as_json:
        output.json(checkup_json(checkup))
    else:
        for line in finding_lines(checkup.findings):
            output.result(line)
        for line in release_lines(checkup):
            output.result(line)
        output.result()
        output.result(summary_line(checkup))
    return 1 if checkup.has_errors else 0


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


@command.command("publish")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--to", metavar="URL|NAME", required=True,
    help="The upload URL of the index, or a repository of .pypirc: pypi, testpypi, or your own.",
)  # fmt: skip
@click.option("--token", metavar="TOKEN", default="", help="Upload with this token. [env: REWHEEL_TOKEN]")
@click.option("--username", metavar="USER", default="", help="Upload as this user. [env: TWINE_USERNAME]")
@click.option("--password", metavar="PASSWORD", default="", help="With this password. [env: TWINE_PASSWORD]")
@click.option(
    "--check-url", metavar="URL", default="",
    help="Where the index lists what it has. [default: /simple/ beside the upload URL]",
)  # fmt: skip
@click.option("--no-check", is_flag=True, help="Upload without checking the release first.")
@click.option(
    "--limits", metavar="LIMITS", default="",
    help="As of `release check`. [default: pypi for PyPI, else none]",
)  # fmt: skip
@_ignore_option
@click.option(
    "--skip-existing", is_flag=True,
    help="Take a file of the same name for the same file where the index does not tell its hash.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check, say what would be uploaded, and upload nothing.")
@click.option("--stage", is_flag=True, help="Upload all files first, then publish them at once (PEP 694).")
@click.option("--hold", is_flag=True, help="With --stage: publish nothing yet; print the stage's URL.")
@click.option("--discard", is_flag=True, help="With --stage: give up what is staged of the releases.")
@network_options
@output_options
@pass_session
def publish(
    session: Session,
    *,
    directory: Path,
    to: str,
    token: str,
    username: str,
    password: str,
    check_url: str,
    no_check: bool,
    limits: str,
    ignored: tuple[str, ...],
    skip_existing: bool,
    dry_run: bool,
    stage: bool,
    hold: bool,
    discard: bool,
) -> None:
    """Upload the releases in DIR to an index that speaks the legacy upload API, and their index files.

    What is there already is not sent again, so a publication that was interrupted is continued by the same
    command. Logins come from the options, the environment, the URL, .pypirc, netrc or a keyring.
    """
    from rewheel.cli.release_publish import prepared, publish_all
    from rewheel.cli.upload_place import destination_of, is_pypi

    if ((hold or discard) and not stage) or (hold and discard):
        raise UsageError("--hold or --discard, of which one at a time, go with --stage")
    destination = destination_of(
        session, to, token=token, username=username, password=password, index_url=check_url
    )
    try:
        limits = limits or ("pypi" if is_pypi(destination.url) else "none")
        releases = prepared(
            session, directory, checking=not no_check, limits=limits, ignored=ignored, rims_too=stage
        )
        if stage and not dry_run:
            from rewheel.cli.release_stage import stage_all

            end = "hold" if hold else "discard" if discard else "publish"
            stage_all(session, releases, directory, destination, end=end)
            return
        publish_all(session, releases, directory, destination, skip_existing=skip_existing, dry_run=dry_run)
    finally:
        destination.close()
