"""The order of variants on a machine (PEP 825, variant ordering).

A label is compatible if the machine supports a value of each of its features. Its rank is the sorted list of
the positions of its best values, where the position of a value counts the values that are better: those of
preferred namespaces, of preferred features, and the preferred values of its own feature. Lists are compared
from the front; where one ends first, the longer one wins; equals are ordered by label.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rewheel.variants.label import NULL_LABEL
from rewheel.variants.properties import NO_PROPERTIES, VariantProperties, VariantProperty
from rewheel.variants.supported import OrderedSupport, Supported, in_preferred_order
from rewheel.variants.verdicts import Cause, LabelVerdict, RejectedFeature

if TYPE_CHECKING:
    from rewheel.variants.metadata import VariantMetadata

__all__ = ["Ranking", "rank"]

_Positions = dict[str, dict[str, dict[str, int]]]


def rank(labels: Iterable[str], metadata: "VariantMetadata", supported: Supported) -> "Ranking":
    """Sort out and order labels for a machine that supports `supported`, best first.

    A label that the metadata does not list is incompatible, except `null`. The empty label, a plain wheel,
    gets a verdict but no place in the order, since plain wheels come after every variant. Namespaces of ABI
    dependencies are compatible only if the caller says in `supported` which versions match.

    >>> from rewheel.variants import VariantMetadata, VariantProperties
    >>> level = lambda value: VariantProperties.from_mapping({"x86_64": {"level": [value]}})
    >>> metadata = VariantMetadata(namespaces=["x86_64"], variants={v: level(v) for v in ("v2", "v3", "v4")})
    >>> rank(["v2", "v3", "v4", "null"], metadata, {"x86_64": {"level": ["v3", "v2", "v1"]}}).order
    ('v3', 'v2', 'null')
    """
    ordered = in_preferred_order(metadata, supported)
    positions, last = _positions(ordered)
    asked = tuple(dict.fromkeys(labels))
    ranked: list[tuple[list[int], str]] = []
    variants = metadata.variants
    has_null = False
    for label in asked:
        if label == NULL_LABEL:
            has_null = True
            continue
        properties = variants.get(label)
        if properties is None:
            continue
        best = _best_positions(properties, positions)
        if best is not None:
            best.sort()
            best.append(last)  # greater than every position, so that of two lists the longer wins
            ranked.append((best, label))
    ranked.sort()
    order = tuple(label for _, label in ranked) + ((NULL_LABEL,) if has_null else ())
    return Ranking(order, asked, metadata, ordered)


class Ranking:
    """The result of `rank`: the order of the compatible labels, and a verdict on every label asked for."""

    __slots__ = ("order", "verdicts")

    order: tuple[str, ...]
    """Compatible labels, best first; `null` is the last if it was asked for."""
    verdicts: Mapping[str, LabelVerdict]
    """By label, for every label asked for, in the order in which they were asked for; made when looked up."""

    def __init__(
        self,
        order: tuple[str, ...],
        asked: tuple[str, ...],
        metadata: "VariantMetadata",
        ordered: OrderedSupport,
    ) -> None:
        self.order = order
        self.verdicts = _Verdicts(order, asked, metadata, ordered)

    @property
    def best(self) -> LabelVerdict | None:
        """The verdict on the best label; None if no label is compatible."""
        return self.verdicts[self.order[0]] if self.order else None

    def __repr__(self) -> str:
        return f"Ranking(order={self.order!r})"


class _Verdicts(Mapping[str, LabelVerdict]):
    """Verdicts that are put into words only when somebody looks."""

    __slots__ = ("_asked", "_made", "_metadata", "_order", "_ordered", "_places")

    def __init__(
        self,
        order: tuple[str, ...],
        asked: tuple[str, ...],
        metadata: "VariantMetadata",
        ordered: OrderedSupport,
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
        rejected = tuple(_rejected(properties, self._metadata, self._ordered))
        deciding = () if rejected else _deciding(properties, self._ordered)
        return LabelVerdict(label, not rejected, position, properties, deciding, rejected)

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)


def _positions(ordered: OrderedSupport) -> tuple[_Positions, int]:
    """Give a number to every supported value, best first, and count them."""
    count = 0
    positions: _Positions = {}
    for namespace, features in ordered.items():
        numbered = positions[namespace] = {}
        for feature, values in features.items():
            numbered[feature] = {value: count + index for index, value in enumerate(values)}
            count += len(values)
    return positions, count


def _best_positions(properties: VariantProperties, positions: _Positions) -> list[int] | None:
    """Return the position of the best value of every feature; None if a feature has no supported value."""
    found: list[int] = []
    for namespace, features in properties.table.items():
        numbered = positions.get(namespace)
        if numbered is None:
            return None
        for feature, values in features.items():
            known = numbered.get(feature)
            if known is None:
                return None
            if len(values) == 1:
                best = known.get(values[0])
            else:
                best = min((known[value] for value in values if value in known), default=None)
            if best is None:
                return None
            found.append(best)
    return found


def _deciding(properties: VariantProperties, ordered: OrderedSupport) -> tuple[VariantProperty, ...]:
    """Return the best supported value of every feature, most important first."""
    return tuple(
        VariantProperty(namespace, feature, next(value for value in values if value in wanted))
        for namespace, features in ordered.items()
        for feature, values in features.items()
        if (wanted := properties.values(namespace, feature))
    )


def _rejected(
    properties: VariantProperties, metadata: "VariantMetadata", ordered: OrderedSupport
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
