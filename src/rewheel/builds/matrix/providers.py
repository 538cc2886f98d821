"""Whether somebody knows the properties that are declared: checked without the hardware that has them."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from rewheel.builds.errors import InvalidDeclaration
from rewheel.builds.matrix.declaration import Declaration
from rewheel.machines import NATIVE, NativeProvider, PluginDescription, match_native
from rewheel.metadata import Requirement
from rewheel.variants import Provider, ProviderKind, VariantMetadata, build_requirements

__all__ = ["Describer", "check_properties", "properties_of", "provider_requirements"]

_SHOWN = 12
"""How many known values a message lists."""


class Describer(Protocol):
    """Asks a provider plugin what may be declared of its namespace."""

    def __call__(self, provider: Provider, properties: list[tuple[str, str]]) -> PluginDescription | None:
        """Return its answer, with a verdict on each property (feature, value); `None` if it may not run."""
        ...


def check_properties(
    declaration: Declaration, describe: Describer, markers: Mapping[str, str]
) -> tuple[str, ...]:
    """Hold all declared properties against their providers; returns the namespaces that nobody could check.

    Providers that rewheel stands in for are known by their tables, static ones by their lists. All others
    are asked through `describe`. Those that are asked while building answer later. `markers` describe where
    the providers would run. Raises `InvalidDeclaration`.
    """
    metadata = declaration.metadata
    if metadata is None:
        return ()
    problems: list[tuple[int, str]] = []
    unchecked: list[str] = []
    used = metadata.used_namespaces()
    for namespace in (name for name in metadata.namespaces if name in used):
        provider = metadata.providers.get(namespace)
        if provider is None or provider.build_requires or namespace in metadata.abi_namespaces:
            continue
        known = _knowledge(provider, metadata, describe, markers)
        if known is None:
            unchecked.append(namespace)
            continue
        for keys, message in known.objections(metadata, namespace):
            problems.append((declaration.places.line("variant", "variants", *keys), message))
    if problems:
        raise InvalidDeclaration(declaration.place, problems)
    return tuple(unchecked)


def properties_of(metadata: VariantMetadata, namespace: str) -> list[tuple[str, str]]:
    """Return every feature of a namespace with every value that some label has."""
    found = {
        (item.feature, item.value): None
        for label in metadata.labels
        for item in metadata.variants[label]
        if item.namespace == namespace
    }
    return list(found)


def provider_requirements(metadata: VariantMetadata, label: str) -> tuple[str, ...]:
    """Return the provider packages that a build of a label has in its environment (PEP 850, build backends).

    Left out are packages that no index has: what they would say, rewheel knows. Raises `UnknownLabel`.
    """
    unpublished = {name for native in NATIVE.values() for name in native.unpublished}
    texts = build_requirements(metadata, label)
    return tuple(text for text in texts if Requirement.parse(text).project not in unpublished)


class _Knowledge:
    """What one provider knows: by a list, by our own tables, or by its plugin's answer."""

    def __init__(
        self,
        who: str,
        *,
        lists: Mapping[str, tuple[str, ...]] | None = None,
        native: NativeProvider | None = None,
        plugin: PluginDescription | None = None,
    ) -> None:
        self._who = who
        self._lists = lists
        self._native = native
        self._plugin = plugin

    def objections(
        self, metadata: VariantMetadata, namespace: str
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield what is wrong, with the keys below [variant.variants] where it stands."""
        for label, properties in metadata.variants.items():
            for feature, values in properties.table.get(namespace, {}).items():
                for value in values:
                    if not self._knows(feature, value):
                        message = f"{self._who} does not know [{namespace} :: {feature} :: {value}]"
                        yield (label, namespace, feature), message + self._known(feature)
                if len(values) > 1 and not self._allows_several(feature):
                    message = f"{self._who} allows one value of {feature}, not {' and '.join(values)}"
                    yield (label, namespace, feature), message

    def _knows(self, feature: str, value: str) -> bool:
        if self._native is not None:
            return self._native.is_valid(feature, value)
        if self._plugin is not None:
            return self._plugin.accepts(feature, value)
        return value in (self._lists or {}).get(feature, ())

    def _allows_several(self, feature: str) -> bool:
        if self._native is not None:
            return feature in self._native.multi_value
        if self._plugin is not None and self._plugin.valid is not None:
            return self._plugin.allows_several(feature)
        return True  # lists and the earlier plugin interface say nothing about it

    def _known(self, feature: str) -> str:
        table: Mapping[str, tuple[str, ...]] = self._lists or {}
        if self._native is not None:
            table = self._native.all_values
        elif self._plugin is not None:
            table = {known.name: known.values for known in self._plugin.valid or ()}
        if feature not in table:
            return f"; its features are {_listed(tuple(table))}" if table else ""
        return f"; the values of {feature} are {_listed(table[feature])}"


def _listed(values: tuple[str, ...]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(values[:_SHOWN]) + more


def _knowledge(
    provider: Provider, metadata: VariantMetadata, describe: Describer, markers: Mapping[str, str]
) -> _Knowledge | None:
    namespace = provider.namespace
    if provider.kind is ProviderKind.STATIC:
        return _Knowledge(f"the static list of {namespace}", lists=provider.static_properties)
    if provider.kind is ProviderKind.BUILTIN:
        return None
    native = match_native(provider.requires, provider.plugin_api, marker_environment=markers).provider
    if native is not None and NATIVE.get(namespace) is native:
        return _Knowledge(f"the provider of {namespace}", native=native)
    answer = describe(provider, properties_of(metadata, namespace))
    return None if answer is None else _Knowledge(f"the provider of {namespace}", plugin=answer)
