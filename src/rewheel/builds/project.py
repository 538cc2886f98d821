"""What a source tree says about how it is built (PEP 517, PEP 518)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewheel.builds.errors import InvalidProject
from rewheel.errors import RewheelError
from rewheel.metadata import Requirement
from rewheel.variants import normalize_project

__all__ = ["BuildSystem", "check_backend_path", "read_build_system"]

_LIMIT = 16 << 20
"""Bytes of a pyproject.toml above which it is refused."""
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
_LEGACY_REQUIRES = ("setuptools>=40.8.0",)


@dataclass(frozen=True, slots=True)
class BuildSystem:
    """Who builds a source tree, and what that needs."""

    requires: tuple[str, ...] = _LEGACY_REQUIRES
    backend: str = _LEGACY_BACKEND
    backend_path: tuple[str, ...] = ()
    """Folders of the tree, relative to it, that the backend is imported from."""
    passthrough: frozenset[str] = frozenset()
    """Projects that, where they are installed in the environment, the build is to see as they are there."""


def read_build_system(root: Path, place: str) -> BuildSystem:
    """Read `[build-system]` of a tree; one without it is built by setuptools, as ever.

    `place` names the sources in messages. Passthrough may be asked for as `build_isolation_passthrough`
    there, or as `build-isolation-passthrough` in `[tool.rewheel]`, which other build tools do not trip over.
    Raises `InvalidProject`.
    """
    path = root / "pyproject.toml"
    if not path.is_file():
        if not (root / "setup.py").is_file():
            raise InvalidProject(
                f"{place} is no Python project: it has neither pyproject.toml nor setup.py",
                hint="name the folder that has one of them; for a repository or an archive: #subdirectory=…",
            )
        return BuildSystem()
    document = _load(path, place)
    ours = _table(_table(document, "tool", place), "rewheel", place)
    passthrough = _projects(ours, "build-isolation-passthrough", place)
    if "build-system" not in document:
        return BuildSystem(passthrough=passthrough)
    table = _table(document, "build-system", place)
    if "requires" not in table:
        raise InvalidProject(f"{place}: [build-system] in pyproject.toml has no `requires` (PEP 518)")
    backend = table.get("build-backend", _LEGACY_BACKEND)
    if not isinstance(backend, str) or not backend.strip():
        raise InvalidProject(f"{place}: build-backend in pyproject.toml is not text")
    backend_path = _texts(table, "backend-path", place)
    for entry in backend_path:
        check_backend_path(root, entry, place)
    return BuildSystem(
        requires=_requirements(table, place),
        backend=backend,
        backend_path=backend_path,
        passthrough=passthrough | _projects(table, "build_isolation_passthrough", place),
    )


def _load(path: Path, place: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise InvalidProject(f"{place}: a pyproject.toml of more than {_LIMIT >> 20} MiB is refused")
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise InvalidProject(f"{place}: pyproject.toml can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidProject(f"{place}: pyproject.toml can't be read: {error}") from error


def _table(parent: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    table = parent.get(name, {})
    if not isinstance(table, dict):
        raise InvalidProject(f"{place}: `{name}` in pyproject.toml is no table")
    return table


def _texts(table: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise InvalidProject(f"{place}: `{key}` in pyproject.toml is no list of texts")
    return tuple(found)


def _requirements(table: Mapping[str, Any], place: str) -> tuple[str, ...]:
    requires = _texts(table, "requires", place)
    for text in requires:
        try:
            Requirement.parse(text)
        except RewheelError as error:
            raise InvalidProject(f"{place}: `requires` in pyproject.toml: {error}") from error
    return requires


def _projects(table: Mapping[str, Any], key: str, place: str) -> frozenset[str]:
    return frozenset(normalize_project(name) for name in _texts(table, key, place))


def check_backend_path(root: Path, entry: str, place: str) -> None:
    """Keep the backend inside the tree (PEP 517, in-tree build backends). Raises `InvalidProject`."""
    inside = root.resolve()
    if Path(entry).is_absolute() or "\0" in entry or not (inside / entry).resolve().is_relative_to(inside):
        raise InvalidProject(f"{place}: backend-path {entry!r} leads out of the source tree")
