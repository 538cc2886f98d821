"""Who really builds a project whose backend is ours: `[tool.rewheel.build]` names the one that is wrapped."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rewheel.builds.errors import InvalidProject
from rewheel.builds.project import BuildSystem, check_backend_path, read_build_system
from rewheel.errors import RewheelError
from rewheel.metadata import Requirement

__all__ = ["WRAPPER", "extra_requirements", "wrapped_system"]

WRAPPER = "rewheel.build_backend"
"""Our own backend, which leaves the building to another one."""
_KEYS = frozenset(
    {
        "backend",
        "backend-path",
        "requires",
        "default-optional-dependency-keys",
        "default-optional-dependencies",
    }
)


def wrapped_system(root: Path, place: str) -> BuildSystem:
    """Read who builds a tree: the backend that is named, or the one that ours is told to wrap.

    What it requires then are the requirements of both tables without rewheel itself, which builds from
    outside. Raises `InvalidProject`.
    """
    system = read_build_system(root, place)
    table = _table(root)
    for key in sorted(set(table) - _KEYS):
        raise InvalidProject(f"{place}: [tool.rewheel.build] in pyproject.toml has no setting {key!r}")
    if system.backend != WRAPPER:
        return system
    backend = table.get("backend")
    if not isinstance(backend, str) or not backend.strip() or backend.strip() == WRAPPER:
        raise InvalidProject(
            f"{place}: {WRAPPER} wraps another backend, but [tool.rewheel.build] names none",
            hint='name it: backend = "setuptools.build_meta"',
        )
    backend_path = _texts(table, "backend-path", place) or system.backend_path
    for entry in backend_path:
        check_backend_path(root, entry, place)
    requires = (*system.requires, *_requirements(table, place))
    return replace(
        system,
        backend=backend.strip(),
        backend_path=backend_path,
        requires=tuple(text for text in requires if Requirement.parse(text).project != "rewheel"),
    )


def extra_requirements(root: Path) -> tuple[str, ...]:
    """Return what `[tool.rewheel.build]` adds to the requirements of a build. Raises `InvalidProject`."""
    return _requirements(_table(root), root.name)


def _table(root: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        document: Any = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # whoever reads the table [build-system] says what is wrong
    for key in ("tool", "rewheel", "build"):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def _texts(table: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise InvalidProject(
            f"{place}: `{key}` of [tool.rewheel.build] in pyproject.toml is no list of texts"
        )
    return tuple(found)


def _requirements(table: Mapping[str, Any], place: str) -> tuple[str, ...]:
    requires = _texts(table, "requires", place)
    for text in requires:
        try:
            Requirement.parse(text)
        except RewheelError as error:
            raise InvalidProject(f"{place}: `requires` of [tool.rewheel.build]: {error}") from error
    return requires
