"""From what the user wrote to what a resolver takes: requirements, options of files, labels and hashes."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rewheel.cli.building import read_formats
from rewheel.cli.requirements import Place
from rewheel.cli.requirements_file import Asked, read_config_settings, read_requirements_file
from rewheel.cli.session import Session
from rewheel.config import redact_url
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.config import Settings
    from rewheel.environments import Target
    from rewheel.indexes import Sources
    from rewheel.installing import BytecodeMode
    from rewheel.machines import Machine
    from rewheel.resolution import Resolver, WheelBuilder
    from rewheel.resolution.choosing import Supporting

__all__ = ["build_resolver", "bytecode_mode", "gather", "machine_target"]

_HASH_IN_URL = r"(?:^|&)(sha256|sha384|sha512)=([0-9a-fA-F]+)(?=&|$)"
_EXACT = r"={2,3}[^,*]+"
_HERE = "this machine"
_Value = TypeVar("_Value")


def gather(
    session: Session,
    requirements: Iterable[str],
    *,
    files: Iterable[str] = (),
    constraints: Iterable[str] = (),
    groups: Collection[str] = (),
    scripts: Collection[str] = (),
    editables: Iterable[str] = (),
    config_settings: Iterable[str] = (),
    only_looking: bool = False,
) -> Asked:
    """Read everything that is asked for, and let options inside of files count where no flag is given.

    `files` and `constraints` are paths or URLs, `groups` are `[PATH:]NAME` (PEP 735), `scripts` say what
    they need (PEP 723), `editables` are folders that are installed as they stand. Must be called before the
    session's settings are first needed. Raises UsageError when nothing is asked for, or, unless the user is
    `only_looking`, when hashes are required and missing.
    """
    asked = Asked()
    named = [(text, False) for text in requirements] + [(text, True) for text in editables]
    for text, editable in named:
        found = asked.add(text, session.cwd, editable=editable)
        asked.without_hash.append(("" if isinstance(found, Place) else found.project, redact_url(text)))
    read = partial(
        read_requirements_file,
        asked=asked,
        environ=session.environ,
        base=session.cwd,
        fetch=session.fetch_early,
    )
    for place in files:
        read(place)
    for place in constraints:
        read(place, constraints=True)
    if groups or scripts:
        from rewheel.cli.project_files import add_groups, add_scripts

        add_groups(session, asked, groups)
        add_scripts(session, asked, scripts)
    asked.tell_backends(read_config_settings(config_settings))
    if not (asked.requirements or asked.unnamed or groups or scripts):
        raise UsageError("nothing to install was named", hint="name packages, or a file of them with -r")
    _take_options(session.flags, asked.options)
    if asked.hashes:  # as for pip: who checks one thing means to check everything
        session.flags.setdefault("require_hashes", True)
    if session.settings.require_hashes and not only_looking:
        _take_hashes_of_urls(asked)
        _require_hashes(asked)
    return asked


def build_resolver(
    session: Session,
    asked: Asked,
    *,
    machine: "Machine | Callable[[], Machine]",
    target: "Target",
    keep_installed: bool,
    sources: "Sources | None" = None,
    upgrade: bool = False,
    eager: bool = False,
    reinstall: bool = False,
    no_deps: bool = False,
    builder: "WheelBuilder | None" = None,
    whole_metadata: bool = True,
) -> "Resolver":
    """Build the resolver for one target and machine, by the session's settings.

    What gives this `machine` is asked for it only if a wheel has a label. Without a `builder`, only wheels
    count; without `whole_metadata`, the answer may lack headers of it.
    """
    from rewheel.cli.support import LazyProviders
    from rewheel.resolution import ResolveOptions, Resolver, parse_abi_versions

    for place in asked.unnamed:
        raise UsageError(f"{redact_url(place.url)} would have to be built, which this command does not do")
    settings = session.settings
    options = ResolveOptions(
        pre=settings.pre,
        upgrade=upgrade,
        eager=eager,
        reinstall=reinstall,
        no_deps=no_deps,
        no_default_extras=settings.no_default_extras,
        abi_versions=parse_abi_versions(session.environ.get("VARIANT_ABI_DEPENDENCY", "")),
        no_variants=settings.no_variants,
        forced_labels=_forced(settings),
        excluded_labels=_excluded(settings),
        origins=asked.origins,
        require_hashes=settings.require_hashes,
        allowed_hashes=asked.hashes,
        formats=read_formats(settings),
        editable=frozenset(asked.editable),
        whole_metadata=whole_metadata,
    )
    find_machine, name = (machine, _HERE) if callable(machine) else ((lambda: machine), machine.name)
    providers: Supporting = LazyProviders(session, find_machine, target.markers)
    if settings.enable_providers or settings.disable_providers or settings.trust_providers:
        providers = session.providers(find_machine(), target.markers)  # tells at once what is wrong with them
    return Resolver(
        sources=_verified(sources if sources is not None else session.sources, asked),
        client=session.client,
        target=target,
        providers=providers,
        machine=name,
        options=options,
        installed=target.installed() if keep_installed else (),
        reporter=session.reporter,
        builder=builder,
    )


def bytecode_mode(session: Session) -> "BytecodeMode":
    """Return what is to become of bytecode; unless it is asked for, Python's own switch counts, too."""
    from rewheel.installing import BytecodeMode

    wanted = session.settings.compile
    if wanted is None:
        refused = session.environ.get("PYTHONDONTWRITEBYTECODE")
        return BytecodeMode.NEVER if refused else BytecodeMode.AUTO
    return BytecodeMode.ALWAYS if wanted else BytecodeMode.NEVER


def _verified(sources: "Sources", asked: Asked) -> "Sources":
    return sources.verifying(asked.hashes) if asked.hashes else sources


def machine_target(session: Session, target: "Target", path: Path | None) -> tuple["Machine", "Target"]:
    """Return the machine of a machine file, or this one, and the target as it is on that machine."""
    machine = session.machine_at(path, interpreter_arch=target.markers.get("platform_machine", ""))
    platform = machine.platform
    if platform is None:
        return machine, target
    from rewheel.environments import PlatformDescription

    described = PlatformDescription(platform.system, platform.machine, platform.libc, platform.os_version)
    return machine, target.for_platform(described)


def _take_options(flags: dict[str, object], options: Mapping[str, object]) -> None:
    """Take what files give where no flag does; lists add up, the flags' part first."""
    for name, value in options.items():
        given = flags.get(name)
        if isinstance(value, tuple) and isinstance(given, tuple):
            flags[name] = (*given, *(item for item in value if item not in given))
        else:
            flags.setdefault(name, value)


def _take_hashes_of_urls(asked: Asked) -> None:
    """Let a hash in the fragment of a URL count, as in `…#sha256=…`, where none is given beside it."""
    for requirement in asked.requirements:
        _, _, fragment = requirement.url.partition("#")
        found = {f"{name}:{digest.lower()}" for name, digest in re.findall(_HASH_IN_URL, fragment)}
        if found and requirement.project not in asked.hashes:
            asked.allow_hashes(requirement.project, frozenset(found), narrow=False)


def _require_hashes(asked: Asked) -> None:
    lacking = [place for project, place in asked.without_hash if project not in asked.hashes]
    if lacking:
        raise UsageError(
            f"hashes are required, but there is none for {', '.join(lacking)}",
            hint="give one with --hash=sha256:… in a requirements file",
        )
    for requirement in asked.requirements:
        if not (requirement.url or re.fullmatch(_EXACT, requirement.specifier.strip())):
            raise UsageError(
                f"hashes are required, so {requirement} must name one version", hint="write it with =="
            )


def _forced(settings: "Settings") -> dict[str, str]:
    return {
        project: _label(label, "--variant") if label else ""
        for project, label in _by_project(settings.variants, "--variant").items()
    }


def _excluded(settings: "Settings") -> dict[str, frozenset[str]]:
    return {
        project: frozenset(_label(label, "--exclude-variant") for label in labels)
        for project, labels in _by_project(settings.exclude_variants, "--exclude-variant").items()
    }


def _label(text: str, option: str) -> str:
    from rewheel.variants import InvalidLabel, check_label

    try:
        return check_label(text)
    except InvalidLabel as error:
        raise UsageError(f"{option}: {error}") from error


def _by_project(given: Mapping[str, _Value], option: str) -> dict[str, _Value]:
    from rewheel.variants import normalize_project

    found: dict[str, _Value] = {}
    for name, value in given.items():
        project = normalize_project(name)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", project):
            raise UsageError(f"{option}: {name!r} is not the name of a project")
        if project in found:
            raise UsageError(f"{option}: {name} is named twice, in different spellings")
        found[project] = value
    return found
