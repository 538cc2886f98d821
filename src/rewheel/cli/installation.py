"""The main job: resolve, choose variants, fetch, install."""

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rewheel.cli.output import Output
    from rewheel.cli.requirements_file import Asked
    from rewheel.cli.session import Session
    from rewheel.environments import Target
    from rewheel.installing import Installation, Installer, Planner
    from rewheel.machines import Machine, Platform
    from rewheel.resolution import RememberingResolver, Resolver, WheelBuilder

__all__ = ["install"]


def install(
    session: "Session",
    requirements: "Sequence[str]",
    *,
    files: "Sequence[str]" = (),
    constraints: "Sequence[str]" = (),
    groups: "Sequence[str]" = (),
    scripts: "Sequence[str]" = (),
    editables: "Sequence[str]" = (),
    upgrade: bool = False,
    eager: bool = False,
    reinstall: bool = False,
    no_deps: bool = False,
    dry_run: bool = False,
    report: str | None = None,
    config_settings: "Sequence[str]" = (),
    clones: "Path | None" = None,
) -> None:
    """Install what is asked for, by the session's settings, and tell the story. Raises RewheelError.

    `clones` is where editable repositories are cloned, unless nothing is to be changed.
    """
    from rewheel.cli.asking import build_resolver, gather, machine_target
    from rewheel.cli.building import builder_for
    from rewheel.cli.narration import collecting_lines, done_lines, planned_lines
    from rewheel.cli.remembered import remembering

    output = session.output
    output.narrate_to_stderr = report == "-"
    if report is not None:
        from rewheel.cli.installed_report import check_report_place

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
    session.while_asking = partial(_get_ready, session, asked, dry_run=dry_run)
    here = session.target
    if scripts:
        from rewheel.cli.project_files import check_scripts

        check_scripts(session, scripts, here)
    platform: Platform | None = None
    target = here
    # This machine is looked at only if something is chosen for it, which a remembered answer has been.
    machine: Machine | Callable[[], Machine] = partial(
        session.machine_at, None, interpreter_arch=_platform(here)[1]
    )
    if session.settings.machine is not None:
        machine, target = machine_target(session, here, session.settings.machine)
        platform = machine.platform
    if not dry_run:
        _refuse_foreign_environment(here, target)
    place_of_clones = _place_of_clones(session, here, clones) if asked.editable and not dry_run else None
    builder = builder_for(session, asked, platform, target, clones=place_of_clones)
    # What runs here satisfies nothing on another platform; a folder may be for any.
    keep_installed = target.is_directory_target or _platform(target) == _platform(here)
    has_ignored = _tell_of_ignored(output, asked, target)

    def make_resolver() -> "Resolver":
        return build_resolver(
            session,
            asked,
            machine=machine,
            target=target,
            keep_installed=keep_installed,
            upgrade=upgrade,
            eager=eager,
            reinstall=reinstall,
            no_deps=no_deps,
            builder=builder,
            whole_metadata=report is not None,
        )

    resolver = remembering(
        session, asked, target, make_resolver, keep_installed=keep_installed, report=report is not None
    )
    if dry_run:
        planner = _planner(session, asked, resolver, target, reinstall=reinstall)
        done = planner.plan(asked.requirements, asked.constraints)
        _say(output, planned_lines(done))
    else:
        installer = _installer(session, asked, resolver, target, reinstall=reinstall, builder=builder)
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
    if not has_ignored and (pages := getattr(resolver, "pages", ())):
        from rewheel.cli.recalled import keep

        keep(session, target, done, pages)
    _warn_of_strangers(session, {package.project for package in done.resolution.packages})
    if report is not None:
        from rewheel.cli.installed_report import write_report

        write_report(session, report, done, target)


def _planner(
    session: "Session",
    asked: "Asked",
    resolver: "Resolver | RememberingResolver",
    target: "Target",
    *,
    reinstall: bool,
) -> "Planner":
    from rewheel.installing import Planner

    return Planner(
        resolver=resolver,
        target=target,
        allowed_hashes=asked.hashes,
        require_hashes=session.settings.require_hashes,
        reinstall=reinstall,
    )


def _installer(
    session: "Session",
    asked: "Asked",
    resolver: "Resolver | RememberingResolver",
    target: "Target",
    *,
    reinstall: bool,
    builder: "WheelBuilder | None",
) -> "Installer":
    from rewheel.cli.asking import bytecode_mode
    from rewheel.installing import Installer, LinkMode

    settings = session.settings
    return Installer(
        resolver=resolver,
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
        crew=session.crew,
    )


def _place_of_clones(session: "Session", here: "Target", chosen: "Path | None") -> "Path":
    from rewheel.cli.clones import source_folder

    return source_folder(session, here, chosen)


def _get_ready(session: "Session", asked: "Asked", *, dry_run: bool) -> None:
    """Load what comes next, and ask for the first pages, while an interpreter is asked about itself.

    For an environment that is new to us, there is no answer to remember.
    """
    from rewheel.indexes.http import HttpClient
    from rewheel.machines import Machine, Providers
    from rewheel.resolution import Resolver

    del HttpClient, Machine, Providers, Resolver
    if not dry_run:
        session.call_for_unpackers()  # before there are threads
    with contextlib.suppress(RewheelError):  # whoever needs the pages will tell of it
        session.sources.begin(
            requirement.project
            for requirement in asked.requirements
            if not requirement.url and requirement.marker is None
        )


def _say(output: "Output", lines: "Iterable[str]") -> None:
    for line in lines:
        output.say(line)


def _remember(session: "Session", target: "Target", done: "Installation") -> None:
    """Let the next one who asks the same know at once, if it is plain wheels that are there."""
    from rewheel.cli.narration import done_lines
    from rewheel.cli.output import plain
    from rewheel.cli.satisfied import remember

    if not any(package.label for package in done.resolution.packages):
        quiet = session.output.is_quiet
        remember(session, target, () if quiet else map(plain, done_lines(done)))


def _warn_of_broken(session: "Session", target: "Target", done: "Installation") -> None:
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


def _tell_of_ignored(output: "Output", asked: "Asked", target: "Target") -> bool:
    """Tell of requirements whose markers rule them out, so that nobody wonders where they are.

    Return whether there are any.
    """
    ignored = [
        requirement
        for requirement in asked.requirements
        if requirement.marker is not None
        and not (requirement.marker.uses_variants or requirement.applies(target.markers))
    ]
    for requirement in ignored:
        output.say(f"Ignoring {requirement}: its marker does not hold here")
    return bool(ignored)


def _warn_of_strangers(session: "Session", projects: set[str]) -> None:
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
