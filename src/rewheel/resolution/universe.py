"""All candidates of all projects that a resolution has met so far."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.candidates import ProjectCandidates, number_candidates
from rewheel.resolution.releases import Release, releases_of

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, ProjectPage, Sources
    from rewheel.metadata import Requirement
    from rewheel.resolution.direct import DirectReferences

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
        references: "DirectReferences",
        client: "Client",
        pre_releases: bool = False,
    ) -> None:
        """Start with no project; `kept` are installed distributions that are preferred to any other."""
        self._sources = sources
        self._target = target
        self._kept = kept
        self._references = references
        self._client = client
        self._pre_releases = pre_releases
        self._projects: dict[str, ProjectCandidates] = {}
        self._absent: set[str] = set()

    def meet(self, projects: Iterable[str]) -> None:
        """Fetch the pages of projects that have not been met yet.

        Raises `IndexesError` if a source fails: a silent fall to the next source could install another
        project of the same name (PEP 766, index priority).
        """
        new = [project for project in dict.fromkeys(projects) if project not in self._projects]
        for project, pages in zip(new, self._client.map(self._sources.pages, new), strict=True):
            self._projects[project] = self._number(project, pages)

    def candidates(self, project: str) -> ProjectCandidates:
        """Return the project's candidates, fetching its pages if need be."""
        self.meet([project])
        return self._projects[project]

    def is_known(self, project: str) -> bool:
        """Whether any source has a page for the project, or it is installed or named by a reference."""
        return bool(self.candidates(project).candidates) or project not in self._absent

    def allowed(self, requirement: "Requirement") -> CandidateSet:
        """Return the candidates that satisfy a requirement."""
        found = self.candidates(requirement.project)
        if requirement.url:
            return found.add_reference(requirement.url, self._references.release(requirement))
        return found.matching(requirement.specifier)

    def _number(self, project: str, pages: Iterable["ProjectPage"]) -> ProjectCandidates:
        kept = self._kept.get(project)
        groups = _groups(list(pages), self._target.tags)
        if not groups and kept is None:
            self._absent.add(project)
        found = number_candidates(project, groups, kept)
        found.pre_releases_admitted = self._pre_releases
        return found


def _groups(pages: list["ProjectPage"], tags: Mapping[str, int]) -> list[list[Release]]:
    """Group the releases by standing: find-links stand beside the first index, later indexes behind it."""
    groups: list[list[Release]] = []
    beside: list[Release] = []
    for page in pages:
        releases = list(releases_of(page, tags).values())
        if page.source.is_find_links:
            beside += releases
        else:
            groups.append(releases)
    if beside:
        groups[:1] = [beside + (groups[0] if groups else [])]
    return groups
