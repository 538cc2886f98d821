"""Will anybody be given this variant? Its properties against what their providers may ever say."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rewheel.publishing.findings import Collector
from rewheel.variants import Dialect, ProviderKind, VariantMetadata, VariantProperty

if TYPE_CHECKING:
    from rewheel.machines import NativeProvider

__all__ = ["check_properties"]

_SCHEMA = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:\.json)?\Z")


def check_properties(metadata: VariantMetadata, label: str, found: Collector) -> None:
    """Check the properties of one label, and the dialect that they are written in."""
    place = "variant.json"
    if _release(metadata.schema_version) < _release(Dialect.PEP825.value):
        found.add("RW125", f"is of schema version {metadata.schema_version or 'unknown'}", place)
    properties = tuple(metadata.properties_of(label) or ())
    for namespace in dict.fromkeys(item.namespace for item in properties):
        if namespace in metadata.abi_namespaces:
            continue
        is_known = _knowledge(namespace, metadata)
        if is_known is None:
            found.add("RW127", f"nothing says who provides {namespace!r}", place)
            continue
        for item in properties:
            if item.namespace == namespace and not is_known(item):
                found.add("RW126", f"[{item}] is supported nowhere", place)


def _release(schema: str) -> tuple[int, ...]:
    match = _SCHEMA.search(schema)
    return tuple(map(int, match.groups())) if match else (0, 0, 0)


def _knowledge(namespace: str, metadata: VariantMetadata) -> Callable[[VariantProperty], bool] | None:
    """Return what tells whether some machine has a property; None if nobody is known to tell.

    A plugin that we do not know may know everything, and so does one of a newer version.
    """
    from rewheel.machines import NATIVE

    provider = metadata.providers.get(namespace)
    if provider is None:
        native = NATIVE.get(namespace)
        return None if native is None else _by_native(native)
    if provider.kind is ProviderKind.STATIC:
        lists = provider.static_properties
        return lambda item: item.value in lists.get(item.feature, ())
    if provider.kind is ProviderKind.PLUGIN:
        native = _native_behind(provider.requires, provider.plugin_api)
        if native is not None and native.namespace == namespace:
            return _by_native(native)
    return lambda _: True


def _native_behind(requires: Iterable[str], plugin_api: str) -> "NativeProvider | None":
    from rewheel.machines import match_native

    return match_native(requires, plugin_api).provider


def _by_native(native: "NativeProvider") -> Callable[[VariantProperty], bool]:
    return lambda item: native.is_valid(item.feature, item.value)
