"""Checks for the few shapes that variant documents are made of: tables, lists of names, texts, flags."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.properties import is_name, is_value

__all__ = ["flag_at", "lists_at", "names_at", "table_at", "text_at", "unknown_keys"]

_Path = tuple[object, ...]


def table_at(value: object, findings: Findings, path: _Path) -> Mapping[str, Any] | None:
    """Return the value if it is a table with texts for keys; note a fatal finding otherwise."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                findings.fatal("not-an-object", path_of(*path), "the keys of a table are texts")
                return None
        return value
    findings.fatal("not-an-object", path_of(*path), f"expected a table, found {_kind(value)}")
    return None


def names_at(
    value: object,
    findings: Findings,
    path: _Path,
    *,
    what: str,
    is_valid: Callable[[str], bool],
    may_be_empty: bool = False,
) -> tuple[str, ...] | None:
    """Return a list of unique, valid names in its order; note fatal findings otherwise."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        findings.fatal("not-a-list", path_of(*path), f"expected a list of {what}s, found {_kind(value)}")
        return None
    if not value and not may_be_empty:
        findings.fatal(f"no-{what}s", path_of(*path), f"the list of {what}s is empty")
        return None
    is_fine = True
    seen: set[str] = set()
    for index, item in enumerate(value):
        if not isinstance(item, str) or not is_valid(item):
            shown = quoted(item) if isinstance(item, str) else _kind(item)
            findings.fatal(f"bad-{what}", path_of(*path, index), f"{shown} is not a {what}")
            is_fine = False
        elif item in seen:
            findings.fatal(
                f"duplicate-{what}", path_of(*path, index), f"the {what} {quoted(item)} occurs twice"
            )
            is_fine = False
        else:
            seen.add(item)
    return tuple(value) if is_fine else None


def lists_at(
    value: object, findings: Findings, path: _Path, *, may_be_empty: bool = True
) -> dict[str, tuple[str, ...]] | None:
    """Return a table of features with lists of values in their order; note fatal findings otherwise."""
    table = table_at(value, findings, path)
    if table is None:
        return None
    made: dict[str, tuple[str, ...]] = {}
    is_fine = True
    for feature, values in table.items():
        if not is_name(feature):
            findings.fatal("bad-feature", path_of(*path, feature), f"{quoted(feature)} is not a feature")
            is_fine = False
        listed = names_at(
            values, findings, (*path, feature), what="value", is_valid=is_value, may_be_empty=may_be_empty
        )
        if listed is None:
            is_fine = False
        else:
            made[feature] = listed
    return made if is_fine else None


def text_at(value: object, findings: Findings, path: _Path) -> str:
    """Return the value if it is a printable text; note a fatal finding and return "" otherwise."""
    if isinstance(value, str) and value and value.replace("\t", " ").isprintable():
        return value
    shown = quoted(value) if isinstance(value, str) else _kind(value)
    findings.fatal("bad-text", path_of(*path), f"expected a text, found {shown}")
    return ""


def flag_at(value: object, findings: Findings, path: _Path) -> bool:
    """Return the value if it is true or false; note a fatal finding and return False otherwise."""
    if isinstance(value, bool):
        return value
    findings.fatal("not-a-boolean", path_of(*path), f"expected true or false, found {_kind(value)}")
    return False


def unknown_keys(table: Mapping[str, Any], known: set[str], findings: Findings, path: _Path) -> None:
    """Note keys that no reader knows; they are ignored."""
    for key in table:
        if key not in known:
            findings.tolerated("unknown-key", path_of(*path, key), "this key is not known and ignored")


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, Sequence):
        return "a list"
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
