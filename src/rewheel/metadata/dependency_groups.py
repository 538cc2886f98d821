"""Dependency groups of a project: the `[dependency-groups]` table of `pyproject.toml` (PEP 735)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewheel.metadata.errors import InvalidDependencyGroup, MetadataError
from rewheel.metadata.requirements import Requirement
from rewheel.variants import normalize_project

__all__ = ["read_dependency_group", "resolve_dependency_group"]

_LIMIT = 16 << 20  # bytes


def read_dependency_group(path: Path, name: str) -> list[Requirement]:
    """Return the requirements of a group in the `pyproject.toml` at `path`.

    Raises InvalidDependencyGroup, which names the file and the group.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise InvalidDependencyGroup(f"{path}: more than 16 MiB are refused")
        document = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise InvalidDependencyGroup(
            f"{path}: cannot be read: {error.strerror or error}",
            hint=f"name the file that has the group, as in --group path/to/pyproject.toml:{name}",
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDependencyGroup(f"{path}: is not TOML: {error}") from error
    groups = document.get("dependency-groups", {})
    if not isinstance(groups, dict):
        raise InvalidDependencyGroup(f"{path}: dependency-groups is not a table")
    try:
        return resolve_dependency_group(groups, name)
    except InvalidDependencyGroup as error:
        raise InvalidDependencyGroup(f"{path}: {error}", hint=error.hint) from error


def resolve_dependency_group(groups: Mapping[str, Any], name: str) -> list[Requirement]:
    """Return the requirements of a group and of the groups that it includes, in their order.

    Names are compared as project names are. Variant markers are refused: which variant is meant is known
    only of the wheel that holds the marker (PEP 825, environment markers). Raises InvalidDependencyGroup.
    """
    by_name: dict[str, tuple[str, Any]] = {}
    for written, items in groups.items():
        if (twin := by_name.get(normalize_project(written))) is not None:
            raise InvalidDependencyGroup(f"the groups {twin[0]} and {written} have the same name")
        by_name[normalize_project(written)] = (written, items)
    return _resolve(by_name, name, ())


def _resolve(
    by_name: Mapping[str, tuple[str, Any]], name: str, including: tuple[str, ...]
) -> list[Requirement]:
    key = normalize_project(name)
    if key in including:
        circle = " -> ".join((*including[including.index(key) :], key))
        raise InvalidDependencyGroup(f"dependency groups include one another in a circle: {circle}")
    if key not in by_name:
        known = ", ".join(written for written, _ in by_name.values())
        asked_by = f", which the group {including[-1]} includes" if including else ""
        raise InvalidDependencyGroup(
            f"there is no dependency group {name}{asked_by}",
            hint=f"the groups are: {known}" if known else "the file has no dependency groups",
        )
    written, items = by_name[key]
    if not isinstance(items, list):
        raise InvalidDependencyGroup(f"the dependency group {written} is not a list")
    found: list[Requirement] = []
    for item in items:
        if isinstance(item, str):
            found.append(_requirement(item, written))
        elif isinstance(item, dict) and set(item) == {"include-group"}:
            included = item["include-group"]
            if not isinstance(included, str):
                raise InvalidDependencyGroup(f"the dependency group {written}: include-group is not a name")
            found += _resolve(by_name, included, (*including, key))
        else:
            raise InvalidDependencyGroup(
                f"the dependency group {written} may hold requirements and include-group, not {item!r}"
            )
    return found


def _requirement(text: str, group: str) -> Requirement:
    try:
        requirement = Requirement.parse(text)
    except MetadataError as error:
        raise InvalidDependencyGroup(f"the dependency group {group}: {error}", hint=error.hint) from error
    if requirement.marker is not None and requirement.marker.uses_variants:
        raise InvalidDependencyGroup(
            f"the dependency group {group}: {text}: variant markers are allowed only in the dependencies of "
            "a package",
            hint="choose a variant with --variant PROJECT=LABEL",
        )
    return requirement
