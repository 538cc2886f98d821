"""One immutable model for variant metadata of every dialect."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from rewheel.variants.errors import UnknownLabel
from rewheel.variants.label import NULL_LABEL, check_label
from rewheel.variants.properties import ABI_DEPENDENCY, NO_PROPERTIES, VariantProperties
from rewheel.variants.providers import Provider

__all__ = ["VariantMetadata"]

_V = TypeVar("_V")


class VariantMetadata:
    """What a release, or one of its wheels, says about its variants.

    - `namespaces`: most important first; decides the order of variants before anything else.
    - `providers`: by namespace; empty for dialects that have none.
    - `variants`: what each label stands for. The label `null` stands for nothing, listed or not.
    - `feature_priorities`, `property_priorities`: lists of old dialects that move features, or values of a
      feature, to the front of what is supported; they never make anything supported.
    - `schema_version`: of the document that this was read from, such as `0.1.1`; empty if there is none.
    """

    __slots__ = (
        "abi_namespaces",
        "feature_priorities",
        "namespaces",
        "property_priorities",
        "providers",
        "schema_version",
        "variants",
    )

    namespaces: tuple[str, ...]
    providers: Mapping[str, Provider]
    variants: Mapping[str, VariantProperties]
    feature_priorities: Mapping[str, tuple[str, ...]]
    property_priorities: Mapping[str, Mapping[str, tuple[str, ...]]]
    schema_version: str
    abi_namespaces: frozenset[str]
    """Namespaces about the versions of other packages: by their provider, or by the reserved name."""

    def __init__(
        self,
        *,
        namespaces: Iterable[str],
        variants: Mapping[str, VariantProperties],
        providers: Mapping[str, Provider] | Iterable[Provider] = (),
        feature_priorities: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        property_priorities: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType({}),
        schema_version: str = "",
    ) -> None:
        entries = providers.values() if isinstance(providers, Mapping) else providers
        put = object.__setattr__
        put(self, "namespaces", tuple(namespaces))
        put(self, "providers", MappingProxyType({entry.namespace: entry for entry in entries}))
        put(
            self, "variants", MappingProxyType({check_label(label): item for label, item in variants.items()})
        )
        put(self, "feature_priorities", MappingProxyType(dict(feature_priorities)))
        nested = {
            namespace: MappingProxyType(dict(lists)) for namespace, lists in property_priorities.items()
        }
        put(self, "property_priorities", MappingProxyType(nested))
        put(self, "schema_version", schema_version)
        put(self, "abi_namespaces", self._find_abi_namespaces())

    def _find_abi_namespaces(self) -> frozenset[str]:
        found = {entry.namespace for entry in self.providers.values() if entry.is_abi_dependency}
        if ABI_DEPENDENCY not in self.providers and (
            ABI_DEPENDENCY in self.namespaces
            or any(ABI_DEPENDENCY in properties.table for properties in self.variants.values())
        ):
            found.add(ABI_DEPENDENCY)
        return frozenset(found)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that are listed, sorted."""
        return tuple(sorted(self.variants))

    def properties_of(self, label: str) -> VariantProperties | None:
        """Return what a label stands for; None if the metadata does not list it.

        The label `null` has no properties even where it is not listed.
        """
        return NO_PROPERTIES if label == NULL_LABEL else self.variants.get(label)

    def used_namespaces(self, labels: Iterable[str] | None = None) -> frozenset[str]:
        """Return the namespaces that the given labels use, or all labels; unknown labels use none."""
        asked = self.variants if labels is None else labels
        found: set[str] = set()
        for label in asked:
            found.update((self.properties_of(label) or NO_PROPERTIES).table)
        return frozenset(found)

    def select(self, label: str) -> "VariantMetadata":
        """Return the metadata that belongs into the wheel of one label: everything, but only that label.

        Raises `UnknownLabel`; `null` is always known.
        """
        properties = self.properties_of(label)
        if properties is None:
            raise UnknownLabel(label, tuple(self.variants))
        return self.with_variants({label: properties})

    def only(self, labels: Iterable[str], *, drop_unused: bool = False) -> "VariantMetadata":
        """Return the metadata without all other labels; unlisted ones are passed over.

        `drop_unused` also leaves out the namespaces that then nothing uses, with their providers, as a lock
        file may do. One namespace is always kept, since the list must not be empty.
        """
        wanted = set(labels)
        kept = self.with_variants({label: item for label, item in self.variants.items() if label in wanted})
        if not drop_unused:
            return kept
        used = kept.used_namespaces()
        namespaces = tuple(name for name in self.namespaces if name in used) or self.namespaces[:1]
        return kept._replace(
            namespaces=namespaces,
            providers=_only_keys(self.providers, namespaces),
            feature_priorities=_only_keys(self.feature_priorities, namespaces),
            property_priorities=_only_keys(self.property_priorities, namespaces),
        )

    def with_variants(self, variants: Mapping[str, VariantProperties]) -> "VariantMetadata":
        """Return the same metadata with other variants; raises `InvalidLabel`."""
        return self._replace(variants=variants)

    def with_providers(self, providers: Mapping[str, Provider] | Iterable[Provider]) -> "VariantMetadata":
        """Return the same metadata with other providers."""
        return self._replace(providers=providers)

    def _replace(self, **changes: object) -> "VariantMetadata":
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "abi_namespaces"}
        return VariantMetadata(**{**fields, **changes})

    def _key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, VariantMetadata) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.namespaces, frozenset(self.variants.items()), frozenset(self.providers.values())))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name!r}: variant metadata is immutable")

    def __reduce__(self) -> tuple[object, ...]:
        nested = {namespace: dict(lists) for namespace, lists in self.property_priorities.items()}
        fields = {
            "namespaces": self.namespaces,
            "variants": dict(self.variants),
            "providers": dict(self.providers),
            "feature_priorities": dict(self.feature_priorities),
            "property_priorities": nested,
            "schema_version": self.schema_version,
        }
        return (_remake, (fields,))

    def __repr__(self) -> str:
        return f"VariantMetadata(namespaces={self.namespaces!r}, labels={self.labels!r})"


def _only_keys(mapping: Mapping[str, _V], keys: Iterable[str]) -> dict[str, _V]:
    return {key: mapping[key] for key in keys if key in mapping}


def _remake(fields: dict[str, Any]) -> VariantMetadata:
    """Make metadata again that was copied or pickled."""
    return VariantMetadata(**fields)
