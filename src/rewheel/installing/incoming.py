"""What several wheels bring into each folder of an environment, before it is compared with what is there."""

from collections.abc import Iterable, Sequence
from itertools import chain

from rewheel.installing.composing import Composition, Linked
from rewheel.installing.errors import UnsafePath

__all__ = ["Coming", "coming_of", "names_of", "parents", "refuse_files_as_folders"]


class Coming:
    """What comes into one folder: files of wheels, and names of files that are written, with who brings them.

    The names are asked for only where something else may be in the way.
    """

    __slots__ = ("_names", "first", "is_mixed", "parts")

    def __init__(self, first: Composition) -> None:
        self.first = first
        self.is_mixed = False
        """Whether several compositions bring something."""
        self.parts: list[tuple[Composition, Linked | str]] = []
        self._names: dict[str, Composition] = {}

    def add(self, newcomer: Composition, part: Linked | str) -> None:
        """Let something more come into the folder."""
        self.is_mixed |= newcomer is not self.first
        self.parts.append((newcomer, part))

    def names(self) -> dict[str, Composition]:
        """Return the name of every file with its bringer, the last one if there are several."""
        if not self._names:
            self._names = {name: newcomer for newcomer, part in self.parts for name in names_of(part)}
        return self._names

    def is_of_one_tree(self) -> bool:
        """Tell whether all lies here as in one wheel's archive, where no file can have a folder's name."""
        return not self.is_mixed and all(
            isinstance(part, Linked) and self.first.is_as_archived(part) for _, part in self.parts
        )


def names_of(part: Linked | str) -> Iterable[str]:
    """Return the names of the files of a part."""
    return (part,) if isinstance(part, str) else part.files.names


def coming_of(compositions: Sequence[Composition]) -> dict[str, Coming]:
    """Return what comes, by folder."""
    found: dict[str, Coming] = {}
    for composition in compositions:
        for linked in composition.linked:
            if linked.folder not in found:
                found[linked.folder] = Coming(composition)
            found[linked.folder].add(composition, linked)
        for path in composition.written:
            folder, _, name = path.rpartition("/")
            if folder not in found:
                found[folder] = Coming(composition)
            found[folder].add(composition, name)
    return found


def refuse_files_as_folders(incoming: dict[str, Coming]) -> None:
    """Raise UnsafePath if one wheel brings a file where another one brings a folder."""
    seen: set[str] = set()
    for folder, coming in incoming.items():
        is_of_one_tree = coming.is_of_one_tree()
        for parent in chain((folder,), parents(folder)):
            if parent in seen:
                break
            seen.add(parent)
            above, _, name = parent.rpartition("/")
            upper = incoming.get(above)
            if upper is None or (is_of_one_tree and upper.first is coming.first and upper.is_of_one_tree()):
                continue
            bringer = upper.names().get(name)
            if bringer is not None:
                raise UnsafePath(bringer.owner, parent, "is a file here and a folder in another wheel")


def parents(path: str) -> Iterable[str]:
    """Yield the folders that contain a path, deepest first, without the root."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
