"""Searching again and again: labels that depend on versions, versions that depend on labels.

A label of `abi_dependency` (PEP 850) fits if another distribution has a certain version, which is known only
when everything is resolved. So the first attempt does without such labels; then versions are taken for
granted, the preferred first, until an attempt shows them to be right.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewheel.metadata.version_keys import parse_version
from rewheel.progress import DeferringReporter, Reporter
from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.errors import ResolutionError
from rewheel.resolution.search import Search
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.version import Version

    from rewheel.environments import InstalledDistribution
    from rewheel.indexes import Client
    from rewheel.metadata import Requirement
    from rewheel.resolution.inspection import Inspector
    from rewheel.resolution.options import ResolveOptions
    from rewheel.resolution.resolved import Resolution
    from rewheel.resolution.search import Likely
    from rewheel.resolution.selection import Selector
    from rewheel.resolution.universe import Universe

__all__ = ["Asked", "Attempt", "Attempts"]

_MOST_ATTEMPTS = 64


class Asked(NamedTuple):
    """What the user asked for, with the candidates that would do."""

    requirements: "Sequence[tuple[Requirement, CandidateSet]]"
    constraints: "Sequence[Requirement]" = ()


class Attempt(NamedTuple):
    """What one search came to, and what it had to tell."""

    resolution: "Resolution | None"
    error: ResolutionError | None
    heard: DeferringReporter

    def outcome(self, reporter: Reporter) -> "Resolution":
        """Tell what there is to tell, and give the answer or raise the error."""
        self.heard.tell(reporter)
        if self.resolution is None:
            assert self.error is not None
            raise self.error
        return self.resolution


class Attempts:
    """Makes attempts for one target and machine, with what is installed there."""

    def __init__(
        self,
        *,
        selector: "Selector",
        inspector: "Inspector",
        markers: Mapping[str, str],
        options: "ResolveOptions",
        installed: "Mapping[str, InstalledDistribution]",
        client: "Client",
    ) -> None:
        self._selector = selector
        self._inspector = inspector
        self._markers = markers
        self._options = options
        self._installed = installed
        self._client = client

    def best(self, universe: "Universe", asked: Asked, likely: "Likely | None" = None) -> Attempt:
        """Return the first attempt whose assumed versions come true, else the one that assumes none.

        `likely` hears only of the latter's wheels, which nearly always is the only one.
        """
        without = self.once(universe, asked, likely=likely)
        tried: list[Mapping[str, Version]] = []
        while len(tried) < _MOST_ATTEMPTS:
            assumed = next((a for a in self._assumptions(universe, asked) if a not in tried), None)
            if assumed is None:
                break
            tried.append(assumed)
            attempt = self.once(universe, asked, assumed)
            if attempt.resolution is not None and self._holds(attempt.resolution, assumed):
                return attempt
        return without

    def once(
        self,
        universe: "Universe",
        asked: Asked,
        assumed: "Mapping[str, Version] | None" = None,
        likely: "Likely | None" = None,
    ) -> Attempt:
        """Search with some versions taken for granted, by default none; labels that need others don't fit."""
        assumed = assumed or {}
        self._selector.assume(assumed)
        self._inspector.forget()
        heard = DeferringReporter()
        search = Search(
            universe,
            self._inspector,
            markers=self._markers,
            no_deps=self._options.no_deps,
            no_default_extras=self._options.no_default_extras,
            origins=self._options.origins,
            client=self._client,
            reporter=heard,
            likely=likely,
        )
        held = {project: version for project, version in assumed.items() if universe.is_known(project)}
        try:
            return Attempt(search.run(asked.requirements, asked.constraints, held), None, heard)
        except ResolutionError as error:
            return Attempt(None, error, heard)

    def assume_likely(self, universe: "Universe") -> bool:
        """Take the versions for granted that labels were seen to depend on; tell whether there are any."""
        assumed = next(self._assumptions(universe, Asked([])), None)
        if assumed is not None and not self._selector.abi.assumed:
            self._selector.assume(assumed)
            return True
        return False

    def _assumptions(self, universe: "Universe", asked: Asked) -> "Iterator[dict[str, Version]]":
        return self._selector.abi.assumptions(lambda project: self._versions_of(universe, asked, project))

    def _versions_of(self, universe: "Universe", asked: Asked, project: str) -> "list[Version]":
        """Return the versions that a project may have in the end: the installed one, then the newest."""
        if project in self._options.abi_versions:
            return [version] if (version := parse_version(self._options.abi_versions[project])) else []
        allowed = CandidateSet.full()
        for requirement, candidates in asked.requirements:
            allowed = allowed & candidates if requirement.project == project else allowed
        known = self._known_versions().get(project)
        in_order = universe.candidates(project).in_order(allowed)
        usual = [version for _, each in in_order if (version := parse_version(each.version)) is not None]
        return usual if known is None or known in usual else [known, *usual]

    def _known_versions(self) -> "dict[str, Version]":
        """Return the versions of what is installed, and of what the user says is."""
        found = {name: parse_version(each.version) for name, each in self._installed.items()}
        found |= {name: parse_version(version) for name, version in self._options.abi_versions.items()}
        return {name: version for name, version in found.items() if version is not None}

    def _holds(self, resolution: "Resolution", assumed: "Mapping[str, Version]") -> bool:
        """Tell whether a label was chosen by versions taken for granted, and all of them came true."""
        relied_on = {name for p in resolution.packages for name in self._selector.abi.relied_on(p.choice)}
        known = self._known_versions()
        for project in relied_on:
            package = resolution.find(project)
            version = parse_version(package.version) if package is not None else known.get(project)
            if version is None or version != assumed.get(project):
                return False
        return bool(relied_on)
