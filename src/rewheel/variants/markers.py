"""Environment markers with the four variables of variants (PEP 508, PEP 685, PEP 825).

The grammar and the meaning are those of the dependency specifiers specification; `packaging` is loaded only
for comparing versions that are more than numbers and dots.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from rewheel.variants.environment import PLAIN, VariantEnvironment
from rewheel.variants.errors import InvalidMarker, UndefinedMarkerVariable
from rewheel.variants.filename import normalize_project
from rewheel.variants.marker_grammar import (
    NAME_SETS,
    VARIANT_SETS,
    VARIANT_VARIABLES,
    VERSIONS,
    Comparison,
    Group,
    Node,
    comparisons,
    parse,
    write,
)

__all__ = ["Marker"]


class Marker:
    """A parsed marker; immutable.

    >>> marker = Marker.parse('python_version >= "3.11" and "gpu :: arch :: x1" in variant_properties')
    >>> marker.uses_variants
    True
    >>> marker.evaluate({"python_version": "3.12"})  # for a plain wheel
    False
    """

    __slots__ = ("_node",)

    _node: Node

    def __init__(self, node: Node) -> None:
        object.__setattr__(self, "_node", node)

    @classmethod
    def parse(cls, text: str) -> "Marker":
        """Parse a marker; raises `InvalidMarker`, which tells where."""
        return _parsed(text)

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables that the marker asks for."""
        return frozenset(name for item in comparisons(self._node) for name in item.variables)

    @property
    def uses_variants(self) -> bool:
        """Whether the marker asks for the selected variant; such markers are for dependencies only."""
        return not VARIANT_VARIABLES.isdisjoint(self.variables)

    @property
    def extras(self) -> frozenset[str]:
        """Extras of which one must be asked for if the marker is to be true; empty if it may be without.

        >>> sorted(Marker.parse('extra == "a" and os_name == "nt" or extra == "b"').extras)
        ['a', 'b']
        """
        return _extras_needed(self._node)

    def evaluate(
        self,
        environment: Mapping[str, str],
        variant: VariantEnvironment = PLAIN,
        extras: Collection[str] = (),
        groups: Collection[str] = (),
    ) -> bool:
        """Tell whether the marker is true.

        `environment` gives the variables of PEP 508, `variant` is the selected wheel. `extra == "x"` and
        `"x" in extras` are true if `x` is among `extras`, whatever its spelling; `groups` are the names in
        `dependency_groups` of lock files.

        Raises `UndefinedMarkerVariable` if the environment lacks a variable, and `InvalidMarker` for
        comparisons that mean nothing, such as `os_name ~= "x"`.
        """
        return _evaluate(self._node, _Context(environment, variant, extras, groups))

    def without_variants(self, variant: VariantEnvironment = PLAIN) -> "Marker | bool":
        """Return what is left of the marker once the variant is settled: a marker, or just its truth."""
        node = _settle(self._node, _Context({}, variant, (), ()))
        return node if isinstance(node, bool) else Marker(node)

    def __eq__(self, other: object) -> bool:
        return self._node == other._node if isinstance(other, Marker) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._node)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name!r}: a marker is immutable")

    def __reduce__(self) -> tuple[object, ...]:
        return (Marker.parse, (str(self),))

    def __str__(self) -> str:
        return write(self._node)

    def __repr__(self) -> str:
        return f"Marker({str(self)!r})"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Marker:
    return Marker(parse(text))


class _Context:
    """Everything that a marker may ask for."""

    __slots__ = ("environment", "extras", "groups", "variant")

    def __init__(
        self,
        environment: Mapping[str, str],
        variant: VariantEnvironment,
        extras: Collection[str],
        groups: Collection[str],
    ) -> None:
        self.environment = environment
        self.variant = variant
        self.extras = extras
        self.groups = groups

    def text(self, variable: str) -> str:
        """Return the value of a variable that is a text."""
        if variable == "variant_label":
            return self.variant.label
        value = self.environment.get(variable)
        if value is None:
            raise UndefinedMarkerVariable(variable)
        # A Python built from a checkout calls itself "3.14.0+", which is no version (PEP 440).
        return f"{value}local" if variable == "python_full_version" and value.endswith("+") else value

    def names(self, variable: str) -> set[str]:
        """Return the names in `extras` or `dependency_groups`, normalised."""
        return {
            normalize_project(name)
            for name in (self.groups if variable == "dependency_groups" else self.extras)
        }

    def variant_set(self, variable: str) -> Iterator[str]:
        """Return the members of one of the sets about the variant."""
        match variable:
            case "variant_properties":
                return map(str, self.variant.properties)
            case "variant_features":
                return iter(self.variant.features)
            case _:
                return iter(self.variant.namespaces)


def _evaluate(node: Node, context: _Context) -> bool:
    if isinstance(node, Group):
        results = (_evaluate(item, context) for item in node.items)
        return all(results) if node.operator == "and" else any(results)
    return _compare(node, context)


def _extras_needed(node: Node) -> frozenset[str]:
    if isinstance(node, Comparison):
        if node.operator != "==" or node.variables != ("extra",):
            return frozenset()
        literal = node.right.text if node.left.is_variable else node.left.text
        return frozenset({literal} if literal else ())
    needed = [_extras_needed(item) for item in node.items]
    if node.operator == "and":
        return next(filter(None, needed), frozenset())
    return frozenset().union(*needed) if all(needed) else frozenset()


def _settle(node: Node, context: _Context) -> Node | bool:
    if isinstance(node, Comparison):
        return node if VARIANT_VARIABLES.isdisjoint(node.variables) else _compare(node, context)
    settled = [_settle(item, context) for item in node.items]
    decisive = node.operator == "or"  # one true item settles an "or", one false item an "and"
    if any(item is decisive for item in settled):
        return decisive
    left = tuple(item for item in settled if not isinstance(item, bool))
    if len(left) > 1:
        return Group(node.operator, left)
    return left[0] if left else not decisive


def _compare(comparison: Comparison, context: _Context) -> bool:
    left, operator, right = comparison
    if right.is_variable and right.text in VARIANT_SETS:
        found = _tidy(left.text) in context.variant_set(right.text)
        return found is (operator == "in")
    if right.is_variable and right.text in NAME_SETS:
        return (normalize_project(left.text) in context.names(right.text)) is (operator == "in")
    if "extra" in comparison.variables:
        return _compare_extra(comparison, context)
    ours = context.text(left.text) if left.is_variable else left.text
    theirs = context.text(right.text) if right.is_variable else right.text
    if "variant_label" in comparison.variables:
        return _compare_texts(comparison, ours, theirs)
    # The variable decides whether this is about versions; of two variables it is the first.
    key = left.text if left.is_variable else right.text
    if key in VERSIONS:
        from rewheel.variants.marker_versions import compare_versions

        result = compare_versions(ours, operator, theirs)
        if result is not None:
            return result
    return _compare_texts(comparison, ours, theirs)


def _compare_extra(comparison: Comparison, context: _Context) -> bool:
    """Compare with `extra`: asked for "is", any of the extras may be it; for "is not", none of them may."""
    left, operator, right = comparison
    if operator in {"!=", "not in"}:
        opposite = Comparison(left, "==" if operator == "!=" else "in", right)
        return not _compare_extra(opposite, context)
    is_left = left.is_variable and left.text == "extra"
    other = right if is_left else left
    literal = context.text(other.text) if other.is_variable else other.text
    literal = normalize_project(literal)
    return any(
        _compare_texts(comparison, extra if is_left else literal, literal if is_left else extra)
        for extra in context.names("extras") or {""}
    )


def _compare_texts(comparison: Comparison, left: str, right: str) -> bool:
    match comparison.operator:
        case "==" | "<=" | ">=":
            return left == right
        case "!=":
            return left != right
        case "in":
            return left in right
        case "not in":
            return left not in right
        case "<" | ">":
            return False
        case operator:
            raise InvalidMarker(write(comparison), f"{operator} compares versions only")


def _tidy(literal: str) -> str:
    """Write `a::b` as `a :: b`, whatever whitespace there is around the colons."""
    return " :: ".join(
        part.rstrip() if place == 0 else part.strip() if place < last else part.lstrip()
        for parts in [literal.split("::")]
        for last in [len(parts) - 1]
        for place, part in enumerate(parts)
    )
