"""All candidates of all projects that a resolution has met so far."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from rewheel.indexes import Offer
from rewheel.indexes.urls import redact
from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.numbering import number_candidates
from rewheel.resolution.releases import Releases
from rewheel.resolution.status import quarantined

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, IndexesError, Sources
    from rewheel.metadata import Requirement
    from rewheel.resolution.candidates import ProjectCandidates
    from rewheel.resolution.releases import Release

__all__ = ["Universe"]


class Universe:
    """Knows the candidates of each project, and which of them a requirement allows.

    Pages are fetched when a project is first met, those of several projects side by side.
    """

    def __init__(
        self,
        *,
        sources: "Sources",
        target: "Target",
        kept: Mapping[str, "InstalledDistribution"],
        references: "Callable[[Requirement], Release]",
        client: "Client",
        pre_releases: bool = False,
        prefer_binary: bool = False,
        fixed: Collection[str] = (),
        replaceable: Mapping[str, "InstalledDistribution"] | None = None,
        unconditional: Collection[str] = (),
        constrained: Mapping[str, "Requirement"] | None = None,
    ) -> None:
        """Start with no project; `kept` are installed distributions that are preferred to any other.

        `references` gives the release that a requirement's URL leads to.
        `replaceable` are others that are installed, and are preferred only to what is older than they are.
        Of `unconditional` projects every candidate satisfies every requirement. Of `constrained` ones nothing
        but what the requirement's URL leads to can be had, once they are needed.
        No source is asked for the `fixed` projects: what is kept of them is all that there is.
        """
        self._sources = sources
        self._target = target
        self._kept = kept
        self._references = references
        self._client = client
        self._pre_releases = pre_releases
        self._prefer_binary = prefer_binary
        self._fixed = frozenset(fixed)
        self._replaceable = replaceable or {}
        self._unconditional = frozenset(unconditional)
        self._constrained = constrained or {}
        self.references = 0
        """How many files were named by URL since something was said of their projects."""
        self._projects: dict[str, ProjectCandidates] = {}
        self._absent: set[str] = set()
        self._failures: dict[str, IndexesError] = {}
        self._quarantines: dict[str, str] = {}
        self._tails: dict[str, int | None] = {}

    def meet(self, projects: Iterable[str]) -> None:
        """Fetch the pages of projects that have not been met yet.

        Raises `IndexesError` if a source fails: a silent fall to the next source could install another
        project of the same name (PEP 766, index priority).
        """
        new = [project for project in dict.fromkeys(projects) if project not in self._projects]
        for project, offer in zip(new, self._client.map_calmly(self._offer, new), strict=True):
            self._projects[project] = self._number(project, offer)

    def _offer(self, project: str) -> Offer:
        if project in self._fixed or project in self._constrained:
            return Offer(project, ())
        return self._sources.offer(project)

    def candidates(self, project: str) -> "ProjectCandidates":
        """Return the project's candidates, fetching its pages if need be."""
        if project not in self._projects:
            self.meet([project])
        return self._projects[project]

    def is_known(self, project: str) -> bool:
        """Whether any source has a page for the project, or it is installed or named by a reference."""
        return bool(self.candidates(project).candidates) or project not in self._absent

    def allowed(self, requirement: "Requirement", *, by_user: bool = False) -> CandidateSet:
        """Return the candidates that satisfy a requirement, of a package or of the user's own."""
        found = self.candidates(requirement.project)
        if requirement.project in self._unconditional:
            return CandidateSet.full()
        if requirement.url:
            is_new = found.knows_requirements and not found.has_reference(requirement.url)
            allowed = found.add_reference(requirement.url, self._references(requirement))
            self.references += is_new
            return allowed
        return found.matching(requirement.specifier, by_user=by_user)

    @property
    def has_variants(self) -> bool:
        """Whether any project that was met offers a variant for the target's platform."""
        return any(found.has_variants for found in self._projects.values())

    def failure(self, project: str) -> "IndexesError | None":
        """Return why some index could not be asked that might have had more of a project than there is."""
        return self._failures.get(project)

    def limits(self, project: str) -> str:
        """Say why there is no more of a project: it is quarantined (PEP 792), or other indexes have no say.

        Or a constraint names the file that it is to be. Empty if nothing is so.
        """
        if (constraint := self._constrained.get(project)) is not None:
            return f"a constraint names {redact(constraint.url)}, so nothing else is looked at"
        return self._quarantines.get(project) or self._sources.limits(project)

    def _number(self, project: str, offer: Offer) -> "ProjectCandidates":
        kept, replaceable = self._kept.get(project), self._replaceable.get(project)
        tiers = [[Releases(page, self._target.tags, self._tails) for page in tier] for tier in offer.tiers]
        if offer.failure is not None:
            self._failures[project] = offer.failure
        if not (tiers or kept or replaceable or project in self._constrained):
            self._absent.add(project)
        self._quarantines[project] = quarantined(offer.pages)
        found = number_candidates(
            project, tiers, kept, replaceable=replaceable, prefer_binary=self._prefer_binary
        )
        found.pre_releases_admitted = self._pre_releases
        if (constraint := self._constrained.get(project)) is not None:
            found.add_reference(constraint.url, self._references(constraint))
        return found
