"""The grammar of environment markers: from text to a tree, and back."""

import re
from collections.abc import Iterator

from rewheel.rows import NamedTuple
from rewheel.variants.errors import InvalidMarker

__all__ = [
    "NAME_SETS",
    "VARIANT_SETS",
    "VARIANT_VARIABLES",
    "VERSIONS",
    "Comparison",
    "Group",
    "Node",
    "Operand",
    "comparisons",
    "parse",
    "write",
]

VERSIONS = frozenset({"implementation_version", "platform_release", "python_full_version", "python_version"})
"""Variables whose values are compared as versions."""

NAME_SETS = frozenset({"extras", "dependency_groups"})
"""Variables that are sets of names (PEP 751), compared after normalising."""

VARIANT_SETS = frozenset({"variant_properties", "variant_features", "variant_namespaces"})
VARIANT_VARIABLES = VARIANT_SETS | {"variant_label"}

_TEXTS = frozenset(
    {
        "extra",
        "implementation_name",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "platform_version",
        "sys_platform",
        "variant_label",
    }
)
_OLD_NAMES = {
    "os.name": "os_name",
    "platform.machine": "platform_machine",
    "platform.python_implementation": "platform_python_implementation",
    "platform.version": "platform_version",
    "python_implementation": "platform_python_implementation",
    "sys.platform": "sys_platform",
}
_SET_OPERATORS = frozenset({"in", "not in"})
_LABEL_OPERATORS = frozenset({"==", "!=", "in", "not in"})
_DEEPEST = 64
_LONGEST = 65_536

_TOKEN = re.compile(
    r"""[ \t]*(?:
        (?P<literal>'[^']*'|"[^"]*")
      | (?P<operator>===|==|~=|!=|<=|>=|<|>|\bnot[ \t]+in\b|\bin\b)
      | (?P<logic>\b(?:and|or)\b)
      | (?P<bracket>[()])
      | (?P<variable>\b[a-z_]+(?:\.[a-z_]+)?\b)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class Operand(NamedTuple):
    """One side of a comparison: a variable or a quoted text."""

    text: str
    is_variable: bool


class Comparison(NamedTuple):
    """Two operands and what is asked about them."""

    left: Operand
    operator: str
    right: Operand

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables among the operands."""
        return tuple(operand.text for operand in (self.left, self.right) if operand.is_variable)


class Group(NamedTuple):
    """At least two nodes, joined by `and` or by `or`."""

    operator: str
    items: "tuple[Node, ...]"


Node = Comparison | Group


def parse(text: str) -> Node:
    """Parse a whole marker; raises `InvalidMarker`."""
    if len(text) > _LONGEST:
        raise InvalidMarker(text, f"longer than {_LONGEST} characters")
    parser = _Parser(text)
    node = parser.alternatives(depth=0)
    if parser.kind != "end":
        raise parser.error("expected 'and', 'or' or the end")
    return node


def write(node: Node) -> str:
    """Write a tree as a marker, with only the parentheses that it needs."""
    if isinstance(node, Comparison):
        return f"{_write_operand(node.left)} {node.operator} {_write_operand(node.right)}"
    parts = (
        f"({write(item)})" if isinstance(item, Group) and node.operator == "and" else write(item)
        for item in node.items
    )
    return f" {node.operator} ".join(parts)


def comparisons(node: Node) -> Iterator[Comparison]:
    """Find all comparisons of a tree, from left to right."""
    if isinstance(node, Comparison):
        yield node
    else:
        for item in node.items:
            yield from comparisons(item)


class _Parser:
    """Looks one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._advance()

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._end)
        if match is None or match.lastgroup is None:
            blank = self._text[self._end :]
            self._start = self._end + len(blank) - len(blank.lstrip(" \t"))
            self.kind, self._token = "", ""
            raise self.error("unexpected character")
        self.kind = match.lastgroup
        self._start, self._end = match.span(self.kind)
        self._token = match[self.kind]

    def error(self, reason: str) -> InvalidMarker:
        """Return the error for the current token."""
        return InvalidMarker(self._text, reason, self._start)

    def alternatives(self, depth: int) -> Node:
        """Parse `a or b or …`."""
        return self._joined("or", depth)

    def _joined(self, operator: str, depth: int) -> Node:
        items: list[Node] = []
        while True:
            item = self._joined("and", depth) if operator == "or" else self._atom(depth)
            if isinstance(item, Group) and item.operator == operator:
                items.extend(item.items)
            else:
                items.append(item)
            if (self.kind, self._token) != ("logic", operator):
                return items[0] if len(items) == 1 else Group(operator, tuple(items))
            self._advance()

    def _atom(self, depth: int) -> Node:
        if (self.kind, self._token) != ("bracket", "("):
            return self._comparison()
        if depth == _DEEPEST:
            raise self.error("too many parentheses inside each other")
        self._advance()
        node = self.alternatives(depth + 1)
        if (self.kind, self._token) != ("bracket", ")"):
            raise self.error("expected ')'")
        self._advance()
        return node

    def _comparison(self) -> Comparison:
        start = self._start
        left = self._operand()
        if self.kind != "operator":
            raise self.error("expected a comparison")
        operator = " ".join(self._token.split())
        self._advance()
        right = self._operand()
        problem = _problem(left, operator, right)
        if problem:
            raise InvalidMarker(self._text, problem, start)
        return _normalized(Comparison(left, operator, right))

    def _operand(self) -> Operand:
        token = self._token
        if self.kind == "literal":
            if not token.replace("\t", " ").isprintable():
                raise self.error("a quoted text has printable characters only")
            self._advance()
            return Operand(token[1:-1], is_variable=False)
        if self.kind != "variable":
            raise self.error("expected a variable or a quoted text")
        name = _OLD_NAMES.get(token, token)
        if not (name in _TEXTS or name in VERSIONS or name in VARIANT_SETS or name in NAME_SETS):
            raise self.error(f"unknown variable {token[:60]!r}")
        self._advance()
        return Operand(name, is_variable=True)


def _problem(left: Operand, operator: str, right: Operand) -> str:
    """Say why a comparison is not allowed; empty if it is."""
    for operand in (left, right):
        if operand.is_variable and operand.text in VARIANT_SETS | NAME_SETS:
            is_membership = operand is right and operator in _SET_OPERATORS and not left.is_variable
            if not is_membership:
                return f"{operand.text} is a set: ask '\"...\" in {operand.text}' or 'not in'"
    if any(operand.is_variable and operand.text == "variant_label" for operand in (left, right)):
        return "" if operator in _LABEL_OPERATORS else f"variant_label cannot be compared by {operator}"
    return ""


def _normalized(comparison: Comparison) -> Comparison:
    """Normalise names of extras and groups, so that equal markers are written alike (PEP 685)."""
    if not any(name == "extra" or name in NAME_SETS for name in comparison.variables):
        return comparison
    from rewheel.variants.filename import normalize_project

    left, operator, right = comparison
    if not left.is_variable:
        left = left._replace(text=normalize_project(left.text))
    if not right.is_variable:
        right = right._replace(text=normalize_project(right.text))
    return Comparison(left, operator, right)


def _write_operand(operand: Operand) -> str:
    if operand.is_variable:
        return operand.text
    quote = "'" if '"' in operand.text else '"'
    return f"{quote}{operand.text}{quote}"
