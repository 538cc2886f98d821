"""What is wrong with an environment: dependencies, files, and what does not belong there."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from rewheel.environments.damage import Damage, damaged_files
from rewheel.errors import RewheelError
from rewheel.metadata.version_keys import parse_version
from rewheel.resolution.standing import misfits
from rewheel.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.version import Version

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.environments.damage import DamagedFile
    from rewheel.environments.dependencies import Dependency, DependencyGraph
    from rewheel.resolution.choosing import Supporting
    from rewheel.variants import VariantEnvironment

__all__ = ["Problem", "ProblemKind", "broken_by", "check_environment"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ProblemKind(StrEnum):
    """What kind of thing is wrong."""

    MISSING = "missing"
    """A dependency is not installed."""
    CONFLICT = "conflict"
    """A dependency is installed in a version that will not do."""
    DUPLICATE = "duplicate"
    """The same project is installed twice."""
    METADATA = "metadata"
    """What it says about itself cannot be read."""
    PYTHON = "python"
    """It is not for this version of Python."""
    PLATFORM = "platform"
    """Its wheel is for another platform."""
    VARIANT = "variant"
    """Its variant does not fit this machine."""
    FILES = "files"
    """Its files are not what its RECORD says."""


@frozen
class Problem:
    """One thing that is wrong with one installed distribution; `text` is a whole sentence."""

    kind: ProblemKind
    project: str
    version: str
    text: str
    label: str = ""
    requirement: str = ""
    """The requirement that is not met, as its metadata writes it."""
    found: str = ""
    """The version that is installed of what is required."""
    files: "tuple[DamagedFile, ...]" = ()


def check_environment(
    graph: "DependencyGraph",
    installed: "Iterable[InstalledDistribution]",
    target: "Target",
    providers: "Supporting",
    *,
    read_files: bool = False,
) -> list[Problem]:
    """Return everything that is wrong, by project; `read_files` compares the hashes of files, too.

    Nothing is fetched.
    """
    found: list[Problem] = []
    versions = {each.project: version for each in graph.installed if (version := parse_version(each.version))}
    seen: dict[str, InstalledDistribution] = {}
    for each in installed:
        first = seen.setdefault(each.project, each)
        if first is not each:
            text = f"{each.project} is installed twice: {first.path.name} and {each.path.name}."
            found.append(_problem(ProblemKind.DUPLICATE, each, text))
        else:
            found += _unmet(each, graph)
        found += _misfits(each, target, providers, versions)
        found += _damage(each, read=read_files)
    return list(dict.fromkeys(found))


def broken_by(
    changed: "Mapping[str, InstalledDistribution]",
    others: "Iterable[InstalledDistribution]",
    markers: "Mapping[str, str]",
    variant_of: "Callable[[InstalledDistribution], VariantEnvironment]",
) -> Iterator[Problem]:
    """Find what other distributions need and what a change took from them; `changed` is as it is now.

    Extras do not count, as nobody knows with which something was installed. What cannot be read is for
    `check_environment` to tell.
    """
    from rewheel.environments.dependencies import Dependency
    from rewheel.metadata import Requirement
    from rewheel.variants import PLAIN, normalize_project

    for parent in others:
        with contextlib.suppress(RewheelError):
            for text in parent.metadata().requires:
                name = _NAME.match(text)
                found = changed.get(normalize_project(name[0])) if name is not None else None
                if found is None:
                    continue
                requirement = Requirement.parse(text)
                sees_variant = requirement.marker is not None and requirement.marker.uses_variants
                variant = variant_of(parent) if parent.label and sees_variant else PLAIN
                dependency = Dependency(parent, requirement, found)
                if requirement.applies(markers, variant) and not dependency.is_met:
                    yield _unmet_one(dependency)


def _unmet(each: "InstalledDistribution", graph: "DependencyGraph") -> Iterator[Problem]:
    if each.project in graph.unreadable:
        text = f"{each.project} {each.version}: {graph.unreadable[each.project]}."
        yield _problem(ProblemKind.METADATA, each, text)
    for dependency in graph.needs(each.project):
        if not dependency.is_met:
            yield _unmet_one(dependency)


def _unmet_one(dependency: "Dependency") -> Problem:
    parent, requirement, found = dependency.parent, dependency.requirement, dependency.found
    extra = f"[{dependency.extra}]" if dependency.extra else ""
    who = f"{parent.project}{extra} {parent.version}"
    if found is None:
        kind, version = ProblemKind.MISSING, ""
        text = f"{who} requires {requirement.project}, which is not installed."
    else:
        kind, version = ProblemKind.CONFLICT, found.version
        text = f"{who} has requirement {requirement}, but you have {found.project} {found.version}."
    return Problem(kind, parent.project, parent.version, text, parent.label, str(requirement), version)


def _misfits(
    each: "InstalledDistribution",
    target: "Target",
    providers: "Supporting",
    versions: "Mapping[str, Version]",
) -> Iterator[Problem]:
    try:
        reasons = misfits(each, target, providers, versions)
    except RewheelError as error:
        yield _problem(ProblemKind.METADATA, each, f"{each.project} {each.version}: {error}.")
        return
    label = f" (variant {each.label})" if each.label else ""
    for kind, reason in reasons:
        link = ": " if kind == "variant" else " "
        text = f"{each.project} {each.version}{label}{link}{reason}."
        yield _problem(ProblemKind(kind), each, text)


def _damage(each: "InstalledDistribution", *, read: bool) -> Iterator[Problem]:
    try:
        files = tuple(damaged_files(each, read=read))
    except RewheelError as error:
        yield _problem(ProblemKind.FILES, each, f"{each.project} {each.version}: {error}.")
        return
    if files:
        parts = []
        for damage, words in (
            (Damage.MISSING, "missing"),
            (Damage.SIZE, "of another size"),
            (Damage.HASH, "changed"),
            (Damage.UNREADABLE, "unreadable"),
        ):
            paths = [file.path for file in files if file.damage is damage]
            parts += [f"{_listed(paths)} {'is' if len(paths) == 1 else 'are'} {words}"] if paths else []
        text = f"{each.project} {each.version} is damaged: {'; '.join(parts)}."
        yield _problem(ProblemKind.FILES, each, text, files)


def _listed(paths: Sequence[str]) -> str:
    """Name the files, the first few of many."""
    if len(paths) <= 3:
        return ", ".join(paths)
    return f"{', '.join(paths[:2])} and {len(paths) - 2} more files"


def _problem(
    kind: ProblemKind, each: "InstalledDistribution", text: str, files: "tuple[DamagedFile, ...]" = ()
) -> Problem:
    return Problem(kind, each.project, each.version, text, each.label, files=files)
