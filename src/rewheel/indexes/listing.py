"""The files of a page, thousands of them, of which few are ever looked at."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewheel.indexes.files import File

__all__ = ["Listing"]


class Listing(Sequence["File"]):
    """Files in the order of their page, each of which is made when it is first asked for, and then kept.

    Their names are known at once: that is all that sorting them into releases takes. Thread-safe, in that
    two threads may make equal files at the same time, of which one stays.
    """

    __slots__ = ("_made", "_make", "names")

    def __init__(self, names: Sequence[str], make: "Callable[[int], File]") -> None:
        """Take the names, and what makes the file with a number; it must not fail."""
        self.names = names
        self._make = make
        self._made: dict[int, File] = {}

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, number: int) -> "File": ...

    @overload
    def __getitem__(self, number: slice) -> "Sequence[File]": ...

    def __getitem__(self, number: int | slice) -> "File | Sequence[File]":
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self.names)))]
        if not -len(self.names) <= number < len(self.names):
            raise IndexError(number)
        place = number % len(self.names)
        made = self._made.get(place)
        return made if made is not None else self._made.setdefault(place, self._make(place))

    def __iter__(self) -> "Iterator[File]":
        return map(self.__getitem__, range(len(self.names)))
