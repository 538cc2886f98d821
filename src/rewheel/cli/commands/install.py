"""`rewheel install`: resolve, choose variants, fetch, install; the main job."""

from functools import partial
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
    place_options,
    require_hashes_option,
    selection_options,
    store_options,
    target_options,
)
from rewheel.cli.session import Session
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewheel.cli.output import Output
    from rewheel.cli.requirements_file import Asked
    from rewheel.environments import Target
    from rewheel.installing import Installation

__all__ = ["command"]


@click.command("install")
@click.argument("requirements", metavar="REQ...", nargs=-1)
@asking_options
@click.option("--user", is_flag=True, hidden=True)
@click.option(
    "-e", "--editable", "editables", metavar="PATH", multiple=True,
    help="Install the project in this folder so that its own files are imported. Repeatable.",
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
    from rewheel.cli.asking import build_resolver, bytecode_mode, gather, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.installed_report import check_report_place, write_report
    from rewheel.cli.narration import collecting_lines, done_lines, planned_lines
    from rewheel.cli.project_files import check_scripts
    from rewheel.cli.remembered import remembering
    from rewheel.installing import Installer, LinkMode

    if user:
        raise UsageError(
            "--user: nothing is installed beside an interpreter's own packages",
            hint="create an environment with `python3 -m venv .venv`, or give --target DIR",
        )
    output = session.output
    output.narrate_to_stderr = report == "-"
    check_report_place(session, report)
    asked = gather(
        session,
        requirements,
        files=files,
        constraints=constraints,
        groups=groups,
        scripts=scripts,
        editables=editables,
        config_settings=config_settings,
    )
    here = session.target
    check_scripts(session, scripts, here)
    chosen_for, target = machine_target(session, here, session.settings.machine)
    if not dry_run:
        _refuse_foreign_environment(here, target)
    builder = builder_for(session, asked, chosen_for, target)
    # What runs here satisfies nothing on another platform; a folder may be for any.
    keep_installed = target.is_directory_target or _platform(target) == _platform(here)
    _tell_of_ignored(output, asked, target)
    make_resolver = partial(
        build_resolver,
        session,
        asked,
        machine=chosen_for,
        target=target,
        keep_installed=keep_installed,
        upgrade=upgrade,
        eager=upgrade_strategy == "eager",
        reinstall=reinstall,
        no_deps=no_deps,
        builder=builder,
    )
    settings = session.settings
    installer = Installer(
        resolver=remembering(
            session, asked, target, make_resolver, keep_installed=keep_installed, report=report is not None
        ),
        client=session.client,
        target=target,
        store=session.store,
        allowed_hashes=asked.hashes,
        require_hashes=settings.require_hashes,
        reinstall=reinstall,
        builder=builder,
        link_mode=LinkMode(settings.link_mode),
        bytecode=bytecode_mode(session),
        reporter=session.reporter,
    )

    if dry_run:
        done = installer.plan(asked.requirements, asked.constraints)
        _say(output, planned_lines(done))
    else:
        done = installer.install(
            asked.requirements,
            asked.constraints,
            tell=lambda planned: _say(output, collecting_lines(planned)),
        )
        _say(output, done_lines(done))
        if done.resolution.is_settled and not (
            done.new or files or constraints or groups or scripts or report or output.verbosity > 0
        ):
            _remember(session, target, done)
        if not no_deps:
            _warn_of_broken(session, target, done)
    _warn_of_strangers(session, {package.project for package in done.resolution.packages})
    if report is not None:
        write_report(session, report, done, target)


def _say(output: "Output", lines: "Iterable[str]") -> None:
    for line in lines:
        output.say(line)


def _remember(session: Session, target: "Target", done: "Installation") -> None:
    """Let the next one who asks the same know at once, if it is plain wheels that are there."""
    from rewheel.cli.narration import done_lines
    from rewheel.cli.output import plain
    from rewheel.cli.satisfied import remember

    if not any(package.label for package in done.resolution.packages):
        quiet = session.output.is_quiet
        remember(session, target, () if quiet else map(plain, done_lines(done)))


def _warn_of_broken(session: Session, target: "Target", done: "Installation") -> None:
    """Tell of what was there before and now lacks what it needs, as nothing of what was asked for is."""
    changed = {change.project for change in done.report.installed}
    resolved = {package.project for package in done.resolution.packages}
    installed = target.installed() if changed else []
    others = [each for each in installed if each.project not in resolved]
    if not others:
        return
    from rewheel.resolution.checking import broken_by
    from rewheel.resolution.standing import installed_variant

    for problem in broken_by(
        {each.project: each for each in installed if each.project in changed},
        others,
        target.markers,
        lambda found: installed_variant(found, session.providers(session.machine, target.markers)),
    ):
        session.reporter.warning(problem.text.removesuffix("."))


def _tell_of_ignored(output: "Output", asked: "Asked", target: "Target") -> None:
    """Tell of requirements whose markers rule them out, so that nobody wonders where they are."""
    for requirement in asked.requirements:
        if requirement.marker is not None and not (
            requirement.marker.uses_variants or requirement.applies(target.markers)
        ):
            output.say(f"Ignoring {requirement}: its marker does not hold here")


def _warn_of_strangers(session: Session, projects: set[str]) -> None:
    """Tell of labels that the command line gives for packages that nothing asks for: often a slip."""
    from rewheel.variants import normalize_project

    settings = session.settings
    for field, option, named in (
        ("variants", "--variant", settings.variants),
        ("exclude_variants", "--exclude-variant", settings.exclude_variants),
    ):
        for name in named if field in session.flags else ():
            if normalize_project(name) not in projects:
                session.reporter.warning(f"{option} {name} has no effect: nothing asks for {name}")


def _refuse_foreign_environment(here: "Target", target: "Target") -> None:
    """Do not put wheels of another platform into an environment that runs on this one."""
    if target.is_directory_target:
        return
    if _platform(target) != _platform(here):
        raise UsageError(
            f"wheels for {' '.join(_platform(target))} would not run in {here.root}",
            hint="install into a plain folder with --target DIR, or only look with --dry-run",
        )


def _platform(target: "Target") -> tuple[str, str]:
    return target.markers.get("sys_platform", ""), target.markers.get("platform_machine", "")
