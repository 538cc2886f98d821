"""Writing variant metadata in the dialects that we write, the same text for the same metadata every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewheel.variants.errors import InvalidMetadata
from rewheel.variants.findings import Finding, path_of
from rewheel.variants.properties import ABI_DEPENDENCY
from rewheel.variants.providers import Provider, ProviderKind
from rewheel.variants.reading import check_metadata
from rewheel.variants.schema import Dialect
from rewheel.variants.supported import preferred_first

if TYPE_CHECKING:
    from rewheel.variants.metadata import VariantMetadata

__all__ = ["losses", "to_document", "write_metadata"]

_REFUSED = frozenset({"same-properties"})  # tolerated by readers, but no reason to publish it


def write_metadata(metadata: VariantMetadata, *, dialect: Dialect | None = None) -> str:
    """Return the metadata as JSON text with sorted keys and a final newline.

    The dialect is PEP 850's if there are providers, and PEP 825's otherwise, unless `dialect` says. Raises
    `InvalidMetadata` for anything that must not be published, such as a namespace without provider. What
    the dialect cannot express is left out; `losses` tells what.
    """
    import json

    return json.dumps(to_document(metadata, dialect=dialect), indent=2, sort_keys=True) + "\n"


def to_document(metadata: VariantMetadata, *, dialect: Dialect | None = None) -> dict[str, Any]:
    """Return what `write_metadata` writes as plain tables and lists, such as for a lock file's TOML.

    Raises `InvalidMetadata` like `write_metadata`.
    """
    chosen = dialect or (Dialect.PEP850 if metadata.providers else Dialect.PEP825)
    used = metadata.used_namespaces()
    namespaces = list(metadata.namespaces)
    if ABI_DEPENDENCY in metadata.abi_namespaces and ABI_DEPENDENCY in used - set(namespaces):
        namespaces.append(ABI_DEPENDENCY)  # drafts reserved the name and did not list it; it ranks last
    document: dict[str, Any] = {
        "$schema": chosen.value,
        "default-priorities": {"namespace": namespaces},
        "variants": {label: metadata.variants[label].to_mapping() for label in metadata.labels},
    }
    findings: list[Finding] = []
    if chosen is Dialect.PEP850:
        providers = {name: _provider_for(metadata, name) for name in namespaces}
        findings = [item for provider in providers.values() if provider for item in _unwritable(provider)]
        document["providers"] = {
            name: _write_provider(provider, metadata) for name, provider in providers.items() if provider
        }
    findings += check_metadata(document)
    problems = [
        finding._replace(fatal=True) for finding in findings if finding.fatal or finding.code in _REFUSED
    ]
    if problems:
        raise InvalidMetadata(problems)
    return document


def losses(metadata: VariantMetadata, dialect: Dialect) -> list[Finding]:
    """Tell what `write_metadata` leaves out because the dialect has no place for it; nothing is fatal.

    Only metadata that was read from an old dialect can lose anything in PEP 850's; PEP 825's has no
    providers at all.
    """
    found: list[Finding] = []
    for namespace, provider in metadata.providers.items():
        if dialect is Dialect.PEP825:
            message = "PEP 825 has no place for providers"
            found.append(Finding("lost-provider", path_of("providers", namespace), message, fatal=False))
        elif provider.enable_if:
            message = "the condition on the machine is dropped, the provider is always enabled"
            place = path_of("providers", namespace, "enable-if")
            found.append(Finding("lost-enable-if", place, message, fatal=False))
    for key, lists in (("feature", metadata.feature_priorities), ("property", metadata.property_priorities)):
        for namespace in lists:
            known = metadata.providers.get(namespace)
            if dialect is Dialect.PEP825 or known is None or known.kind is not ProviderKind.STATIC:
                message = "the order of the provider takes the place of this list"
                place = path_of("default-priorities", key, namespace)
                found.append(Finding("lost-priorities", place, message, fatal=False))
    return found


def _provider_for(metadata: VariantMetadata, namespace: str) -> Provider | None:
    provider = metadata.providers.get(namespace)
    if provider is None and namespace == ABI_DEPENDENCY:
        return Provider(namespace, ProviderKind.BUILTIN, builtin=ABI_DEPENDENCY)
    return provider


def _unwritable(provider: Provider) -> list[Finding]:
    """Find what would otherwise be written as something else."""
    place = path_of("providers", provider.namespace)
    if provider.build_requires:
        message = "a provider for building must be turned into static properties first"
        return [Finding("build-requires", place, message, fatal=True)]
    if provider.kind is ProviderKind.PLUGIN and not provider.requires:
        message = "a plugin needs a package to come from"
        return [Finding("no-requirements", place, message, fatal=True)]
    return []


def _write_provider(provider: Provider, metadata: VariantMetadata) -> dict[str, Any]:
    table: dict[str, Any] = {"optional": True} if provider.optional else {}
    match provider.kind:
        case ProviderKind.BUILTIN:
            table["builtin"] = provider.builtin
        case ProviderKind.PLUGIN:
            table["requires"] = list(provider.requires)
            if provider.plugin_api:
                table["plugin-api"] = provider.plugin_api
        case ProviderKind.STATIC:
            static, namespace = provider.static_properties, provider.namespace
            values = metadata.property_priorities.get(namespace, {})
            order = preferred_first(metadata.feature_priorities.get(namespace, ()), tuple(static))
            table["static-properties"] = {
                feature: list(preferred_first(values.get(feature, ()), static[feature])) for feature in order
            }
            if len(order) > 1:
                table["feature-order"] = list(order)
    return table
