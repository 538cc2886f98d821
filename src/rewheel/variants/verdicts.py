"""Verdicts: whether a label fits a machine, and the reason, in words that a user can act upon."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rewheel.variants.label import NULL_LABEL
from rewheel.variants.properties import NO_PROPERTIES, VariantProperties, VariantProperty

if TYPE_CHECKING:
    from rewheel.variants.metadata import VariantMetadata
    from rewheel.variants.supported import OrderedSupport

__all__ = ["Cause", "LabelVerdict", "RejectedFeature", "Verdicts", "why_better"]


class Cause(StrEnum):
    """What about a feature is not supported."""

    NAMESPACE = "namespace"  # nothing is known of the whole namespace
    FEATURE = "feature"  # the machine does not have the feature
    VALUE = "value"  # it has the feature, but none of the wanted values
    ABI_DEPENDENCY = "abi_dependency"  # it depends on the version of another package


class RejectedFeature(NamedTuple):
    """A feature of a label of which the machine supports no value."""

    namespace: str
    feature: str
    wanted: tuple[str, ...]
    supported: tuple[str, ...]
    cause: Cause

    def __str__(self) -> str:
        wanted = f"[{self.namespace} :: {self.feature} :: {', '.join(self.wanted)}]"
        match self.cause:
            case Cause.ABI_DEPENDENCY:
                package = self.feature.replace("_", "-")
                return f"{wanted} depends on the version of {package}, which is not matched here"
            case Cause.NAMESPACE:
                return f"{wanted} is not supported; this machine: no {self.namespace}"
            case Cause.FEATURE:
                return f"{wanted} is not supported; this machine: no {self.namespace} :: {self.feature}"
            case _:
                return f"{wanted} is not supported; this machine: {self.supported[0]}"


class LabelVerdict(NamedTuple):
    """What is to be said about one label on one machine.

    `position` is 0 for the best compatible label. `properties` is None for a label that the metadata does
    not list. `deciding` holds, per feature, the best supported value: what the order is decided by, most
    important first.
    """

    label: str
    compatible: bool
    position: int | None
    properties: VariantProperties | None
    deciding: tuple[VariantProperty, ...]
    rejected: tuple[RejectedFeature, ...]

    @property
    def reason(self) -> str:
        """Why the label is compatible or not, in one fragment of a sentence."""
        if not self.label:
            return "plain wheel, comes after every variant"
        if self.properties is None:
            return f"the label {self.label} is not in the metadata"
        if self.rejected:
            more = len(self.rejected) - 1
            return f"{self.rejected[0]}" + (f" (and {more} more unsupported)" if more else "")
        if self.deciding:
            return " ".join(f"[{item}]" for item in self.deciding)
        return (
            "null variant, fits every machine"
            if self.label == NULL_LABEL
            else "no properties, fits every machine"
        )


class Verdicts(Mapping[str, LabelVerdict]):
    """Verdicts that are put into words only when somebody looks."""

    __slots__ = ("_asked", "_made", "_metadata", "_order", "_ordered", "_places")

    def __init__(
        self,
        order: tuple[str, ...],
        asked: tuple[str, ...],
        metadata: "VariantMetadata",
        ordered: "OrderedSupport",
    ) -> None:
        self._order = order
        self._asked = asked
        self._metadata = metadata
        self._ordered = ordered
        self._made: dict[str, LabelVerdict] = {}
        self._places: dict[str, int | None] | None = None

    def __getitem__(self, label: str) -> LabelVerdict:
        verdict = self._made.get(label)
        if verdict is None:
            if self._places is None:
                self._places = {
                    **dict.fromkeys(self._asked),
                    **{name: n for n, name in enumerate(self._order)},
                }
            verdict = self._made[label] = self._judge(label, self._places[label])
        return verdict

    def _judge(self, label: str, position: int | None) -> LabelVerdict:
        properties = self._metadata.properties_of(label) if label else NO_PROPERTIES
        if properties is None:
            return LabelVerdict(label, False, None, None, (), ())
        if position is None and label:
            rejected = tuple(_rejected(properties, self._metadata, self._ordered))
            return LabelVerdict(label, False, None, properties, (), rejected)
        return LabelVerdict(label, True, position, properties, _deciding(properties, self._ordered), ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)


def why_better(best: LabelVerdict, other: LabelVerdict) -> str:
    """Say what decided between two labels, `best` being the preferred one: "level v3 before v2".

    If the other label is not compatible, this is its reason.
    """
    if not other.compatible:
        return other.reason
    for ours, theirs in zip(best.deciding, other.deciding, strict=False):
        if ours == theirs:
            continue
        if ours[:2] == theirs[:2]:
            return f"{ours.feature} {ours.value} before {theirs.value}"
        if ours.namespace == theirs.namespace:
            return f"{ours.namespace} :: {ours.feature} before {theirs.namespace} :: {theirs.feature}"
        return f"{ours.namespace} before {theirs.namespace}"
    if len(best.deciding) > len(other.deciding):
        return f"also for [{best.deciding[len(other.deciding)]}]"
    if not other.label:
        return "variants before plain wheels"
    if other.label == NULL_LABEL:
        return "null comes last of the variants"
    return f"same properties on this machine; label {best.label} before {other.label}"


def _deciding(properties: VariantProperties, ordered: "OrderedSupport") -> tuple[VariantProperty, ...]:
    """Return the best supported value of every feature, most important first."""
    found: list[VariantProperty] = []
    for namespace, features in ordered.items():
        declared = properties.table.get(namespace)
        if declared:
            for feature, values in features.items():
                wanted = declared.get(feature)
                if wanted:
                    best = next(value for value in values if value in wanted)
                    found.append(VariantProperty(namespace, feature, best))
    return tuple(found)


def _rejected(
    properties: VariantProperties, metadata: "VariantMetadata", ordered: "OrderedSupport"
) -> Iterator[RejectedFeature]:
    """Find the features of which no value is supported, in the order of the metadata's namespaces."""
    places = {namespace: index for index, namespace in enumerate(metadata.namespaces)}
    for namespace in sorted(properties.namespaces, key=lambda name: (places.get(name, len(places)), name)):
        features = ordered.get(namespace, {})
        for feature in properties.features(namespace):
            wanted, values = properties.values(namespace, feature), features.get(feature, ())
            if any(value in values for value in wanted):
                continue
            if namespace in metadata.abi_namespaces and namespace not in ordered:
                cause = Cause.ABI_DEPENDENCY
            elif not features:
                cause = Cause.NAMESPACE
            else:
                cause = Cause.VALUE if values else Cause.FEATURE
            yield RejectedFeature(namespace, feature, wanted, values, cause)
