"""What a machine supports, in the order in which one release prefers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.variants.metadata import VariantMetadata

__all__ = ["OrderedSupport", "Supported", "in_preferred_order", "preferred_first"]

Supported = Mapping[str, Mapping[str, Sequence[str]]]
"""Namespace, then feature, then values: both features and values with the most preferred first."""

OrderedSupport = dict[str, dict[str, tuple[str, ...]]]


def in_preferred_order(metadata: VariantMetadata, supported: Supported) -> OrderedSupport:
    """Return what is supported, namespaces, features and values most preferred first.

    Namespaces come in the order of the metadata; its override lists (old dialects) move features and values
    to the front, but add nothing. Namespaces that it does not order come last. Features without values are
    left out: they are not supported.
    """
    ordered: OrderedSupport = {}
    unlisted = sorted(namespace for namespace in supported if namespace not in metadata.namespaces)
    for namespace in (*metadata.namespaces, *unlisted):
        features = supported.get(namespace)
        if not features:
            continue
        preferred = metadata.property_priorities.get(namespace, {})
        ordered[namespace] = {
            feature: preferred_first(preferred.get(feature, ()), features[feature])
            for feature in preferred_first(metadata.feature_priorities.get(namespace, ()), tuple(features))
            if features[feature]
        }
    return ordered


def preferred_first(preferred: Sequence[str], supported: Sequence[str]) -> tuple[str, ...]:
    """Return what is supported, each once, with what is also preferred at the front."""
    if not preferred:
        return tuple(dict.fromkeys(supported))
    return tuple(dict.fromkeys([*(item for item in preferred if item in supported), *supported]))
