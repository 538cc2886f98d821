"""A copy of the sources for one build: what another build left behind must not get into it."""

import hashlib
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from rewheel.builds.errors import BuildsError
from rewheel.builds.matrix.declaration import PYPROJECT, Declaration

__all__ = ["copy_sources", "digest_of_tree", "pyproject_for_backend", "write_pyproject"]

_LEFTOVERS = frozenset(
    {
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
        ".hypothesis",
        "node_modules",
    }
)
_BUILT = ("temp.", "lib.", "lib", "bdist.", "scripts-")
"""What setuptools leaves in the folder `build`, and would take for up to date whatever the flags were."""


def copy_sources(root: Path, target: Path, *, without: Collection[Path] = ()) -> None:
    """Copy a source tree, without environments, caches, objects of earlier builds and the folders `without`.

    Raises `BuildsError` when there is no room or something can't be read.
    """
    excluded = {os.path.realpath(path) for path in without}
    excluded.discard(os.path.realpath(root))

    def ignore(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if _is_left_out(Path(folder), name, root, excluded)]

    try:
        shutil.copytree(root, target, symlinks=True, ignore=ignore, ignore_dangling_symlinks=True)
    except (OSError, shutil.Error) as error:
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or error
        raise BuildsError(f"the sources in {root} can't be copied: {reason}") from error


def _is_left_out(folder: Path, name: str, root: Path, excluded: Collection[str]) -> bool:
    path = folder / name
    if name in _LEFTOVERS or (path / "pyvenv.cfg").is_file():
        return True
    if folder == root / "build" and name.startswith(_BUILT) and path.is_dir():
        return True
    return bool(excluded) and path.is_dir() and os.path.realpath(path) in excluded


def digest_of_tree(root: Path) -> str:
    """Return a digest of all files of a tree: their paths, contents, and whether they are executable."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _LEFTOVERS - {".git"})
        for name in sorted(names):
            path = Path(folder, name)
            kind, content = _content(path)
            header = f"{path.relative_to(root).as_posix()}\0{kind}\0{len(content)}\0"
            digest.update(header.encode("utf-8", "surrogatepass") + content)
    return digest.hexdigest()


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
            return ("program" if os.fstat(file.fileno()).st_mode & 0o100 else "file"), content
    except OSError:
        return "unreadable", b""


def pyproject_for_backend(declaration: Declaration) -> str | None:
    """Return the text of pyproject.toml without what strict backends refuse; `None` if it may stay."""
    extras = declaration.default_extras
    span = declaration.places.span(*extras.path) if extras.is_foreign else None
    if span is None:
        return None
    text = declaration.text
    return text[: span[0]] + "# left to rewheel" + text[span[1] :]


def write_pyproject(root: Path, text: str | None) -> None:
    """Put the text where the backend reads it; `None` leaves what is there."""
    if text is not None:
        (root / PYPROJECT).write_text(text, encoding="utf-8", newline="")
