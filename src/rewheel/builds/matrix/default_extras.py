"""Default extras as a project declares them (PEP 771), under the names that the proposal had and has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewheel.variants import normalize_project
from rewheel.variants.findings import Findings, path_of

__all__ = ["NO_DEFAULT_EXTRAS", "DefaultExtras", "read_default_extras"]

_KEY = "default-optional-dependency-keys"
_OLD_KEY = "default-optional-dependencies"
_HOMES = (("project",), ("tool", "rewheel", "build"))


@dataclass(frozen=True, slots=True)
class DefaultExtras:
    """The extras that come unless others are asked for."""

    names: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    """The keys at which they stand; empty if the project says nothing of them."""

    @property
    def is_foreign(self) -> bool:
        """Whether they stand where backends that do not know them yet would refuse them."""
        return self.path[:1] == ("project",)

    @property
    def deprecation(self) -> str:
        """What to say of an old name; empty for the present one."""
        if self.path[-1:] != (_OLD_KEY,):
            return ""
        return f"{_OLD_KEY} is the old name of {_KEY} (PEP 771)"


NO_DEFAULT_EXTRAS = DefaultExtras()
"""What most projects say."""


def read_default_extras(document: Mapping[str, Any], findings: Findings) -> DefaultExtras:
    """Read the names; every one must be an extra, if the project declares its extras statically.

    `[tool.rewheel.build]` is a second home for them, for backends that check `[project]` strictly.
    """
    found = [(*home, key) for home in _HOMES for key in (_KEY, _OLD_KEY) if key in _table_at(document, home)]
    if not found:
        return NO_DEFAULT_EXTRAS
    path = found[0]
    for other in found[1:]:
        findings.fatal("default-extras-twice", path_of(*other), f"they are given already as {path_of(*path)}")
    value = _table_at(document, path[:-1])[path[-1]]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        findings.fatal("not-a-list", path_of(*path), "expected a list of texts")
        return DefaultExtras((), path)
    _check(document, path, value, findings)
    return DefaultExtras(tuple(value), path)


def _table_at(document: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    table: Any = document
    for key in path:
        table = table.get(key) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _check(document: Mapping[str, Any], path: tuple[str, ...], names: list[str], findings: Findings) -> None:
    project = _table_at(document, ("project",))
    dynamic = project.get("dynamic", [])
    if not project or (isinstance(dynamic, list) and "optional-dependencies" in dynamic):
        return  # only the backend knows; its METADATA are held against the names
    extras = project.get("optional-dependencies", {})
    known = {normalize_project(name) for name in extras} if isinstance(extras, Mapping) else set()
    for index, name in enumerate(names):
        if normalize_project(name) not in known:
            message = f"{name!r} is no extra of [project.optional-dependencies]"
            findings.fatal("unknown-extra", path_of(*path, index), message)
