"""Which files of an environment belong to which distribution, as their RECORDs say."""

import os
import posixpath
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from rewheel.environments import DamagedDistribution, InstalledDistribution
from rewheel.installing.errors import CannotUninstall, UnsafePath
from rewheel.installing.layout import Layout

__all__ = ["Owners", "bytecode_of", "files_of"]

_BYTECODE = re.compile(r"(?P<module>.+)\.[^.]+(\.opt-[^.]+)?\.pyc")


class Owners:
    """The owner of every file that any of some distributions claims.

    Reading all RECORDs takes a while (about 10 ms for 10,000 files), so it happens on the first question.
    """

    def __init__(self, distributions: Iterable[InstalledDistribution], layout: Layout) -> None:
        self._distributions = list(distributions)
        self._layout = layout
        self._names: dict[str, str] | None = None

    def of(self, path: str) -> str | None:
        """Return the name of the distribution that claims a path relative to the root, or None."""
        if self._names is None:
            self._names = {}
            for distribution in self._distributions:
                for claimed in _claims(distribution, self._layout):
                    self._names.setdefault(claimed, distribution.name)
        return self._names.get(path)


def files_of(distribution: InstalledDistribution, layout: Layout) -> list[str]:
    """Return the existing files of a distribution, relative to the root, with the bytecode of its modules.

    Raises CannotUninstall if it has no usable RECORD, UnsafePath if that names a file that is not in the
    environment or is a part of the environment itself.
    """
    if distribution.is_egg:
        raise CannotUninstall(
            distribution.name,
            "it was installed in the old egg-info format, which has no list of files",
            hint="remove it with the tool that installed it",
        )
    try:
        entries = distribution.record()
    except DamagedDistribution as error:
        raise CannotUninstall(
            distribution.name, error.reason, hint=f"remove its files by hand, then {distribution.path}"
        ) from error
    library = _library(distribution, layout)
    folders: dict[str, str] = {}
    found: dict[str, None] = {}
    for entry in entries:
        path = _located(library, entry.path, layout)
        if path is None:
            raise _outside(distribution, entry.path, layout)
        folder, _, name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = _real(folder, layout)
        real = folders[folder]
        if real == ".." or real.startswith(("../", "/")) or name in {"", ".", ".."}:
            raise _outside(distribution, entry.path, layout)
        path = f"{real}/{name}" if real else name
        if layout.is_protected(path):
            raise UnsafePath(distribution.name, entry.path, "is a part of the environment itself")
        try:
            mode = os.lstat(f"{layout.root}/{path}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise CannotUninstall(distribution.name, f"cannot look at {path}: {error.strerror}") from error
        if stat.S_ISDIR(mode):
            raise UnsafePath(distribution.name, entry.path, "is a folder, but RECORD calls it a file")
        found[path] = None
    found.update(dict.fromkeys(bytecode_of(found, layout)))
    return list(found)


def bytecode_of(paths: Iterable[str], layout: Layout) -> list[str]:
    """Return the compiled files of the modules among these paths."""
    caches: dict[str, dict[str, list[str]]] = {}
    found = []
    for path in paths:
        if not path.endswith(".py"):
            continue
        folder, _, name = path.rpartition("/")
        cache = posixpath.join(folder, "__pycache__")
        if cache not in caches:
            caches[cache] = _compiled(layout.root / cache)
        found += [f"{cache}/{each}" for each in caches[cache].get(name.removesuffix(".py"), ())]
    return found


def _compiled(folder: Path) -> dict[str, list[str]]:
    """Return the bytecode files in a `__pycache__` by the module that they belong to."""
    found: dict[str, list[str]] = {}
    try:
        names = [] if folder.is_symlink() else os.listdir(folder)  # noqa: PTH208 - only names are needed
    except OSError:
        return found
    for name in names:
        parts = _BYTECODE.fullmatch(name)
        if parts is not None:
            found.setdefault(parts["module"], []).append(name)
    return found


def _claims(distribution: InstalledDistribution, layout: Layout) -> Iterable[str]:
    """Yield what a distribution claims inside the root; one that is damaged claims nothing."""
    try:
        entries = distribution.record()
    except DamagedDistribution:
        return
    library = _library(distribution, layout)
    folders: dict[str, str] = {}
    for entry in entries:
        path = _located(library, entry.path, layout)
        if path is None:
            continue
        if ".." in entry.path:
            # Such a path may lead through `lib64` or the like; its real folder decides.
            folder, _, name = path.rpartition("/")
            if folder not in folders:
                folders[folder] = _real(folder, layout)
            path = posixpath.join(folders[folder], name)
        yield path


def _library(distribution: InstalledDistribution, layout: Layout) -> str:
    return _real_path(os.path.realpath(distribution.path.parent), layout)


def _located(library: str, recorded: str, layout: Layout) -> str | None:
    """Return where a path of RECORD lies, relative to the root; None if that is outside."""
    recorded = recorded.replace("\\", "/") if os.sep == "\\" else recorded
    if posixpath.isabs(recorded) or os.path.isabs(recorded):  # noqa: PTH117
        recorded = os.path.relpath(recorded, layout.root).replace(os.sep, "/")
        library = ""
    path = f"{library}/{recorded}" if library else recorded
    if "./" in path or "//" in path:
        path = posixpath.normpath(path)
    return None if path == ".." or path.startswith("../") else path


def _real(folder: str, layout: Layout) -> str:
    return _real_path(os.path.realpath(layout.root / folder), layout)


def _real_path(path: str, layout: Layout) -> str:
    relative = os.path.relpath(path, layout.root).replace(os.sep, "/")
    return "" if relative == "." else relative


def _outside(distribution: InstalledDistribution, path: str, layout: Layout) -> UnsafePath:
    return UnsafePath(
        distribution.name,
        path,
        f"is in its RECORD, but not in the environment {layout.root}",
        hint=f"correct {distribution.path / 'RECORD'} or remove the distribution by hand",
    )
