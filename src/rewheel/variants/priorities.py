"""Reading `default-priorities`: the order of namespaces, and the override lists of old dialects."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.properties import is_name
from rewheel.variants.schema import SchemaVersion, Shape
from rewheel.variants.tables import lists_at, names_at, table_at, unknown_keys

__all__ = ["Overrides", "Priorities", "read_priorities"]

_KEY = "default-priorities"


class Overrides(NamedTuple):
    """Lists that put some features, or some values of a feature, in front of the others."""

    features: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, tuple[str, ...]]]


class Priorities(NamedTuple):
    """What `default-priorities` says."""

    namespaces: tuple[str, ...]
    overrides: Overrides


def read_priorities(
    document: Mapping[str, Any], version: SchemaVersion, findings: Findings, *, may_be_empty: bool
) -> Priorities:
    """Read the priorities; whatever is malformed is left out and noted as fatal."""
    nothing = Priorities((), Overrides({}, {}))
    if _KEY not in document:
        findings.fatal("missing-key", _KEY, "the table is missing")
        return nothing
    table = table_at(document[_KEY], findings, (_KEY,))
    if table is None:
        return nothing
    overrides = {"feature", "property"} if version.has_overrides else set()
    unknown_keys(table, {"namespace", *overrides}, findings, (_KEY,))
    namespaces: tuple[str, ...] | None = None
    if "namespace" in table:
        namespaces = names_at(
            table["namespace"],
            findings,
            (_KEY, "namespace"),
            what="namespace",
            is_valid=is_name,
            may_be_empty=may_be_empty,
        )
    else:
        findings.fatal("missing-key", path_of(_KEY, "namespace"), "the list of namespaces is missing")
    if version.shape is Shape.PROVIDERS:
        for key in sorted(overrides.intersection(table)):
            message = "only drafts had this list; feature-order and the order of values take its place"
            findings.tolerated("draft-priorities", path_of(_KEY, key), message)
    if not overrides:
        return Priorities(namespaces or (), nothing.overrides)
    return Priorities(namespaces or (), Overrides(_features(table, findings), _values(table, findings)))


def _features(table: Mapping[str, Any], findings: Findings) -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for namespace, value in _by_namespace(table, "feature", findings).items():
        listed = names_at(
            value, findings, (_KEY, "feature", namespace), what="feature", is_valid=is_name, may_be_empty=True
        )
        if listed:
            made[namespace] = listed
    return made


def _values(table: Mapping[str, Any], findings: Findings) -> dict[str, dict[str, tuple[str, ...]]]:
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    for namespace, value in _by_namespace(table, "property", findings).items():
        lists = lists_at(value, findings, (_KEY, "property", namespace))
        if lists:
            made[namespace] = lists
    return made


def _by_namespace(table: Mapping[str, Any], key: str, findings: Findings) -> Mapping[str, Any]:
    if key not in table:
        return {}
    found = table_at(table[key], findings, (_KEY, key)) or {}
    for namespace in found:
        if not is_name(namespace):
            place = path_of(_KEY, key, namespace)
            findings.fatal("bad-namespace", place, f"{quoted(namespace)} is not a namespace")
    return found
