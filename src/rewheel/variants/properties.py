"""Variant properties: what a wheel was built for, as (namespace, feature, value) triples.

A wheel lists, per feature, the values that it works with. It is compatible with a machine when for *every*
feature the machine supports *at least one* of the values (PEP 825, variant properties).
"""

from typing import TYPE_CHECKING

from rewheel.rows import NamedTuple
from rewheel.variants.errors import InvalidProperty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "ABI_DEPENDENCY",
    "NO_PROPERTIES",
    "PropertyTable",
    "VariantProperties",
    "VariantProperty",
    "hash_label",
    "is_name",
    "is_value",
]

ABI_DEPENDENCY = "abi_dependency"
"""Name of the built-in provider about versions of other packages; drafts reserved it as a namespace."""

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_"
_VALUE = _NAME + "."
_HASH_LENGTH = 8

PropertyTable = dict[str, dict[str, tuple[str, ...]]]
"""Namespace, then feature, then sorted values; all keys sorted, nothing empty."""


def is_name(text: str) -> bool:
    """Tell whether `text` can be a namespace or a feature."""
    return bool(text) and not text.strip(_NAME)


def is_value(text: str) -> bool:
    """Tell whether `text` can be the value of a feature."""
    return bool(text) and not text.strip(_VALUE)


class VariantProperty(NamedTuple):
    """One property, such as `x86_64 :: level :: v3`."""

    namespace: str
    feature: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "VariantProperty":
        """Read `namespace :: feature :: value`, with any or no whitespace around the `::`.

        Raises `InvalidProperty`.

        >>> VariantProperty.parse("x86_64::level::v3")
        VariantProperty(namespace='x86_64', feature='level', value='v3')
        """
        parts = [part.strip() for part in text.split("::")]
        if len(parts) != 3:
            raise InvalidProperty(text, "expected 'namespace :: feature :: value'")
        namespace, feature, value = parts
        _check_names(text, namespace, feature)
        if not is_value(value):
            raise InvalidProperty(text, "a value has lowercase letters, digits, '_' and '.' only")
        return cls(namespace, feature, value)

    def __str__(self) -> str:
        return f"{self.namespace} :: {self.feature} :: {self.value}"


class VariantProperties:
    """An immutable set of properties: what one label stands for.

    Two sets are equal when they hold the same properties, however they were written down. Iterating gives
    `VariantProperty` values sorted by namespace, feature and value.

    >>> properties = VariantProperties.from_mapping({"x86_64": {"level": ["v3", "v2"]}})
    >>> [str(item) for item in properties]
    ['x86_64 :: level :: v2', 'x86_64 :: level :: v3']
    """

    __slots__ = ("_table",)

    _table: PropertyTable

    def __init__(self, properties: "Iterable[VariantProperty]" = ()) -> None:
        grouped: dict[str, dict[str, set[str]]] = {}
        for namespace, feature, value in properties:
            grouped.setdefault(namespace, {}).setdefault(feature, set()).add(value)
        object.__setattr__(self, "_table", _checked(grouped))

    @classmethod
    def from_properties(cls, properties: "Iterable[VariantProperty]") -> "VariantProperties":
        """Make the set that holds just these properties; raises `InvalidProperty`."""
        return cls(properties)

    @classmethod
    def from_mapping(cls, mapping: "Mapping[str, Mapping[str, Iterable[str]]]") -> "VariantProperties":
        """Make a set from namespaces, features and values as JSON has them; raises `InvalidProperty`.

        A namespace without features adds nothing; a feature without values is an error.
        """
        grouped: dict[str, dict[str, set[str]]] = {}
        for namespace, features in mapping.items():
            for feature, values in features.items():
                if isinstance(values, str):
                    raise InvalidProperty(f"{namespace} :: {feature}", "its values must be a list")
                grouped.setdefault(namespace, {})[feature] = set(values)
        return cls.from_table(_checked(grouped))

    @classmethod
    def from_table(cls, table: PropertyTable) -> "VariantProperties":
        """Adopt a table that is known to be valid, complete and sorted, without looking at it again."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_table", table)
        return made

    @property
    def table(self) -> "Mapping[str, Mapping[str, tuple[str, ...]]]":
        """Namespace, feature and sorted values; a view that must not be changed."""
        return self._table

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that occur, sorted."""
        return tuple(self._table)

    def features(self, namespace: str) -> tuple[str, ...]:
        """Return the features of a namespace, sorted; none if the namespace does not occur."""
        return tuple(self._table.get(namespace, ()))

    def values(self, namespace: str, feature: str) -> tuple[str, ...]:
        """Return the values of a feature, sorted; none if the feature does not occur."""
        return self._table.get(namespace, {}).get(feature, ())

    def to_mapping(self) -> dict[str, dict[str, list[str]]]:
        """Return fresh namespaces, features and sorted values, ready to be written as JSON."""
        return {
            namespace: {feature: list(values) for feature, values in features.items()}
            for namespace, features in self._table.items()
        }

    def hash_label(self) -> str:
        """Return the label that older tools derive from the properties; see `hash_label`."""
        return hash_label(self)

    def __iter__(self) -> "Iterator[VariantProperty]":
        for namespace, features in self._table.items():
            for feature, values in features.items():
                for value in values:
                    yield VariantProperty(namespace, feature, value)

    def __len__(self) -> int:
        return sum(len(values) for features in self._table.values() for values in features.values())

    def __bool__(self) -> bool:
        return bool(self._table)

    def __contains__(self, item: object) -> bool:
        match item:
            case (str(namespace), str(feature), str(value)):
                return value in self.values(namespace, feature)
            case _:
                return False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VariantProperties):
            return NotImplemented
        return self._table == other._table

    def __hash__(self) -> int:
        # Tables are sorted, so equal sets have their items in equal order.
        return hash(tuple((namespace, *features.items()) for namespace, features in self._table.items()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name!r}: variant properties are immutable")

    def __reduce__(self) -> tuple[object, ...]:
        return (VariantProperties.from_mapping, (self.to_mapping(),))

    def __repr__(self) -> str:
        return f"VariantProperties({', '.join(map(str, self))})"


def hash_label(properties: "Iterable[VariantProperty]") -> str:
    """Return the label that older tools give to these properties: eight hexadecimal digits, or `null`.

    >>> hash_label([VariantProperty("x86_64", "level", "v3")])
    'fa7c1393'
    """
    lines = sorted({VariantProperty(*item) for item in properties})
    if not lines:
        return "null"
    import hashlib

    text = "".join(f"{item}\n" for item in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def _check_names(text: str, namespace: str, feature: str) -> None:
    for kind, name in (("namespace", namespace), ("feature", feature)):
        if not is_name(name):
            raise InvalidProperty(text, f"a {kind} has lowercase letters, digits and '_' only")


def _checked(grouped: "Mapping[str, Mapping[str, set[str]]]") -> PropertyTable:
    table: PropertyTable = {}
    for namespace in sorted(grouped):
        features = grouped[namespace]
        table[namespace] = {
            feature: _checked_values(namespace, feature, features[feature]) for feature in sorted(features)
        }
    return table


def _checked_values(namespace: str, feature: str, values: "Iterable[str]") -> tuple[str, ...]:
    _check_names(f"{namespace} :: {feature}", namespace, feature)
    ordered: Sequence[str] = sorted(values)
    if not ordered:
        raise InvalidProperty(f"{namespace} :: {feature}", "a feature has at least one value")
    for value in ordered:
        if not is_value(value):
            raise InvalidProperty(
                f"{namespace} :: {feature} :: {value}",
                "a value has lowercase letters, digits, '_' and '.' only",
            )
    return tuple(ordered)


NO_PROPERTIES = VariantProperties()
"""What the label `null`, and a wheel without label, stand for."""
