"""Providers of the first dialects, v0.0.2 and v0.0.3 (PEP 817), told in the terms of PEP 850."""

from collections.abc import Mapping
from typing import Any

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.priorities import Overrides
from rewheel.variants.properties import ABI_DEPENDENCY, is_name
from rewheel.variants.provider_tables import provider_tables, read_plugin_api, read_requires
from rewheel.variants.providers import Provider, ProviderKind
from rewheel.variants.schema import Shape
from rewheel.variants.tables import flag_at, lists_at, table_at, text_at, unknown_keys

__all__ = ["read_legacy_providers"]

_COMMON = {"requires", "plugin-api", "optional", "enable-if"}
_PLUGIN_USES = ("all", "build", "none")

_Path = tuple[object, ...]
_Lists = Mapping[str, tuple[str, ...]]


def read_legacy_providers(
    document: Mapping[str, Any], shape: Shape, overrides: Overrides, findings: Findings, *, building: bool
) -> dict[str, Provider]:
    """Read every valid provider; one that is not asked when installing becomes a static one.

    While `building`, such a provider is still a plugin if it names a package.
    """
    static = _read_static_properties(document, findings) if shape is Shape.INSTALL_TIME else {}
    made: dict[str, Provider] = {}
    for namespace, table in provider_tables(document, findings):
        path: _Path = ("providers", namespace)
        unknown_keys(table, {*_COMMON, _use_key(shape)}, findings, path)
        is_asked = _is_asked_when_installing(table, shape, findings, path)
        lists = (
            static.get(namespace, {}) if shape is Shape.INSTALL_TIME else overrides.values.get(namespace, {})
        )
        ordered = _in_order(lists, overrides.features.get(namespace, ()))
        made[namespace] = _read_provider(
            namespace, table, ordered, findings, is_asked=is_asked, building=building
        )
        if namespace == ABI_DEPENDENCY and shape is Shape.PLUGIN_USE and not is_asked:
            made[namespace] = Provider(namespace, ProviderKind.BUILTIN, builtin=ABI_DEPENDENCY)
    return made


def _use_key(shape: Shape) -> str:
    return "install-time" if shape is Shape.INSTALL_TIME else "plugin-use"


def _is_asked_when_installing(
    table: Mapping[str, Any], shape: Shape, findings: Findings, path: _Path
) -> bool:
    key = _use_key(shape)
    if table.get(key) is None:
        return True
    if shape is Shape.INSTALL_TIME:
        return flag_at(table[key], findings, (*path, key))
    use = table[key]
    if use not in _PLUGIN_USES:
        shown = quoted(use)
        findings.fatal(
            "bad-plugin-use", path_of(*path, key), f"{shown} is not one of {', '.join(_PLUGIN_USES)}"
        )
    return bool(use == "all")


def _read_provider(
    namespace: str,
    table: Mapping[str, Any],
    static: _Lists,
    findings: Findings,
    *,
    is_asked: bool,
    building: bool,
) -> Provider:
    path: _Path = ("providers", namespace)
    requires = read_requires(table.get("requires", []), findings, (*path, "requires"), may_be_empty=True)
    plugin_api = read_plugin_api(table, findings, path)
    optional = flag_at(table.get("optional", False), findings, (*path, "optional"))
    enable_if = _read_marker(table.get("enable-if"), findings, (*path, "enable-if"))
    if is_asked:
        if not requires and not plugin_api:
            findings.fatal(
                "no-requirements", path_of(*path, "requires"), "a plugin needs a package to come from"
            )
        return Provider(
            namespace,
            ProviderKind.PLUGIN,
            requires=requires,
            plugin_api=plugin_api,
            optional=optional,
            enable_if=enable_if,
        )
    if building and requires:
        return Provider(
            namespace,
            ProviderKind.PLUGIN,
            build_requires=requires,
            plugin_api=plugin_api,
            optional=optional,
            enable_if=enable_if,
        )
    if not static:
        message = "no values are listed for this provider, so nothing is supported"
        findings.tolerated("static-empty", path_of(*path), message)
    return Provider(
        namespace, ProviderKind.STATIC, static_properties=static, optional=optional, enable_if=enable_if
    )


def _read_marker(value: object, findings: Findings, path: _Path) -> str:
    if value is None:
        return ""
    from rewheel.variants.errors import InvalidMarker
    from rewheel.variants.markers import Marker

    text = text_at(value, findings, path)
    if not text:
        return ""
    try:
        if Marker.parse(text).uses_variants:
            findings.fatal(
                "bad-marker", path_of(*path), "a marker for the machine cannot ask for the variant"
            )
    except InvalidMarker as error:
        findings.fatal("bad-marker", path_of(*path), str(error))
        return ""
    return text


def _read_static_properties(document: Mapping[str, Any], findings: Findings) -> dict[str, _Lists]:
    if "static-properties" not in document:
        return {}
    made: dict[str, _Lists] = {}
    path: _Path = ("static-properties",)
    for namespace, features in (table_at(document["static-properties"], findings, path) or {}).items():
        if not is_name(namespace):
            findings.fatal(
                "bad-namespace", path_of(*path, namespace), f"{quoted(namespace)} is not a namespace"
            )
        lists = lists_at(features, findings, (*path, namespace))
        if lists is not None:
            made[namespace] = lists
    return made


def _in_order(lists: _Lists, order: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    first = [feature for feature in order if feature in lists]
    return {feature: lists[feature] for feature in dict.fromkeys([*first, *lists])}
