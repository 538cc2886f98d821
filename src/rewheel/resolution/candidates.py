"""The candidates of a project, and which of them a requirement allows and admits."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rewheel.metadata.clauses import Clauses
from rewheel.resolution.candidate_set import CandidateSet
from rewheel.values import field, frozen, mutable

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution
    from rewheel.resolution.numbering import Numbered
    from rewheel.resolution.releases import Release

__all__ = ["PRE_RELEASE", "Candidate", "ProjectCandidates"]

PRE_RELEASE = "a pre-release"
"""Why a candidate is not taken that no requirement admits and that nobody withdrew."""


@frozen(eq=False)
class Candidate:
    """One way to satisfy a requirement on a project: from sources, by reference, or already installed."""

    project: str
    version: str
    """As PEP 440 normalises it."""
    releases: "tuple[Release, ...]" = ()
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
        return any(release.has_wheel for release in self.releases)

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
    candidates: "Numbered"
    pre_releases_admitted: bool = False
    """Whether the user asks for pre-releases."""
    pinned: CandidateSet = field(default_factory=CandidateSet.empty)
    """Candidates that some requirement names by exact version."""
    _early: CandidateSet = field(default_factory=CandidateSet.empty)
    """Candidates of requirements that name a pre-release, or that only pre-releases satisfy."""
    _references: int = 0
    """The candidates that requirements name by file or URL, one bit for each."""
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
    def has_variants(self) -> bool:
        """Whether a wheel of any candidate fits the target's tags and has a variant label."""
        return any(self.candidates[number].has_variants for number in _numbers(self.candidates.labelled))

    @property
    def knows_requirements(self) -> bool:
        """Whether anybody was told yet which candidates would do."""
        return bool(self._sets)

    def has_reference(self, reference: str) -> bool:
        """Tell whether the file or URL is among the candidates."""
        return self._number_of(reference) is not None

    def add_reference(self, reference: str, release: "Release") -> CandidateSet:
        """Add the wheel or sources that a requirement names, and return the set of just that candidate."""
        number = self._number_of(reference)
        if number is None:
            number = len(self.candidates)
            self.candidates.append(Candidate(self.project, release.version, (release,), reference=reference))
            self._references |= 1 << number
            self._sets.clear()
        return CandidateSet.singleton(number)

    def _number_of(self, reference: str) -> int | None:
        numbers = _numbers(self._references)
        return next((number for number in numbers if self.candidates[number].reference == reference), None)

    def in_order(self, allowed: CandidateSet) -> Iterable[tuple[int, Candidate]]:
        """Yield the admitted candidates of a set with their numbers, best first."""
        everything = allowed.bits & ((1 << len(self.candidates)) - 1)
        named = everything & self._references
        found = everything & ~named
        if not found:
            # Only a requirement that names the file leaves nothing but such candidates in the set.
            for number in _numbers(named):
                yield number, self.candidates[number]
            return
        reluctantly = 0
        for number in _numbers(found):
            if self._is_ordinary(number):
                yield number, self.candidates[number]
            else:
                reluctantly |= 1 << number
        for number in _numbers(reluctantly):
            if self._is_admitted(number):
                yield number, self.candidates[number]

    def reluctance(self, number: int) -> str:
        """Say why a candidate is not taken unless it is asked for; empty if it is like any other."""
        candidate = self.candidates[number]
        if candidate.installed is not None or candidate.reference or self._is_admitted(number):
            return ""
        if candidate.is_yanked:
            reason = candidate.yank_reason
            return f"yanked: {reason}" if reason else "yanked"
        return PRE_RELEASE

    def _is_ordinary(self, number: int) -> bool:
        is_early = self.candidates.early >> number & 1 and not self.pre_releases_admitted
        if not is_early and not self.candidates.is_withdrawn(number):
            return True
        return self.candidates[number].installed is not None

    def _is_admitted(self, number: int) -> bool:
        is_early = self.candidates.early >> number & 1
        if is_early and not self.pre_releases_admitted and number not in self._early:
            return False
        return not self.candidates.is_withdrawn(number) or number in self.pinned

    def _match(self, specifier: str) -> CandidateSet:
        clauses = Clauses.parse(specifier)
        found = CandidateSet(self.candidates.among(clauses))
        finals = _numbers(found.bits & ~self.candidates.early)
        if clauses.name_pre_release or all(map(self.candidates.is_withdrawn, finals)):
            self._early |= found
        if clauses.pin:
            self.pinned |= found
        return found


def _numbers(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
