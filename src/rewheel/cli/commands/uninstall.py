"""`rewheel uninstall`: away with installed packages, all of those named or none."""

import click

from rewheel.cli.narration import label_text
from rewheel.cli.options import cache_options, output_options, pass_session, place_options, target_options
from rewheel.cli.session import Session
from rewheel.config import redact_url
from rewheel.errors import UsageError

__all__ = ["command"]


@click.command("uninstall")
@click.argument("packages", metavar="PKG...", nargs=-1)
@click.option(
    "-r", "--requirement", "files", metavar="FILE", multiple=True,
    help="Remove what this requirements file names. Repeatable.",
)  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Accepted for pip's sake; nothing is asked.")
@target_options
@place_options
@cache_options
@output_options
@pass_session
def command(session: Session, *, packages: tuple[str, ...], files: tuple[str, ...], yes: bool) -> None:
    """Remove installed packages.

    One that is not installed is warned of, and costs nothing else.
    """
    from rewheel.cli.requirements_file import Asked, read_requirements_file
    from rewheel.installing import uninstall
    from rewheel.metadata import InvalidRequirement, Requirement

    del yes
    asked = Asked()
    for place in files:
        read_requirements_file(
            place, asked, environ=session.environ, base=session.cwd, fetch=session.fetch_early
        )
    for unnamed in asked.unnamed:
        raise UsageError(f"{redact_url(unnamed.url)}: name the project to remove instead of its place")
    try:
        projects = [Requirement.parse(text).project for text in packages]
    except InvalidRequirement as error:
        raise UsageError(str(error)) from error
    projects += [requirement.project for requirement in asked.requirements]
    if not projects:
        raise UsageError("nothing to remove was named", hint="name packages, or a file with -r")
    target = session.target
    installed = [each for each in target.installed() if each.project in set(projects)]
    known = {each.project for each in installed}
    for project in dict.fromkeys(projects):
        if project not in known:
            session.reporter.warning(f"{project} is not installed in {target.root}")
    if not installed:
        return
    report = uninstall(installed, target, reporter=session.reporter)
    for change in report.removed:
        session.output.say(f"Removed {change.project} {change.version}{label_text(change.label)}")
