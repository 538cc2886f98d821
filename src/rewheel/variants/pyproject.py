"""The table `[variant]` of pyproject.toml: what a project can be built as, and by whose word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rewheel.variants.errors import InvalidMetadata, VariantsError
from rewheel.variants.findings import Finding, Findings, path_of
from rewheel.variants.properties import is_name, is_value
from rewheel.variants.providers import Provider, ProviderKind
from rewheel.variants.reading import SIZE_LIMIT, read_metadata
from rewheel.variants.supported import preferred_first

if TYPE_CHECKING:
    from rewheel.variants.metadata import VariantMetadata
    from rewheel.variants.supported import Supported

__all__ = ["build_requirements", "freeze_build_providers", "read_pyproject"]


def read_pyproject(data: bytes | str | Mapping[str, Any]) -> VariantMetadata | None:
    """Read a whole pyproject.toml, as text or parsed; None if the project says nothing about variants.

    The labels are those that can be built; `null` always can, listed or not. Raises `InvalidMetadata`.
    """
    if isinstance(data, Mapping):
        document = data
    else:
        from rewheel.variants.documents import load_toml

        findings = Findings()
        loaded = load_toml(data, findings, limit=SIZE_LIMIT)
        if loaded is None:
            raise InvalidMetadata(findings.as_list())
        document = loaded
    if "variant" not in document:
        return None
    table = document["variant"]
    if not isinstance(table, Mapping):
        message = "expected a table"
        raise InvalidMetadata([Finding("not-an-object", "variant", message, fatal=True)])
    return read_metadata(table, kind="pyproject")


def build_requirements(metadata: VariantMetadata, label: str) -> tuple[str, ...]:
    """Return the packages that must be present to build a label: the plugins of the namespaces it uses.

    Raises `UnknownLabel`.
    """
    used = metadata.select(label).used_namespaces()
    found: dict[str, None] = {}
    for namespace in metadata.namespaces:
        provider = metadata.providers.get(namespace)
        if namespace in used and provider is not None:
            found.update(dict.fromkeys((*provider.requires, *provider.build_requires)))
    return tuple(found)


def freeze_build_providers(metadata: VariantMetadata, answers: Supported) -> VariantMetadata:
    """Return metadata fit for a wheel: providers that are asked while building become static lists.

    `answers` are their lists, features and values most preferred first; features that the maintainer
    ordered come first all the same. Raises `VariantsError` if an answer is missing, malformed, or does not
    contain what a variant declares.
    """
    frozen: dict[str, Provider] = {}
    for namespace, provider in metadata.providers.items():
        frozen[namespace] = provider
        if provider.build_requires:
            if namespace not in answers:
                raise VariantsError(f"the provider of {namespace} was not asked what it supports")
            answer = {feature: tuple(values) for feature, values in answers[namespace].items()}
            _check_answer(namespace, answer)
            order = preferred_first(metadata.feature_priorities.get(namespace, ()), tuple(answer))
            static = {feature: answer[feature] for feature in order}
            frozen[namespace] = Provider(
                namespace, ProviderKind.STATIC, static_properties=static, optional=provider.optional
            )
            _check_declared(namespace, metadata, static)
    return metadata.with_providers(frozen)


def _check_answer(namespace: str, answer: Mapping[str, tuple[str, ...]]) -> None:
    for feature, values in answer.items():
        is_fine = is_name(feature) and all(map(is_value, values)) and len(set(values)) == len(values)
        if not is_fine:
            place = path_of(namespace, feature)
            raise VariantsError(
                f"the provider of {namespace} answered with names that are not valid: {place}"
            )


def _check_declared(namespace: str, metadata: VariantMetadata, static: Mapping[str, tuple[str, ...]]) -> None:
    for label in metadata.labels:
        for item in metadata.variants[label]:
            if item.namespace == namespace and item.value not in static.get(item.feature, ()):
                raise VariantsError(
                    f"the variant {label} declares [{item}], which its provider does not know"
                )
