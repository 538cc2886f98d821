"""What the build of one label needs besides the sources: `[tool.rewheel.variant.LABEL]`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from rewheel.errors import RewheelError
from rewheel.metadata import Requirement
from rewheel.variants import normalize_project
from rewheel.variants.findings import Findings, path_of

__all__ = ["FLAGS", "PLAIN", "Changes", "Recipe", "read_recipe"]

FLAGS = (
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "FFLAGS",
    "FCFLAGS",
    "RUSTFLAGS",
    "NVCC_APPEND_FLAGS",
    "HIPCC_COMPILE_FLAGS_APPEND",
)
"""The environment variables by which compilers are given flags; a recipe adds to what is in them."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PRECISION = {"major": 1, "minor": 2, "micro": 3}
_T = TypeVar("_T")
_Path = tuple[object, ...]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Changes:
    """Dependencies that are added, as specifiers, and dropped, as normalised names."""

    add: tuple[str, ...] = ()
    drop: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.add or self.drop)

    def applied(self, requirements: Sequence[str]) -> tuple[str, ...]:
        """Return the requirements with the changes."""
        kept = [text for text in requirements if Requirement.parse(text).project not in self.drop]
        return (*kept, *self.add)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one label is built; an empty recipe builds what a plain build builds."""

    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    flags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """By variable, what is added to its value."""
    config_settings: Mapping[str, str | list[str]] = field(default_factory=lambda: _NOTHING)
    build_dependencies: Changes = Changes()
    """What the build has in its environment."""
    dependencies: Changes = Changes()
    """What the wheel says that it needs."""
    python: str = ""
    """The versions of Python that the label is built for, as a specifier; empty for all."""
    record_abi: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """Projects whose version the wheel was built against, with how many of its numbers count."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is special about the build."""
        return self == PLAIN

    def settings_with(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config settings of the recipe, and over them those that the user gives."""
        return {**self.config_settings, **given}

    def admits(self, python: str) -> bool:
        """Tell whether the label is built for a version of Python, such as `3.12.1`."""
        if not self.python:
            return True
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(self.python).contains(python, prereleases=True)


PLAIN = Recipe()
"""The recipe of what is built as ever."""


def read_recipe(table: object, path: _Path, findings: Findings) -> Recipe:
    """Read a recipe; whatever is wrong with it is noted with its path, and left out."""
    if not isinstance(table, Mapping):
        findings.fatal("not-an-object", path_of(*path), "expected a table")
        return Recipe()
    readers: dict[str, Callable[[object, _Path, Findings], Any]] = {
        "environment": _environment,
        "flags": _flags,
        "config-settings": _settings,
        "build-dependencies": _changes,
        "dependencies": _changes,
        "python": _python,
        "record-abi": _abi,
    }
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = readers.get(key)
        if reader is None:
            message = f"there is no such setting of a label; there are {', '.join(readers)}"
            findings.fatal("unknown-setting", path_of(*path, key), message)
            continue
        found = reader(value, (*path, key), findings)
        if found is not None:
            values[key.replace("-", "_")] = found
    return Recipe(**values)


def _table(
    value: object, path: _Path, findings: Findings, read: Callable[[object, _Path, Findings], _T | None]
) -> dict[str, _T] | None:
    if not isinstance(value, Mapping):
        findings.fatal("not-an-object", path_of(*path), "expected a table")
        return None
    found = {key: read(item, (*path, key), findings) for key, item in value.items()}
    return {key: item for key, item in found.items() if item is not None}


def _text(value: object, path: _Path, findings: Findings) -> str | None:
    if isinstance(value, str) and "\0" not in value:
        return value
    findings.fatal("bad-text", path_of(*path), "expected a text")
    return None


def _texts(value: object, path: _Path, findings: Findings) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        findings.fatal("not-a-list", path_of(*path), "expected a list of texts")
        return None
    found = [_text(item, (*path, index), findings) for index, item in enumerate(value)]
    return tuple(item for item in found if item is not None)


def _environment(value: object, path: _Path, findings: Findings) -> dict[str, str] | None:
    found = _table(value, path, findings, _text)
    for name in found or ():
        if not _VARIABLE.fullmatch(name):
            findings.fatal("bad-variable", path_of(*path, name), f"{name!r} is no name of a variable")
    return found


def _flags(value: object, path: _Path, findings: Findings) -> dict[str, str] | None:
    def read(item: object, place: _Path, findings: Findings) -> str | None:
        if isinstance(item, list):
            words = _texts(item, place, findings)
            return None if words is None else " ".join(words)
        return _text(item, place, findings)

    found = _table(value, path, findings, read)
    for name in found or ():
        if name not in FLAGS:
            message = f"{name!r} holds no flags that are known; there are {', '.join(FLAGS)}"
            findings.fatal("unknown-flags", path_of(*path, name), f"{message} (set others in environment)")
    return found


def _settings(value: object, path: _Path, findings: Findings) -> dict[str, str | list[str]] | None:
    def read(item: object, place: _Path, findings: Findings) -> str | list[str] | None:
        if isinstance(item, list):
            words = _texts(item, place, findings)
            return None if words is None else list(words)
        return _text(item, place, findings)

    return _table(value, path, findings, read)


def _changes(value: object, path: _Path, findings: Findings) -> Changes | None:
    found = _table(value, path, findings, _texts)
    if found is None:
        return None
    for key in sorted(set(found) - {"add", "drop"}):
        findings.fatal("unknown-setting", path_of(*path, key), "there are only add and drop")
    for index, text in enumerate(found.get("add", ())):
        try:
            Requirement.parse(text)
        except RewheelError as error:
            findings.fatal("bad-requirement", path_of(*path, "add", index), str(error))
    for index, name in enumerate(found.get("drop", ())):
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
            message = f"{name!r} is no name of a project"
            findings.fatal("bad-project", path_of(*path, "drop", index), message)
    return Changes(found.get("add", ()), frozenset(map(normalize_project, found.get("drop", ()))))


def _python(value: object, path: _Path, findings: Findings) -> str | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = _text(value, path, findings)
    if text is None:
        return None
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        message = f"{text!r} is no specifier of versions, such as '>=3.11'"
        findings.fatal("bad-specifier", path_of(*path), message)
        return None
    return text


def _abi(value: object, path: _Path, findings: Findings) -> dict[str, int] | None:
    if isinstance(value, list):
        value = dict.fromkeys(_texts(value, path, findings) or (), "minor")
    found = _table(value, path, findings, _text)
    for name, precision in (found or {}).items():
        if precision not in _PRECISION:
            message = f"{precision!r} is none of {', '.join(_PRECISION)}"
            findings.fatal("bad-precision", path_of(*path, name), message)
    return (
        None
        if found is None
        else {normalize_project(name): _PRECISION.get(precision, 2) for name, precision in found.items()}
    )
