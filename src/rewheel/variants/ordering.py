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

__all__ = ["Ranking", "rank"]

_FIRST = 0x100  # beyond all characters of labels
_MOST_VALUES = 1_000_000
_END = chr(_FIRST + _MOST_VALUES)  # greater than every key character, so that of two keys the longer wins


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
    keys = _Keys(ordered)
    asked = tuple(dict.fromkeys(labels))
    variants = metadata.variants
    ranked: list[str] = []
    for label in asked:
        properties = variants.get(label)
        if properties is not None and label != NULL_LABEL:
            key = keys.of(properties)
            if key is not None:
                ranked.append(key + _END + label)
    ranked.sort()
    order = [text.partition(_END)[2] for text in ranked]
    if NULL_LABEL in asked:
        order.append(NULL_LABEL)
    return Ranking(tuple(order), asked, metadata, ordered)


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


class _Keys:
    """Makes a text of each set of properties, so that texts sort like variants.

    Every supported value has a character, better values smaller ones. The key has the character of the best
    value of each feature, smallest first. Texts are compared in one go, and the many variants of a release
    that say the same about a namespace share what is found out about it.
    """

    __slots__ = ("_characters", "_known")

    def __init__(self, ordered: OrderedSupport) -> None:
        count = sum(len(values) for features in ordered.values() for values in features.values())
        if count > _MOST_VALUES:
            from rewheel.variants.errors import VariantsError

            raise VariantsError(f"a machine with {count:,} supported values cannot be ranked for")
        characters = map(chr, range(_FIRST, _FIRST + count))
        self._characters: dict[str, dict[str, dict[str, str]]] = {
            namespace: {
                feature: dict(zip(values, characters, strict=False)) for feature, values in features.items()
            }
            for namespace, features in ordered.items()
        }
        self._known: dict[str, dict[int, str]] = {namespace: {} for namespace in ordered}

    def of(self, properties: VariantProperties) -> str | None:
        """Return the key of a set of properties; None if one of its features is not supported."""
        parts: list[str] = []
        for namespace, features in properties.table.items():
            known = self._known.get(namespace)
            if known is None:
                return None
            part = known.get(id(features))
            if part is None:
                part = known[id(features)] = self._part(namespace, features)
            if not part:
                return None
            parts.append(part)
        if len(parts) > 1:
            parts.sort()  # namespaces do not share characters, so this is their order
        return "".join(parts)

    def _part(self, namespace: str, features: Mapping[str, tuple[str, ...]]) -> str:
        """Return the key of one namespace; empty if a feature has no supported value."""
        supported = self._characters[namespace]
        found: list[str] = []
        for feature, values in features.items():
            known = supported.get(feature, {})
            best = min((known[value] for value in values if value in known), default="")
            if not best:
                return ""
            found.append(best)
        found.sort()
        return "".join(found)
