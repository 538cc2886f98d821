"""The order of variants on a machine (PEP 825, variant ordering).

A label is compatible if the machine supports a value of each of its features. Its rank is the sorted list of
the positions of its best values, where the position of a value counts the values that are better: those of
preferred namespaces, of preferred features, and the preferred values of its own feature. Lists are compared
from the front; where one ends first, the longer one wins; equals are ordered by label.
"""

from __future__ import annotations

from rewheel.variants.label import NULL_LABEL
from rewheel.variants.supported import in_preferred_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rewheel.variants.metadata import VariantMetadata
    from rewheel.variants.properties import VariantProperties
    from rewheel.variants.supported import OrderedSupport, Supported
    from rewheel.variants.verdicts import LabelVerdict

    _Positions = dict[str, dict[str, dict[str, int]]]

__all__ = ["Ranking", "rank"]


def rank(labels: Iterable[str], metadata: VariantMetadata, supported: Supported) -> Ranking:
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

    __slots__ = ("_asked", "_metadata", "_ordered", "_verdicts", "order")

    order: tuple[str, ...]
    """Compatible labels, best first; `null` is the last if it was asked for."""

    def __init__(
        self,
        order: tuple[str, ...],
        asked: tuple[str, ...],
        metadata: VariantMetadata,
        ordered: OrderedSupport,
    ) -> None:
        self.order = order
        self._asked = asked
        self._metadata = metadata
        self._ordered = ordered
        self._verdicts: Mapping[str, LabelVerdict] | None = None

    @property
    def verdicts(self) -> Mapping[str, LabelVerdict]:
        """By label, in the order asked; each is put together when it is looked up."""
        if self._verdicts is None:
            from rewheel.variants.verdicts import Verdicts

            self._verdicts = Verdicts(self.order, self._asked, self._metadata, self._ordered)
        return self._verdicts

    @property
    def best(self) -> LabelVerdict | None:
        """The verdict on the best label; None if no label is compatible."""
        return self.verdicts[self.order[0]] if self.order else None

    def __repr__(self) -> str:
        return f"Ranking(order={self.order!r})"


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
