"""The candidates of a project, numbered in the order in which they are preferred."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewheel.metadata.clauses import Clauses
from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.releases import Release, parse_version
from rewheel.values import field, frozen, mutable

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.environments import InstalledDistribution

__all__ = ["PRE_RELEASE", "Candidate", "ProjectCandidates", "number_candidates"]

PRE_RELEASE = "a pre-release"
"""Why a candidate is not taken that no requirement admits and that nobody withdrew."""


@frozen(eq=False)
class Candidate:
    """One way to satisfy a requirement on a project: from sources, by reference, or already installed."""

    project: str
    version: "Version"
    releases: tuple[Release, ...] = ()
    """This version in sources of equal standing; empty for what is installed."""
    installed: "InstalledDistribution | None" = None
    reference: str = ""
    """The file or URL that a requirement names; only requirements that name it may get this candidate."""

    @property
    def has_variants(self) -> bool:
        """Whether a wheel that fits the target's tags has a variant label."""
        return any(
            wheel.filename.label and wheel.tag_rank is not None
            for release in self.releases
            if release.may_have_labels
            for wheel in release.wheels
        )

    @property
    def has_wheel(self) -> bool:
        """Whether a wheel fits the target's tags."""
        return any(map(_has_wheel, self.releases))

    @property
    def direct_url(self) -> Mapping[str, Any] | None:
        """What PEP 610 records of this candidate; `None` for one that was found by name."""
        if not self.reference:
            return None
        if self.releases[0].sources is not None:
            return self.releases[0].direct_url
        file = self.releases[0].wheels[0].file  # its URL has no login: that is nobody's who reads the record
        return {"url": file.url, "archive_info": {"hashes": dict(file.hashes)} if file.hashes else {}}

    @property
    def is_yanked(self) -> bool:
        """Whether all its releases are withdrawn, PEP 592."""
        return bool(self.releases) and all(release.is_yanked for release in self.releases)

    @property
    def yank_reason(self) -> str:
        """Why it was withdrawn; empty if it was not, or if nobody said why."""
        return next((release.yank_reason for release in self.releases if release.yank_reason), "")


@mutable
class ProjectCandidates:
    """All candidates of a project; the number of a candidate is its place in `candidates`, best first.

    Which of them are *admitted* is policy that the requirements decide. Pre-releases are like any other
    version if the user asks for them, by an option or by naming one; if the requirement of a package names
    one, or has nothing else, they come after all final versions (PEP 440, handling of pre-releases). A yanked
    version that some requirement pins comes after those that nobody withdrew (PEP 592).
    """

    project: str
    candidates: list[Candidate] = field(default_factory=list)
    pre_releases_admitted: bool = False
    """Whether the user asks for pre-releases."""
    pinned: CandidateSet = field(default_factory=CandidateSet.empty)
    """Candidates that some requirement names by exact version."""
    _early: CandidateSet = field(default_factory=CandidateSet.empty)
    """Candidates of requirements that name a pre-release, or that only pre-releases satisfy."""
    _sets: dict[str, CandidateSet] = field(default_factory=dict)

    def matching(self, specifier: str, *, by_user: bool = False) -> CandidateSet:
        """Return the candidates that a specifier text contains, direct references included.

        Also notes which of them the specifier admits: pre-releases, and what it pins.
        """
        if by_user and Clauses.parse(specifier).name_pre_release:
            self.pre_releases_admitted = True
        found = self._sets.get(specifier)
        if found is None:
            found = self._sets[specifier] = self._match(specifier)
        return found

    @property
    def knows_requirements(self) -> bool:
        """Whether anybody was told yet which candidates would do."""
        return bool(self._sets)

    def has_reference(self, reference: str) -> bool:
        """Tell whether the file or URL is among the candidates."""
        return any(candidate.reference == reference for candidate in self.candidates)

    def add_reference(self, reference: str, release: Release) -> CandidateSet:
        """Add the wheel or sources that a requirement names, and return the set of just that candidate."""
        for number, candidate in enumerate(self.candidates):
            if candidate.reference == reference:
                return CandidateSet.singleton(number)
        self.candidates.append(Candidate(self.project, release.version, (release,), reference=reference))
        self._sets.clear()
        return CandidateSet.singleton(len(self.candidates) - 1)

    def in_order(self, allowed: CandidateSet) -> Iterable[tuple[int, Candidate]]:
        """Yield the admitted candidates of a set with their numbers, best first."""
        reluctantly = []
        for number, candidate in enumerate(self.candidates):
            if number not in allowed:
                continue
            if candidate.installed is not None or self._is_ordinary(candidate, allowed):
                yield number, candidate
            elif not candidate.reference and self._is_admitted(number, candidate):
                reluctantly.append((number, candidate))
        yield from reluctantly

    def reluctance(self, number: int) -> str:
        """Say why a candidate is not taken unless it is asked for; empty if it is like any other."""
        candidate = self.candidates[number]
        if candidate.installed is not None or candidate.reference or self._is_admitted(number, candidate):
            return ""
        if candidate.is_yanked:
            reason = candidate.yank_reason
            return f"yanked: {reason}" if reason else "yanked"
        return PRE_RELEASE

    def _is_ordinary(self, candidate: Candidate, allowed: CandidateSet) -> bool:
        if candidate.reference:
            # Only a requirement that names the file leaves nothing but such candidates in the set.
            return all(other not in allowed for other, c in enumerate(self.candidates) if not c.reference)
        return not candidate.is_yanked and (self.pre_releases_admitted or not candidate.version.is_prerelease)

    def _is_admitted(self, number: int, candidate: Candidate) -> bool:
        if candidate.version.is_prerelease and not self.pre_releases_admitted and number not in self._early:
            return False
        return not candidate.is_yanked or number in self.pinned

    def _match(self, specifier: str) -> CandidateSet:
        clauses = Clauses.parse(specifier)
        bits = 0
        finals = False
        for number, candidate in enumerate(self.candidates):
            if clauses.contain(candidate.version):
                bits |= 1 << number
                finals = finals or not (candidate.version.is_prerelease or candidate.is_yanked)
        found = CandidateSet(bits)
        if clauses.name_pre_release or not finals:
            self._early |= found
        if clauses.pin:
            self.pinned |= found
        return found


def _has_wheel(release: Release) -> bool:
    return any(wheel.tag_rank is not None for wheel in release.wheels)


def number_candidates(
    project: str,
    groups: Sequence[Sequence[Release]],
    kept: "InstalledDistribution | None" = None,
    *,
    replaceable: "InstalledDistribution | None" = None,
    prefer_binary: bool = False,
) -> ProjectCandidates:
    """Give the releases of a project their numbers: group by group, within a group the newest version first.

    A group holds the releases of sources of equal standing; a later group counts only where the earlier ones
    have nothing that will do (PEP 766, index priority). An installed distribution that is to be kept when
    possible comes before them all; a `replaceable` one comes before what is older, so that an upgrade never
    goes back. With `prefer_binary`, versions without a wheel for the target come last:
    a wheel of a later group then comes before the sources of an earlier one.
    """
    found = ProjectCandidates(project)
    version = parse_version(kept.version) if kept is not None else None
    if version is not None:
        found.candidates.append(Candidate(project, version, installed=kept))
    from_sources: list[Candidate] = []
    for group in groups:
        by_version: dict[Version, list[Release]] = {}
        for release in group:
            by_version.setdefault(release.version, []).append(release)
        for release_version in sorted(by_version, reverse=True):
            releases = tuple(by_version[release_version])
            is_last = prefer_binary and not any(map(_has_wheel, releases))
            place = from_sources if is_last else found.candidates
            place.append(Candidate(project, release_version, releases))
    found.candidates += from_sources
    if replaceable is not None and (version := parse_version(replaceable.version)) is not None:
        places = (at for at, each in enumerate(found.candidates) if each.version < version)
        at = next(places, len(found.candidates))
        found.candidates.insert(at, Candidate(project, version, installed=replaceable))
    return found
