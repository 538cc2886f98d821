"""From requirements to the distributions that satisfy them, each with the wheel that was chosen and why."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.metadata import Requirement
from rewheel.progress import SILENT, Reporter
from rewheel.resolution.choice import Explanation
from rewheel.resolution.direct import DirectReferences
from rewheel.resolution.errors import NoCandidate, UnknownProject
from rewheel.resolution.inspection import Inspector
from rewheel.resolution.options import ResolveOptions
from rewheel.resolution.resolved import Resolution, ResolvedPackage
from rewheel.resolution.search import Search
from rewheel.resolution.selection import Selector
from rewheel.resolution.universe import Universe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, Sources
    from rewheel.machines import Providers
    from rewheel.resolution.building import WheelBuilder
    from rewheel.resolution.candidate_set import CandidateSet
    from rewheel.resolution.choice import Choice

__all__ = ["Resolver"]


class Resolver:
    """Resolves requirements for one target and one machine.

    One resolver serves one command: pages, metadata and choices that it has read are read once.
    """

    def __init__(
        self,
        *,
        sources: "Sources",
        client: "Client",
        target: "Target",
        providers: "Providers",
        machine: str = "this machine",
        options: ResolveOptions | None = None,
        installed: Iterable["InstalledDistribution"] = (),
        reporter: Reporter = SILENT,
        builder: "WheelBuilder | None" = None,
    ) -> None:
        """Without a `builder`, only wheels count."""
        self._sources = sources
        self._client = client
        self._target = target
        self._options = options or ResolveOptions()
        self._installed = {found.project: found for found in installed}
        self._reporter = reporter
        self._references = DirectReferences(target, client, builder=builder, editable=self._options.editable)
        self._selector = Selector(
            target=target,
            machine=machine,
            providers=providers,
            client=client,
            options=self._options,
            reporter=reporter,
            can_build=builder is not None,
        )
        self._inspector = Inspector(
            selector=self._selector, client=client, target=target, reporter=reporter, builder=builder
        )

    def resolve(
        self, requirements: Sequence[Requirement], constraints: Sequence[Requirement] = ()
    ) -> Resolution:
        """Find the distributions that the requirements need.

        Raises `ResolutionError` if there is no answer, `IndexesError` if a source fails.
        """
        for requirement in (*requirements, *constraints):
            _refuse_variant_marker(requirement)
        markers = self._target.markers
        wanted = [found for found in requirements if found.applies(markers)]
        universe = self._universe(wanted)
        universe.meet(found.project for found in wanted if not found.url)
        search = Search(
            universe,
            self._inspector,
            markers=markers,
            no_deps=self._options.no_deps,
            no_default_extras=self._options.no_default_extras,
            client=self._client,
            reporter=self._reporter,
        )
        return search.run(
            [(requirement, _allowed(universe, requirement)) for requirement in wanted],
            [found for found in constraints if found.applies(markers)],
        )

    def reject(self, package: ResolvedPackage, reason: str) -> None:
        """Take a downloaded wheel, which is not what its index says, out of every further resolution."""
        assert package.wheel is not None
        self._selector.reject(package.wheel.file, reason)
        self._inspector.forget()

    def explain(self, requirement: Requirement) -> Explanation:
        """Tell which wheel would be taken for one requirement, and what became of every other of the version.

        Dependencies and what is installed play no part. If no version has a wheel that would do, the newest
        one is explained. Raises `ResolutionError` if no source has such a version.
        """
        _refuse_variant_marker(requirement)
        universe = self._new_universe({})
        allowed = _allowed(universe, requirement)
        skipped: list[Choice] = []
        found = universe.candidates(requirement.project)
        for number, candidate in found.in_order(allowed):
            choice = self._selector.choose(candidate.releases, pinned=number in found.pinned)
            if choice.selected is not None or choice.sources is not None:
                return Explanation(str(requirement), choice, tuple(skipped))
            skipped.append(choice)
        if (failure := universe.failure(requirement.project)) is not None:
            raise failure
        if not skipped:
            raise _nothing_admitted(requirement)
        return Explanation(str(requirement), skipped[0], tuple(skipped[1:]))

    def _universe(self, requirements: Sequence[Requirement]) -> Universe:
        asked = {requirement.project for requirement in requirements}
        kept = {
            project: found
            for project, found in self._installed.items()
            if not (self._options.reinstall or (self._options.upgrade and project in asked))
            and self._label_may_stay(found)
        }
        return self._new_universe(kept)

    def _new_universe(self, kept: "Mapping[str, InstalledDistribution]") -> Universe:
        return Universe(
            sources=self._sources,
            target=self._target,
            kept=kept,
            references=self._references,
            client=self._client,
            pre_releases=self._options.pre,
            prefer_binary=self._options.formats.prefer_binary,
            fixed=self._options.fixed,
        )

    def _label_may_stay(self, installed: "InstalledDistribution") -> bool:
        options = self._options
        if options.no_variants and installed.label:
            return False
        if options.forced_labels.get(installed.project, installed.label) != installed.label:
            return False
        return installed.label not in options.excluded_labels.get(installed.project, frozenset())


def _allowed(universe: Universe, requirement: Requirement) -> "CandidateSet":
    """Return the candidates for a requirement that the user made; it is an error if there are none.

    If an index could not be asked that might have had some, its failure is that error.
    """
    if not requirement.url and not universe.is_known(requirement.project):
        raise UnknownProject(
            f"no source has a project named {requirement.project}",
            hint=universe.limits(requirement.project)
            or "check its spelling, or name the index that has it with --index-url or --extra-index-url",
        )
    allowed = universe.allowed(requirement)
    if allowed.is_empty:
        if (failure := universe.failure(requirement.project)) is not None:
            raise failure
        known = [str(candidate.version) for candidate in universe.candidates(requirement.project).candidates]
        listed = ", ".join(known[:5]) + (f" and {len(known) - 5} older ones" if len(known) > 5 else "")
        raise NoCandidate(
            f"no version of {requirement.project} satisfies {requirement}; there are {listed or 'no files'}",
            hint=universe.limits(requirement.project) or "ask for one of these versions",
        )
    return allowed


def _nothing_admitted(requirement: Requirement) -> NoCandidate:
    return NoCandidate(
        f"every version of {requirement.project} that satisfies {requirement} is yanked or a pre-release",
        hint="name the exact version, or allow pre-releases with --pre",
    )


def _refuse_variant_marker(requirement: Requirement) -> None:
    """Variant markers belong into a package's own dependencies (PEP 825, environment markers)."""
    if requirement.marker is not None and requirement.marker.uses_variants:
        raise UsageError(
            f"{requirement}: variant markers are allowed only in the dependencies of a package",
            hint="choose a variant with --variant PROJECT=LABEL",
        )
