"""Combining the metadata of one release from its wheels (PEP 825, metadata consistency)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

from rewheel.variants.errors import InconsistentMetadata, VariantsError
from rewheel.variants.findings import Finding, path_of
from rewheel.variants.metadata import VariantMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rewheel.variants.properties import VariantProperties

__all__ = ["check_consistency", "combine"]

_T = TypeVar("_T")


def combine(parts: Iterable[VariantMetadata]) -> VariantMetadata:
    """Return everything that the parts say together; their order makes no difference.

    Of the namespace lists the longest is taken, which must start with all others; labels, providers and
    override lists are united, and must be equal where several parts have them. Raises
    `InconsistentMetadata` with every contradiction, and `VariantsError` if there are no parts.
    """
    given = list(parts)
    if not given:
        raise VariantsError("there is no variant metadata to combine")
    problems = [finding for finding in check_consistency(given) if finding.fatal]
    if problems:
        raise InconsistentMetadata(problems)
    namespaces = max((part.namespaces for part in given), key=len)
    variants = _united(part.variants for part in given)
    providers = _united(part.providers for part in given)
    places = {namespace: index for index, namespace in enumerate(namespaces)}
    return VariantMetadata(
        namespaces=namespaces,
        variants={label: variants[label] for label in sorted(variants)},
        providers=[
            providers[name]
            for name in sorted(providers, key=lambda item: (places.get(item, len(places)), item))
        ],
        feature_priorities=_united(part.feature_priorities for part in given),
        property_priorities=_united(part.property_priorities for part in given),
        schema_version=max((part.schema_version for part in given), key=_release),
    )


def check_consistency(parts: Iterable[VariantMetadata]) -> list[Finding]:
    """Return what stands in the way of combining the parts; two labels for one thing are not fatal.

    The findings do not depend on the order of the parts.
    """
    given = list(parts)
    found = _check_namespaces([part.namespaces for part in given])
    found += _check_same("variants", [part.variants for part in given], "variant-differs")
    found += _check_same("providers", [part.providers for part in given], "provider-differs")
    path = "default-priorities.feature"
    found += _check_same(path, [part.feature_priorities for part in given], "priorities-differ")
    path = "default-priorities.property"
    found += _check_same(path, [part.property_priorities for part in given], "priorities-differ")
    return found + _check_labels(given)


def _check_namespaces(lists: Sequence[tuple[str, ...]]) -> list[Finding]:
    by_length = sorted(set(lists), key=lambda names: (len(names), names))
    for shorter, longer in itertools.pairwise(by_length):
        if longer[: len(shorter)] != shorter:
            message = f"neither list starts with the other: {', '.join(shorter)} and {', '.join(longer)}"
            return [Finding("namespaces-differ", "default-priorities.namespace", message, fatal=True)]
    return []


def _check_same(path: str, mappings: Sequence[Mapping[str, object]], code: str) -> list[Finding]:
    first: dict[str, object] = {}
    differing: set[str] = set()
    for mapping in mappings:
        for key, value in mapping.items():
            if first.setdefault(key, value) != value:
                differing.add(key)
    message = "not the same everywhere in this release"
    return [Finding(code, f"{path}.{path_of(key)}", message, fatal=True) for key in sorted(differing)]


def _check_labels(parts: Sequence[VariantMetadata]) -> list[Finding]:
    labels: dict[VariantProperties, set[str]] = {}
    for part in parts:
        for label, properties in part.variants.items():
            labels.setdefault(properties, set()).add(label)
    found: list[Finding] = []
    for names in labels.values():
        first, *others = sorted(names)
        for other in others:
            message = f"the properties are the same as those of {first}"
            found.append(Finding("same-properties", path_of("variants", other), message, fatal=False))
    return sorted(found)


def _united(mappings: Iterable[Mapping[str, _T]]) -> dict[str, _T]:
    return {key: value for mapping in mappings for key, value in mapping.items()}


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
