"""The versions that a page has files of, newest first; what belongs to one is listed when it is looked at."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from rewheel.indexes.groups import Group
from rewheel.metadata.version_keys import is_early, key_of, normalized

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SortedGroups", "bits_of"]


class SortedGroups(Sequence[Group]):
    """Groups by version, with what deciding about all of them takes; of most nobody ever looks at the files.

    Sets of versions are numbers with one bit for each, the lowest for the newest.
    """

    __slots__ = ("_make", "early", "keys", "labelled", "versions", "withdrawn")

    def __init__(
        self,
        versions: Sequence[str],
        keys: Sequence[str],
        make: "Callable[[int], Group]",
        *,
        early: int,
        labelled: int,
        withdrawn: int | None,
    ) -> None:
        """Take the versions, newest first, and what gives the group with a number."""
        self.versions = versions
        """As PEP 440 normalises them."""
        self.keys = keys
        """What they sort by, the lowest first."""
        self._make = make
        self.early = early
        """Those that are pre-releases."""
        self.labelled = labelled
        """Those that may have wheels with a label."""
        self.withdrawn = withdrawn
        """Those all of whose files are yanked (PEP 592); None if nobody looked."""

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Self:
        """Sort groups whose files have not been looked at; what is no version is left out."""
        keyed = [(key, group) for group in groups if (key := key_of(group.version)) is not None]
        keyed.sort(key=lambda each: each[0], reverse=True)
        ordered = [group for _, group in keyed]
        versions = [normalized(group.version) for group in ordered]
        return cls(
            versions,
            [key for key, _ in reversed(keyed)],
            ordered.__getitem__,
            early=bits_of(map(is_early, versions)),
            labelled=bits_of(group.may_have_labels for group in ordered),
            withdrawn=None,
        )

    def __len__(self) -> int:
        return len(self.versions)

    @overload
    def __getitem__(self, number: int) -> Group: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Group]: ...

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self._make(each) for each in range(*number.indices(len(self)))]
        return self._make(range(len(self))[number])


def bits_of(answers: Iterable[object]) -> int:
    """Make a set of the places of what is true."""
    found = 0
    for place, answer in enumerate(answers):
        if answer:
            found |= 1 << place
    return found
