"""From requirements to the distributions that satisfy them, each with the wheel that was chosen and why."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.metadata import Requirement
from rewheel.progress import SILENT, Reporter
from rewheel.resolution.attempts import Asked, Attempts
from rewheel.resolution.choice import Explanation
from rewheel.resolution.errors import NoCandidate, ResolutionError, UnknownProject
from rewheel.resolution.inspection import Inspector
from rewheel.resolution.options import ResolveOptions
from rewheel.resolution.resolved import Resolution, ResolvedPackage
from rewheel.resolution.selection import Selector
from rewheel.resolution.universe import Universe
from rewheel.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, Sources
    from rewheel.resolution.building import WheelBuilder
    from rewheel.resolution.candidate_set import CandidateSet
    from rewheel.resolution.choice import Choice
    from rewheel.resolution.choosing import Supporting
    from rewheel.resolution.direct import DirectReferences
    from rewheel.resolution.releases import Release
    from rewheel.resolution.search import Likely

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
        providers: "Supporting",
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
        self._met: Universe | None = None
        self._builder = builder
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
            selector=self._selector,
            client=client,
            target=target,
            reporter=reporter,
            builder=builder,
            whole_metadata=self._options.whole_metadata,
        )
        self._attempts = Attempts(
            selector=self._selector,
            inspector=self._inspector,
            markers=target.markers,
            options=self._options,
            installed=self._installed,
            client=client,
        )

    def resolve(
        self,
        requirements: Sequence[Requirement],
        constraints: Sequence[Requirement] = (),
        *,
        likely: "Likely | None" = None,
    ) -> Resolution:
        """Find the distributions that the requirements need.

        `likely` hears of wheels as soon as they will probably be part of the answer. Raises
        `ResolutionError` if there is no answer, `IndexesError` if a source fails.
        """
        for requirement in (*requirements, *constraints):
            _refuse_variant_marker(requirement)
        markers = self._target.markers
        wanted = [found for found in requirements if found.applies(markers)]
        limits = [found for found in constraints if found.applies(markers)]
        settled = self._settled(wanted, limits)
        if settled is not None:
            return settled
        universe = self._met = self._universe(wanted, limits)
        universe.meet(found.project for found in wanted if not found.url)
        asked = Asked([(requirement, _allowed(universe, requirement)) for requirement in wanted], limits)
        return self._attempts.best(universe, asked, likely).outcome(self._reporter)

    def _settled(
        self, wanted: Sequence[Requirement], constraints: Sequence[Requirement]
    ) -> Resolution | None:
        """Make do with what is installed, if all that is wanted and needed is there; no source is asked.

        The search proper would find the same, since it prefers what is installed.
        """
        from rewheel.indexes import Sources

        kept = self._kept(wanted)
        if not wanted or any(found.url or found.project not in kept for found in wanted):
            return None
        universe = self._new_universe(kept, Sources((), self._client))
        try:
            allowed = [(requirement, _allowed(universe, requirement)) for requirement in wanted]
            attempt = self._attempts.once(universe, Asked(allowed, constraints))
        except ResolutionError:
            return None
        if attempt.resolution is None or attempt.heard.has_warnings:
            return None
        return replace(attempt.outcome(self._reporter), is_settled=True)

    def saw_variants(self) -> bool:
        """Tell whether any project that was looked at offers variants, so that the machine had a say."""
        return self._met is not None and self._met.has_variants

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
        universe = self._new_universe({}, self._sources, [requirement])
        allowed = _allowed(universe, requirement)
        skipped: list[Choice] = []
        found = universe.candidates(requirement.project)
        for number, candidate in found.in_order(allowed):
            choice = self._selector.choose(candidate.releases, pinned=number in found.pinned)
            if self._attempts.assume_likely(universe):
                choice = self._selector.choose(candidate.releases, pinned=number in found.pinned)
            if choice.selected is not None or choice.sources is not None:
                return Explanation(str(requirement), choice, tuple(skipped))
            skipped.append(choice)
        if (failure := universe.failure(requirement.project)) is not None:
            raise failure
        if not skipped:
            raise _nothing_admitted(requirement)
        return Explanation(str(requirement), skipped[0], tuple(skipped[1:]))

    def _universe(self, requirements: Sequence[Requirement], limits: Sequence[Requirement]) -> Universe:
        kept = self._kept(requirements)
        may_stay = {} if self._options.reinstall else self._installed
        replaceable = {
            project: found
            for project, found in may_stay.items()
            if project not in kept and self._label_may_stay(found)
        }
        return self._new_universe(kept, self._sources, requirements, replaceable, limits)

    def _kept(self, requirements: Sequence[Requirement]) -> "Mapping[str, InstalledDistribution]":
        """Return what is installed and may stay, whatever else there is."""
        options = self._options
        if options.reinstall or (options.upgrade and options.eager):
            return {}
        asked = {requirement.project for requirement in requirements} if options.upgrade else set()
        return {
            project: found
            for project, found in self._installed.items()
            if project not in asked and self._label_may_stay(found)
        }

    def _new_universe(
        self,
        kept: "Mapping[str, InstalledDistribution]",
        sources: "Sources",
        requirements: Sequence[Requirement] = (),
        replaceable: "Mapping[str, InstalledDistribution] | None" = None,
        limits: Sequence[Requirement] = (),
    ) -> Universe:
        # Nothing that a source has could stand in for a file that the user names, so none is asked.
        by_name = {requirement.project for requirement in requirements if not requirement.url}
        by_reference = {requirement.project for requirement in requirements} - by_name
        return Universe(
            sources=sources,
            target=self._target,
            kept=kept,
            references=self._reference,
            client=self._client,
            pre_releases=self._options.pre,
            prefer_binary=self._options.formats.prefer_binary,
            fixed={*self._options.fixed, *by_reference},
            replaceable=replaceable,
            constrained={limit.project: limit for limit in limits if limit.url},
            unconditional=self._options.fixed if self._options.fixed_at_any_version else (),
        )

    def _reference(self, requirement: Requirement) -> "Release":
        """Return the release that a requirement's URL leads to."""
        return self._references.release(requirement)

    @cached_property
    def _references(self) -> "DirectReferences":
        from rewheel.resolution.direct import DirectReferences

        options = self._options
        return DirectReferences(self._target, self._client, builder=self._builder, editable=options.editable)

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
    allowed = universe.allowed(requirement, by_user=True)
    if allowed.is_empty:
        if (failure := universe.failure(requirement.project)) is not None:
            raise failure
        known = universe.candidates(requirement.project).candidates.versions
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
