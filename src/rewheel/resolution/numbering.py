"""The order in which candidates are preferred, which gives them their numbers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from rewheel.metadata.version_keys import key_of, normalized
from rewheel.resolution.candidates import Candidate, ProjectCandidates
from rewheel.resolution.stretches import Stretch

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution
    from rewheel.metadata.clauses import Clauses
    from rewheel.resolution.releases import Release, Releases

__all__ = ["Numbered", "number_candidates"]


class Numbered(Sequence[Candidate]):
    """Candidates by number, each made when it is first asked for and then always the same."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches: list[Stretch] = []
        self._starts: list[int] = []
        self._made: dict[int, Candidate] = {}
        self._count = 0
        self.early = 0
        """Those that are pre-releases, one bit for each."""
        self.labelled = 0
        """Those that may have wheels with a label."""
        for stretch in stretches:
            self._add(stretch)

    def append(self, candidate: Candidate) -> None:
        """Give a candidate the next number."""
        self._add(Stretch.of([candidate]))

    def _add(self, stretch: Stretch) -> None:
        self._stretches.append(stretch)
        self._starts.append(self._count)
        self.early |= stretch.early << self._count
        self.labelled |= stretch.labelled << self._count
        self._count += len(stretch)

    @property
    def versions(self) -> list[str]:
        """The version of each candidate."""
        return [version for stretch in self._stretches for version in stretch.versions]

    def among(self, clauses: "Clauses") -> int:
        """Return those that satisfy clauses, one bit for each."""
        found = 0
        for start, stretch in zip(self._starts, self._stretches, strict=True):
            found |= stretch.among(clauses) << start
        return found

    def is_withdrawn(self, number: int) -> bool:
        """Tell whether all that there is of a candidate is yanked, PEP 592."""
        place = bisect_right(self._starts, number) - 1
        return self._stretches[place].is_withdrawn(number - self._starts[place])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> Candidate: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Candidate]: ...

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._count))]
        made = self._made.get(number)
        if made is None:
            wanted = range(self._count)[number]
            place = bisect_right(self._starts, wanted) - 1
            made = self._made.get(wanted) or self._stretches[place].make(wanted - self._starts[place])
            self._made[wanted] = made
        return made

    def __iter__(self) -> Iterator[Candidate]:
        return map(self.__getitem__, range(self._count))


def number_candidates(
    project: str,
    tiers: "Sequence[Sequence[Releases]]",
    kept: "InstalledDistribution | None" = None,
    *,
    replaceable: "InstalledDistribution | None" = None,
    prefer_binary: bool = False,
) -> ProjectCandidates:
    """Give the releases of a project their numbers: tier by tier, within a tier the newest version first.

    A tier holds what sources of equal standing offer; a later one counts only where the earlier ones have
    nothing that will do (PEP 766, index priority). An installed distribution that is to be kept when
    possible comes before them all; a `replaceable` one comes before what is older, so that an upgrade never
    goes back. With `prefer_binary`, versions without a wheel for the target come last:
    a wheel of a later tier then comes before the sources of an earlier one.
    """
    stretches: list[Stretch] = []
    from_sources: list[Stretch] = []
    if kept is not None and key_of(kept.version) is not None:
        stretches.append(_installed(project, kept))
    for tier in tiers:
        if len(tier) == 1 and not prefer_binary:
            stretches.append(Stretch.of_page(project, tier[0]))
            continue
        merged = _merged(tier)
        last = [releases for releases in merged if prefer_binary and not any(r.has_wheel for r in releases)]
        stretches.append(Stretch.of_releases(project, [each for each in merged if each not in last]))
        from_sources.append(Stretch.of_releases(project, last))
    stretches += from_sources
    if replaceable is not None and (key := key_of(replaceable.version)) is not None:
        _insert(stretches, _installed(project, replaceable), key)
    return ProjectCandidates(project, Numbered([stretch for stretch in stretches if stretch.versions]))


def _installed(project: str, installed: "InstalledDistribution") -> Stretch:
    return Stretch.of([Candidate(project, normalized(installed.version), installed=installed)])


def _merged(tier: "Sequence[Releases]") -> "list[tuple[Release, ...]]":
    """Put together what sources of equal standing have of each version, newest first."""
    by_key: dict[str, list[Release]] = {}
    for releases in tier:
        keys = releases.groups.keys
        for number in range(len(releases)):
            by_key.setdefault(keys[~number], []).append(releases.release(number))
    return [tuple(by_key[key]) for key in sorted(by_key, reverse=True)]


def _insert(stretches: list[Stretch], single: Stretch, key: str) -> None:
    """Put a candidate before the first one that is older."""
    for place, stretch in enumerate(stretches):
        older = bisect_left(stretch.keys, key)
        if older:
            at = len(stretch) - older
            stretches[place : place + 1] = [stretch.part(0, at), single, stretch.part(at, len(stretch))]
            return
    stretches.append(single)
