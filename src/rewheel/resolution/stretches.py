"""Candidates in a row, newest version first, of which hardly any is ever looked at."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rewheel.indexes.sorted_groups import bits_of
from rewheel.metadata.version_keys import is_early, key_of
from rewheel.resolution.candidates import Candidate
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from rewheel.metadata.clauses import Clauses
    from rewheel.resolution.releases import Release, Releases

__all__ = ["Stretch"]


class Stretch(NamedTuple):
    """Some candidates whose versions fall; sets of them have the lowest bit for the first."""

    versions: Sequence[str]
    keys: Sequence[str]
    """What the versions sort by, the last one's first."""
    early: int
    """Those that are pre-releases."""
    labelled: int
    """Those that may have wheels with a label."""
    make: Callable[[int], Candidate]
    is_withdrawn: Callable[[int], bool]

    @classmethod
    def of_page(cls, project: str, releases: "Releases") -> "Stretch":
        """Take all the releases of one page."""
        groups = releases.groups
        return cls(
            groups.versions,
            groups.keys,
            groups.early,
            groups.labelled,
            lambda number: Candidate(project, groups.versions[number], (releases.release(number),)),
            releases.is_withdrawn,
        )

    @classmethod
    def of_releases(cls, project: str, found: "Sequence[tuple[Release, ...]]") -> "Stretch":
        """Take releases whose versions fall, each in those sources of equal standing that have it."""
        return cls.of([Candidate(project, releases[0].version, releases) for releases in found])

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> "Stretch":
        """Take candidates that have been made already."""
        versions = [candidate.version for candidate in candidates]
        keys = [key_of(version) or "" for version in reversed(versions)]
        return cls(
            versions,
            keys,
            bits_of(map(is_early, versions)),
            bits_of(any(r.may_have_labels for r in candidate.releases) for candidate in candidates),
            candidates.__getitem__,
            lambda number: candidates[number].is_yanked,
        )

    def __len__(self) -> int:
        return len(self.versions)

    def among(self, clauses: "Clauses") -> int:
        """Return those that satisfy clauses."""
        return clauses.among(self.keys, self.versions)

    def part(self, first: int, behind: int) -> "Stretch":
        """Return those from one place to before another."""
        count = len(self.versions)
        mask = (1 << (behind - first)) - 1
        return Stretch(
            self.versions[first:behind],
            self.keys[count - behind : count - first],
            self.early >> first & mask,
            self.labelled >> first & mask,
            lambda number: self.make(number + first),
            lambda number: self.is_withdrawn(number + first),
        )
