"""Reading the table `providers` of the shape that PEP 850 defines."""

from collections.abc import Mapping
from typing import Any

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.properties import is_name
from rewheel.variants.providers import Provider, ProviderKind
from rewheel.variants.tables import flag_at, lists_at, names_at, table_at, text_at, unknown_keys

__all__ = ["is_endpoint", "provider_tables", "read_plugin_api", "read_providers", "read_requires"]

_KINDS = ("requires", "static-properties", "builtin", "build-requires")
_KNOWN = {*_KINDS, "plugin-api", "feature-order", "optional"}

_Path = tuple[object, ...]


def read_providers(document: Mapping[str, Any], findings: Findings, *, building: bool) -> dict[str, Provider]:
    """Read every valid provider; `building` allows `build-requires`, which only pyproject.toml has."""
    made: dict[str, Provider] = {}
    for namespace, table in provider_tables(document, findings):
        provider = _read_provider(namespace, table, findings, building=building)
        if provider is not None:
            made[namespace] = provider
    return made


def provider_tables(document: Mapping[str, Any], findings: Findings) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the tables under `providers` whose keys are namespaces; note findings about the others."""
    if "providers" not in document:
        findings.fatal("missing-key", "providers", "the table is missing")
        return []
    found: list[tuple[str, Mapping[str, Any]]] = []
    for namespace, value in (table_at(document["providers"], findings, ("providers",)) or {}).items():
        path = ("providers", namespace)
        if not is_name(namespace):
            findings.fatal("bad-namespace", path_of(*path), f"{quoted(namespace)} is not a namespace")
        table = table_at(value, findings, path)
        if table is not None and is_name(namespace):
            found.append((namespace, table))
    return found


def _read_provider(
    namespace: str, table: Mapping[str, Any], findings: Findings, *, building: bool
) -> Provider | None:
    path: _Path = ("providers", namespace)
    unknown_keys(table, _KNOWN, findings, path)
    kinds = [key for key in _KINDS if key in table]
    if len(kinds) != 1:
        message = f"exactly one of {', '.join(_KINDS[:3])} is needed, found {' and '.join(kinds) or 'none'}"
        findings.fatal("provider-kind", path_of(*path), message)
        return None
    kind = kinds[0]
    if kind == "build-requires" and not building:
        message = "build-requires stands in pyproject.toml only, and becomes static-properties in a wheel"
        findings.fatal("build-requires", path_of(*path, kind), message)
        return None
    if "plugin-api" in table and kind in {"static-properties", "builtin"}:
        findings.fatal(
            "misplaced-plugin-api", path_of(*path, "plugin-api"), f"plugin-api does not go with {kind}"
        )
    if "feature-order" in table and kind != "static-properties":
        message = f"feature-order does not go with {kind}"
        findings.fatal("misplaced-feature-order", path_of(*path, "feature-order"), message)
    optional = flag_at(table.get("optional", False), findings, (*path, "optional"))
    if kind == "static-properties":
        ordered = _read_static(table, findings, path)
        return Provider(namespace, ProviderKind.STATIC, static_properties=ordered, optional=optional)
    if kind == "builtin":
        return _read_builtin(namespace, table["builtin"], findings, optional=optional)
    requires = read_requires(table[kind], findings, (*path, kind))
    plugin_api = read_plugin_api(table, findings, path)
    if kind == "build-requires":
        return Provider(
            namespace, ProviderKind.PLUGIN, build_requires=requires, plugin_api=plugin_api, optional=optional
        )
    return Provider(
        namespace, ProviderKind.PLUGIN, requires=requires, plugin_api=plugin_api, optional=optional
    )


def _read_builtin(namespace: str, value: object, findings: Findings, *, optional: bool) -> Provider | None:
    name = text_at(value, findings, ("providers", namespace, "builtin"))
    return Provider(namespace, ProviderKind.BUILTIN, builtin=name, optional=optional) if name else None


def _read_static(table: Mapping[str, Any], findings: Findings, path: _Path) -> dict[str, tuple[str, ...]]:
    place = (*path, "static-properties")
    lists = lists_at(table["static-properties"], findings, place)
    if lists is None:
        return {}
    if not lists:
        findings.tolerated("static-empty", path_of(*place), "nothing is listed, so nothing is supported")
    for feature, values in lists.items():
        if not values:
            message = "the list of values is empty, so the feature is not supported"
            findings.tolerated("static-empty", path_of(*place, feature), message)
    place = (*path, "feature-order")
    if "feature-order" not in table:
        if len(lists) > 1:
            message = "the order of the features is missing, though there are several"
            findings.fatal("feature-order", path_of(*place), message)
        return lists
    order = names_at(
        table["feature-order"], findings, place, what="feature", is_valid=is_name, may_be_empty=not lists
    )
    if order is not None and set(order) != set(lists):
        message = f"the order must name exactly the features of static-properties: {', '.join(sorted(lists))}"
        findings.fatal("feature-order", path_of(*place), message)
        return lists
    return {feature: lists[feature] for feature in order or lists}


def read_requires(
    value: object, findings: Findings, path: _Path, *, may_be_empty: bool = False
) -> tuple[str, ...]:
    """Read a list of dependency specifiers; empty, with a fatal finding, if it is not one."""
    from rewheel.variants.requirements import is_requirement

    listed = names_at(
        value, findings, path, what="requirement", is_valid=is_requirement, may_be_empty=may_be_empty
    )
    return listed or ()


def read_plugin_api(table: Mapping[str, Any], findings: Findings, path: _Path) -> str:
    """Read the end point of a plugin; empty if there is none, or with a fatal finding if it is not one."""
    if table.get("plugin-api") is None:
        return ""
    text = text_at(table["plugin-api"], findings, (*path, "plugin-api"))
    if text and not is_endpoint(text):
        message = f"{quoted(text)} is not of the form 'package.module:object'"
        findings.fatal("bad-plugin-api", path_of(*path, "plugin-api"), message)
        return ""
    return text


def is_endpoint(text: str) -> bool:
    """Tell whether a text names a module, and maybe an object in it: `package.module:Class`."""
    if not text.isascii():
        return False
    parts = text.split(":")
    return len(parts) <= 2 and all(name.isidentifier() for part in parts for name in part.strip().split("."))
