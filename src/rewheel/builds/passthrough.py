"""Letting an isolated build see some of what is installed, as it is: build-isolation passthrough.

A build against an unstable ABI must meet the very build of its dependency that it will run with. What is
passed through is linked, one distribution at a time and with all that it needs, so that everything else
that is installed stays invisible.
"""

import contextlib
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.builds.errors import PassthroughConflict
from rewheel.errors import RewheelError
from rewheel.metadata import Requirement

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution, Target

__all__ = ["Passthrough", "find_passthrough"]

_PTH = "rewheel_passthrough.pth"


@dataclass(frozen=True, slots=True)
class Passthrough:
    """Installed distributions that a build is to see; those that are asked for, and all that they need."""

    distributions: tuple["InstalledDistribution", ...] = ()
    others: tuple["InstalledDistribution", ...] = ()
    """What is installed besides, and must stay invisible."""

    @property
    def projects(self) -> frozenset[str]:
        """The normalised names of what is passed through."""
        return frozenset(found.project for found in self.distributions)

    @property
    def stamp(self) -> list[str]:
        """What identifies what the build sees, for keys and logs."""
        return [f"{found.project}=={found.version}" for found in self.distributions]

    @property
    def is_stable(self) -> bool:
        """Whether versions tell all: what is installed from a folder or an address may change under one."""
        return not any(found.direct_url is not None for found in self.distributions)

    def conflicts(self, requirements: Iterable[Requirement], what: str) -> Iterator[PassthroughConflict]:
        """Hold the requirements of a build against what is installed; yield what does not fit."""
        installed = {found.project: found for found in self.distributions}
        for requirement in requirements:
            found = installed.get(requirement.project)
            if found is None:
                continue
            if requirement.url or not requirement.specifier_set.contains(found.version, prereleases=True):
                yield PassthroughConflict(
                    f"the build of {what} requires {requirement}, but {found.project} {found.version} is "
                    "installed and would be passed through to it",
                    hint=f"install a {found.project} that fits, do not pass it through, or insist with "
                    "--passthrough force",
                )

    def link(self, folder: Path, environment: "Target") -> None:
        """Make what is passed through importable in a build's environment, through links in the folder.

        Raises `PassthroughConflict` if nobody knows which files are theirs, OSError if they can't be linked.
        """
        if not self.distributions:
            return
        folder.mkdir(parents=True)
        shared = _shared_tops(self.distributions, self.others)
        for distribution in self.distributions:
            place = distribution.path.parent
            for relative in _links(_files(distribution), shared):
                if (place / relative).exists():
                    _link(place / relative, folder / relative)
        # Unlike a bare path, a site folder has its own .pth files read: those of editable installations.
        line = f"import site; site.addsitedir({os.fspath(folder)!r})\n"
        (environment.scheme.purelib / _PTH).write_text(line, encoding="utf-8")


def find_passthrough(projects: Collection[str], target: "Target") -> Passthrough:
    """Find which of the projects are installed, and what those need; what is absent is left out."""
    if not projects:
        return Passthrough()
    installed = {found.project: found for found in target.installed()}
    chosen: dict[str, InstalledDistribution] = {}
    waiting = [(project, frozenset[str]()) for project in sorted(projects)]
    seen = set(waiting)
    while waiting:
        project, extras = waiting.pop(0)
        found = installed.get(project)
        if found is None:
            continue
        chosen[project] = found
        for requirement in _needs(found, target.markers, extras):
            following = (requirement.project, requirement.extras)
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    others = tuple(found for name, found in installed.items() if name not in chosen)
    return Passthrough(tuple(chosen[name] for name in sorted(chosen)), others)


def _needs(
    distribution: "InstalledDistribution", markers: Mapping[str, str], extras: frozenset[str]
) -> Sequence[Requirement]:
    found = []
    with contextlib.suppress(RewheelError):
        for text in distribution.metadata().requires:
            with contextlib.suppress(RewheelError):
                requirement = Requirement.parse(text)
                if requirement.applies(markers, extras=extras):
                    found.append(requirement)
    return found


def _files(distribution: "InstalledDistribution") -> list[str]:
    """Return the files that lie beside the dist-info folder or below its siblings."""
    try:
        paths = [entry.path for entry in distribution.record()]
    except RewheelError as error:
        raise PassthroughConflict(f"{distribution.project} can't be passed through: {error}") from error
    return [path for path in paths if path and not path.startswith("/") and ".." not in path.split("/")]


def _shared_tops(
    ours: Iterable["InstalledDistribution"], others: Iterable["InstalledDistribution"]
) -> frozenset[str]:
    """Return the folders that several distributions have files in, such as those of namespace packages."""
    owner: dict[str, str] = {}
    shared = set()
    for distribution in (*ours, *others):
        with contextlib.suppress(RewheelError):
            for top in {path.partition("/")[0] for path in _files(distribution)}:
                if owner.setdefault(top, distribution.project) != distribution.project:
                    shared.add(top)
    return frozenset(shared)


def _links(files: Iterable[str], shared: Collection[str]) -> list[str]:
    """Return what to link: whole folders, or where a folder is shared, each file in it."""
    wanted: dict[str, None] = {}
    for path in files:
        top, slash, _ = path.partition("/")
        if top in shared and "__pycache__" in path.split("/"):
            continue
        wanted.setdefault(path if slash and top in shared else top)
    return list(wanted)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except FileExistsError:
        pass
    except OSError:  # a system where links are a privilege
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
