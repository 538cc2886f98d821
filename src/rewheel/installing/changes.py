"""From what is wanted to what must be done: which files go, are replaced or come, and what is in the way."""

import os
import posixpath
import stat
from collections.abc import Iterable, Sequence

from rewheel.environments import InstalledDistribution
from rewheel.installing.composing import Composition
from rewheel.installing.errors import FileConflict, UnsafePath
from rewheel.installing.incoming import Coming, coming_of, names_of, parents, refuse_files_as_folders
from rewheel.installing.journal import Kind, Operation
from rewheel.installing.layout import Layout
from rewheel.installing.ownership import Owners, bytecode_of, files_of
from rewheel.progress import Reporter
from rewheel.values import field, mutable
from rewheel.wheels import digest_of

__all__ = ["Changes", "plan_changes"]

_NAMESPACE_MARKS = (b"extend_path", b"declare_namespace")
_LARGEST_NAMESPACE_FILE = 2048  # bytes


@mutable
class Changes:
    """What is to be done in one environment; paths are relative to its root."""

    operations: list[Operation]
    """In the order in which they are done."""
    folders: list[str]
    """What may be empty afterwards, deepest first."""
    shared: set[str] = field(default_factory=set)
    """Files that a second composition brings as well; the last one brings them."""


def plan_changes(
    compositions: Sequence[Composition],
    removed: Sequence[InstalledDistribution],
    remaining: Sequence[InstalledDistribution],
    layout: Layout,
    *,
    force: bool,
    reporter: Reporter,
) -> Changes:
    """Compare what compositions bring with what is there; nothing is touched.

    A file of a remaining distribution is never removed, and replaced only by equal content, by another
    namespace `__init__.py`, or with `force`; otherwise FileConflict is raised. Raises UnsafePath and
    CannotUninstall as well.
    """
    owners = Owners(remaining, layout)
    leaving: dict[str, None] = {}
    for distribution in removed:
        leaving.update(dict.fromkeys(files_of(distribution, layout)))
    return _Planner(layout, owners, leaving, force=force, reporter=reporter).plan(compositions)


class _Planner:
    def __init__(
        self, layout: Layout, owners: Owners, leaving: dict[str, None], *, force: bool, reporter: Reporter
    ) -> None:
        self._layout = layout
        self._owners = owners
        self._leaving = leaving
        self._force = force
        self._reporter = reporter
        self._exists: dict[str, bool] = {"": True}
        self._placed: dict[str, None] = {}
        self._replaced: dict[str, None] = {}
        self._cleared: dict[str, None] = {}

    def plan(self, compositions: Sequence[Composition]) -> Changes:
        incoming = coming_of(compositions)
        shared = self._shared(incoming)
        refuse_files_as_folders(incoming)
        for folder in sorted(incoming):
            coming = incoming[folder]
            if self._folder_exists(folder, coming.first):
                self._merge(folder, coming.names())
        stray = self._stray(incoming)
        going = [
            path for path in self._leaving if path not in self._replaced and self._owners.of(path) is None
        ]
        going += [path for path in stray if path not in self._leaving]
        operations = [Operation(Kind.REMOVE, path) for path in going]
        operations += [Operation(Kind.CLEAR, path) for path in self._cleared]
        operations += [Operation(Kind.REPLACE, path) for path in self._replaced]
        operations += [Operation(Kind.PLACE, path) for path in self._placed]
        return Changes(operations, _emptied(going, self._layout), shared)

    def _shared(self, incoming: dict[str, Coming]) -> set[str]:
        """Return the files that several compositions bring; raises FileConflict if they differ."""
        shared: set[str] = set()
        for folder, coming in incoming.items():
            names: dict[str, Composition] = {}
            for newcomer, part in coming.parts if coming.is_mixed else ():
                for name in names_of(part):
                    other = names.setdefault(name, newcomer)
                    if other is not newcomer:
                        path = f"{folder}/{name}" if folder else name
                        equal = newcomer.digest(folder, name) == other.digest(folder, name)
                        self._agree(path, newcomer, other.owner, equal=equal)
                        shared.add(path)
                        names[name] = newcomer
        return shared

    def _agree(self, path: str, newcomer: Composition, owner: str, *, equal: bool) -> None:
        if (
            equal
            or self._force
            or _is_bytecode(path)
            or (posixpath.basename(path) == "__init__.py" and _is_namespace(newcomer, path))
        ):
            return
        raise FileConflict(newcomer.owner, owner, path)

    def _folder_exists(self, folder: str, newcomer: Composition) -> bool:
        """Say whether a folder is there already; the highest one that is not will be placed as a whole."""
        known = self._exists.get(folder)
        if known is not None:
            return known
        parent = posixpath.dirname(folder)
        exists = False
        if self._folder_exists(parent, newcomer):
            exists = self._look(folder, newcomer)
            if not exists:
                self._placed[folder] = None
        self._exists[folder] = exists
        return exists

    def _look(self, folder: str, newcomer: Composition) -> bool:
        """Look at one folder on disk; raises UnsafePath when something else is in its place."""
        try:
            mode = os.lstat(f"{self._layout.root}/{folder}").st_mode
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(mode):
            return True
        if folder in self._leaving and self._owners.of(folder) is None:
            return False
        what = "a symbolic link" if stat.S_ISLNK(mode) else "no folder"
        raise UnsafePath(
            newcomer.owner,
            folder,
            f"is {what} in {self._layout.root}",
            hint="nothing is installed through links or over other files; move it away first",
        )

    def _merge(self, folder: str, names: dict[str, Composition]) -> None:
        """Put files into a folder that exists: some take the place of others."""
        present = set(os.listdir(f"{self._layout.root}/{folder}"))  # noqa: PTH208 - only names are needed
        unowned = []
        for name, newcomer in names.items():
            path = f"{folder}/{name}" if folder else name
            if name not in present:
                self._placed[path] = None
                continue
            if stat.S_ISDIR(os.lstat(f"{self._layout.root}/{path}").st_mode):
                self._clear(path, newcomer)
                self._placed[path] = None
                continue
            owner = self._owners.of(path)
            if owner is not None:
                equal = not self._force and self._is_equal(path, newcomer)
                self._agree(path, newcomer, owner, equal=equal)
            elif path not in self._leaving and not _is_bytecode(path):
                unowned.append(path)
            self._replaced[path] = None
        if unowned:
            others = f" and {len(unowned) - 1} more" if len(unowned) > 1 else ""
            self._reporter.warning(
                f"{names[posixpath.basename(unowned[0])].owner} replaces {unowned[0]}{others}, "
                "which no installed distribution owns"
            )

    def _clear(self, path: str, newcomer: Composition) -> None:
        """Let a folder make room for a file: possible if nothing but leaving files is in it."""
        root = str(self._layout.root)
        below = []
        for folder, _, names in os.walk(f"{root}/{path}", topdown=False):
            relative = os.path.relpath(folder, root).replace(os.sep, "/")
            for name in names:
                if f"{relative}/{name}" not in self._leaving or self._owners.of(f"{relative}/{name}"):
                    raise UnsafePath(newcomer.owner, path, f"is a folder with files in {root}")
            below.append(relative)
        self._cleared.update(dict.fromkeys(below))

    def _is_equal(self, path: str, newcomer: Composition) -> bool:
        try:
            with open(f"{self._layout.root}/{path}", "rb") as file:  # noqa: PTH123 - relative to a known root
                digest = digest_of(file.read())
        except OSError:
            return False
        folder, _, name = path.rpartition("/")
        return f"sha256={digest}" == newcomer.digest(folder, name)

    def _stray(self, incoming: dict[str, Coming]) -> list[str]:
        """Return bytecode of replaced modules: by time and size it might pass for that of the new ones."""
        if not self._replaced:
            return []
        brought = {f"{folder}/{name}" for folder, coming in incoming.items() for name in coming.names()}
        found = bytecode_of(self._replaced, self._layout)
        return [path for path in found if path not in brought]


def _is_bytecode(path: str) -> bool:
    """Say whether a file goes with a module: whoever may bring or replace that may do the same with it."""
    folder, _, name = path.rpartition("/")
    return name.endswith(".pyc") and posixpath.basename(folder) == "__pycache__"


def _is_namespace(newcomer: Composition, path: str) -> bool:
    """Say whether a file just declares a namespace package, as several distributions do at once."""
    for linked in newcomer.linked:
        for file in linked.files:
            if posixpath.join(linked.folder, file.name) == path and file.size <= _LARGEST_NAMESPACE_FILE:
                content = newcomer.stored.read(posixpath.join(linked.source, file.name), file)
                return any(mark in content for mark in _NAMESPACE_MARKS)
    return False


def _emptied(paths: Iterable[str], layout: Layout) -> list[str]:
    """Return the folders of these files that may vanish with them, deepest first."""
    found: set[str] = set()
    for path in paths:
        for folder in parents(path):
            if folder in found:
                break
            found.add(folder)
    return sorted(found - layout.fixed, key=lambda folder: (-folder.count("/"), folder))
