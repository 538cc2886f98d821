"""Spares: wheels of the store that lie linked in advance, so that installing one moves folders and no files.

A wheel of thousands of files takes as many links. A spare has them already: it is the wheel's tree with its
bytecode, linked by an idle process after the wheel was installed (`sparing`), and whoever installs the wheel
next takes it. Moving a folder is one rename, however much is in it. Each spare is taken once; where there is
none, or a folder of it is gone, files are linked as ever.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence

from rewheel.installing.composing import Composition, Linked
from rewheel.installing.store import StoredWheel
from rewheel.rows import NamedTuple

__all__ = ["Spares", "Taken", "mark_of", "spare_of"]

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def spare_of(wheel: StoredWheel, tag: str) -> str:
    """Return where the spare of a wheel with the bytecode of that form lies, or what is left of it."""
    return f"{wheel.entry}/spares/{tag}"


def mark_of(wheel: StoredWheel, tag: str) -> str:
    """Return the file that says that nobody has taken that spare: who removes it has."""
    return f"{wheel.entry}/spares/{tag}.whole"


class Part(NamedTuple):
    """One folder of a spare, with what a composition has in it."""

    path: str
    linked: list[Linked]


class Spares:
    """The spares of some compositions, of which the folders are used that nothing else goes into.

    `fixed` are the folders of the environment itself. Modules in folders in `shared`, paths in the archives,
    come without the bytecode that a spare has.
    """

    def __init__(
        self, compositions: Sequence[Composition], tag: str, fixed: Iterable[str], shared: Collection[str]
    ) -> None:
        self._tag = tag
        self._owners: dict[str, Composition | None] = dict.fromkeys(fixed)
        for composition in compositions:
            for linked in composition.linked:
                self._own(linked.folder, None if linked.source in shared else composition)
            for path in composition.written:
                self._own(path.rpartition("/")[0], composition)

    def take(self, composition: Composition, stage: str) -> "Taken | None":
        """Take a wheel's spare, to fill the folder `stage`; None if there is none that fits.

        One fits if its folders are as those are that are made here, of the same owner, group and mode.
        """
        spare = spare_of(composition.stored, self._tag)
        try:
            if _kind(os.lstat(spare)) != _kind(os.lstat(stage)):
                return None
            os.unlink(mark_of(composition.stored, self._tag))  # noqa: PTH108 - asked for every wheel
        except OSError:
            return None
        return Taken(spare, composition, self._parts(composition))

    def _own(self, folder: str, bringer: Composition | None) -> None:
        """Note who brings something into a folder, and so into all above it; None is more than one."""
        owners = self._owners
        while folder:
            if folder not in owners:
                owners[folder] = bringer
            elif owners[folder] is bringer:
                return
            else:
                owners[folder] = bringer = None
            folder = folder.rpartition("/")[0]

    def _parts(self, composition: Composition) -> dict[str, Part]:
        """Return the highest folders that are this composition's alone, by where they go."""
        found: dict[str, Part] = {}
        tops: dict[str, tuple[str, str]] = {}
        for linked in composition.linked:
            if self._owners[linked.folder] is composition:
                folder, path = self._top(linked.folder, _path(linked, composition), composition, tops)
                found.setdefault(folder, Part(path, [])).linked.append(linked)
        return found

    def _top(
        self, folder: str, path: str, composition: Composition, tops: dict[str, tuple[str, str]]
    ) -> tuple[str, str]:
        """Climb from a folder and its path in the archive as far as both have the same name above."""
        known = tops.get(folder)
        if known is not None:
            return known
        data = composition.stored.manifest.data_dir
        above, above_path = folder.rpartition("/")[0], path.rpartition("/")[0]
        if (
            above_path in {"", data}
            or above_path.rpartition("/")[0] == data  # what lies in another folder of the environment
            or self._owners[above] is not composition
        ):
            top = folder, path
        else:
            top = self._top(above, above_path, composition, tops)
        tops[folder] = top
        return top


class Taken(NamedTuple):
    """A spare that nobody else will take."""

    folder: str
    composition: Composition
    parts: dict[str, Part]
    """By the folder of the environment that each becomes."""

    def move(self, part: Part, destination: str) -> bool:
        """Make a part the folder `destination`; false if that is not possible.

        Raises DamagedEntry if a file is not what was put into the store. Bytecode is not looked at again:
        nobody writes into it, Python puts other files in its place.
        """
        try:
            for linked in part.linked:
                if linked.origin is self.composition.stored:
                    self._check(linked)
            os.rename(f"{self.folder}/{part.path}", destination)  # noqa: PTH104
        except OSError:  # such as a folder that only differs in case, or a spare that is made anew
            return False
        return True

    def left(self) -> Iterator[Linked]:
        """Yield what the composition has outside of all parts."""
        inside = {id(linked) for part in self.parts.values() for linked in part.linked}
        return (linked for linked in self.composition.linked if id(linked) not in inside)

    def _check(self, linked: Linked) -> None:
        look, check, source = os.stat, linked.origin.check, linked.source
        descriptor = os.open(f"{self.folder}/{source}", _FOLDER)
        try:
            for file in linked.files:
                check(source, file, look(file.name, dir_fd=descriptor, follow_symlinks=False))
        finally:
            os.close(descriptor)


def _path(linked: Linked, composition: Composition) -> str:
    """Return the folder of a spare that holds these files: bytecode lies with its sources there."""
    if linked.origin is composition.stored:
        return linked.source
    return f"{linked.source}/__pycache__" if linked.source else "__pycache__"


def _kind(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_uid, status.st_gid, status.st_mode
