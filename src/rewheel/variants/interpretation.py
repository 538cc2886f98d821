"""From a document of any dialect to the one model, or to the list of what is wrong with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rewheel.variants.documents import load_json, load_toml
from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.label import NULL_LABEL
from rewheel.variants.metadata import VariantMetadata
from rewheel.variants.priorities import read_priorities
from rewheel.variants.properties import ABI_DEPENDENCY
from rewheel.variants.schema import Dialect, DocumentKind, SchemaVersion, Shape
from rewheel.variants.tables import table_at, unknown_keys
from rewheel.variants.variant_tables import read_variants

if TYPE_CHECKING:
    from rewheel.variants.providers import Provider

__all__ = ["UNSUPPORTED", "interpret"]

UNSUPPORTED = "unsupported-schema"
"""The code of the finding about a major version that must not be read."""

_LEGACY_SIGNS = ("install-time", "enable-if")


def interpret(
    data: bytes | str | Mapping[str, Any], findings: Findings, kind: DocumentKind, label: str, limit: int
) -> VariantMetadata | None:
    """Read a document and note what is wrong with it; None if it cannot be used."""
    document = _load(data, findings, kind, limit)
    if document is None:
        return None
    version = _read_version(document, findings, kind)
    if version is None:
        return None
    shape = version.shape
    _note_unknown_keys(document, shape, findings)
    priorities = read_priorities(document, version, findings, may_be_empty=kind is DocumentKind.LOCK)
    variants = read_variants(document, findings, is_required=kind is not DocumentKind.PYPROJECT)
    _check_labels(variants, kind, label, findings)
    building = kind is DocumentKind.PYPROJECT
    providers: dict[str, Provider] = {}
    if shape is Shape.PROVIDERS:
        from rewheel.variants.provider_tables import read_providers

        providers = read_providers(document, findings, building=building)
    elif shape.is_legacy:
        from rewheel.variants.legacy import read_legacy_providers

        providers = read_legacy_providers(document, shape, priorities.overrides, findings, building=building)
    if findings.is_fatal:
        return None
    metadata = VariantMetadata(
        namespaces=priorities.namespaces,
        providers=providers,
        variants=variants,
        feature_priorities=priorities.overrides.features,
        property_priorities=priorities.overrides.values,
        schema_version=str(version),
    )
    _check_namespaces(metadata, findings, shape, kind)
    _check_sets(metadata, findings)
    return metadata


def _load(
    data: bytes | str | Mapping[str, Any], findings: Findings, kind: DocumentKind, limit: int
) -> Mapping[str, Any] | None:
    if isinstance(data, Mapping):
        return table_at(data, findings, ())
    if kind is not DocumentKind.PYPROJECT:
        return load_json(data, findings, limit=limit)
    project = load_toml(data, findings, limit=limit)
    if project is None:
        return None
    if "variant" not in project:
        findings.fatal("missing-key", "variant", "pyproject.toml has no table [variant]")
        return None
    return table_at(project["variant"], findings, ())


def _read_version(
    document: Mapping[str, Any], findings: Findings, kind: DocumentKind
) -> SchemaVersion | None:
    if "$schema" not in document:
        if kind is not DocumentKind.PYPROJECT:
            findings.fatal("missing-key", "$schema", "the version of the format is missing")
            return None
        written = SchemaVersion.of(Dialect.PEP850)
        return written._replace(minor=0, patch=3) if _looks_legacy(document) else written
    url = document["$schema"]
    version = SchemaVersion.parse(url) if isinstance(url, str) else None
    if version is None:
        findings.fatal("bad-schema", "$schema", f"{quoted(url)} does not tell a version of the format")
        return None
    if not version.is_supported:
        message = f"version {version.major}.x of the format is not supported, only 0.x and 1.x are"
        findings.fatal(UNSUPPORTED, "$schema", message)
        return None
    if not version.is_known_host:
        findings.tolerated("unknown-schema-host", "$schema", f"{quoted(url)} is at an unknown place")
    if version.is_newer_than_ours:
        findings.tolerated("newer-schema", "$schema", f"version {version} is newer than what is known here")
    return version


def _looks_legacy(document: Mapping[str, Any]) -> bool:
    """Tell whether a pyproject table without `$schema` was written for v0.0.3."""
    providers = document.get("providers")
    tables = providers.values() if isinstance(providers, Mapping) else ()
    return "static-properties" in document or any(
        isinstance(table, Mapping) and any(sign in table for sign in _LEGACY_SIGNS) for table in tables
    )


def _note_unknown_keys(document: Mapping[str, Any], shape: Shape, findings: Findings) -> None:
    known = {"$schema", "default-priorities", "variants"}
    if shape is not Shape.PLAIN:
        known.add("providers")
    if shape is Shape.INSTALL_TIME:
        known.add("static-properties")
    unknown_keys(document, known, findings, ())


def _check_labels(variants: Mapping[str, object], kind: DocumentKind, label: str, findings: Findings) -> None:
    if kind is not DocumentKind.WHEEL or findings.is_fatal:
        return
    if len(variants) != 1 or (label and label not in variants):
        listed = ", ".join(quoted(item) for item in list(variants)[:3]) or "none"
        own = f", {quoted(label)}" if label else ""
        message = f"a wheel lists exactly its own label{own}; found {listed}"
        findings.fatal("wrong-label", "variants", message)


def _check_namespaces(
    metadata: VariantMetadata, findings: Findings, shape: Shape, kind: DocumentKind
) -> None:
    """Check that whatever is used is also in the priorities and, where there are providers, has one."""
    listed = set(metadata.namespaces)
    place = path_of("default-priorities", "namespace")
    for namespace in sorted(metadata.used_namespaces() - listed):
        if namespace == ABI_DEPENDENCY and namespace not in metadata.providers:
            message = f"{ABI_DEPENDENCY} is used without a place in the priorities; it ranks last"
            findings.tolerated("implicit-abi-dependency", place, message)
        else:
            findings.fatal("unlisted-namespace", place, f"the namespace {namespace} is used but not listed")
    if shape is Shape.PLAIN:
        return
    for namespace in sorted(listed.symmetric_difference(metadata.providers)):
        if namespace in listed:
            code, message = "missing-provider", f"the namespace {namespace} has no provider"
        else:
            code, message = "unlisted-provider", f"the provider of {namespace} has no place in the priorities"
        if shape.is_legacy or kind is DocumentKind.LOCK:
            findings.tolerated(code, path_of("providers", namespace), message)
        else:
            findings.fatal(code, path_of("providers", namespace), message)


def _check_sets(metadata: VariantMetadata, findings: Findings) -> None:
    """Note labels that say nothing, or the same as another one."""
    first: dict[object, str] = {}
    for label, properties in metadata.variants.items():
        if not properties and label != NULL_LABEL:
            message = "a label without properties fits every machine, as only null should"
            findings.tolerated("no-properties", path_of("variants", label), message)
        other = first.setdefault(properties, label)
        if other is not label:
            message = f"the properties are the same as those of {other}"
            findings.tolerated("same-properties", path_of("variants", label), message)
