"""Reading the table `variants`: what each label stands for; made for thousands of labels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings, path_of
from rewheel.variants.label import NULL_LABEL, is_label
from rewheel.variants.properties import NO_PROPERTIES, VariantProperties, is_name, is_value
from rewheel.variants.tables import names_at, table_at

if TYPE_CHECKING:
    from rewheel.variants.properties import PropertyTable

__all__ = ["read_variants"]

_Path = tuple[object, ...]


def read_variants(
    document: Mapping[str, Any], findings: Findings, *, is_required: bool
) -> dict[str, VariantProperties]:
    """Read what every label stands for; whatever is malformed is noted as fatal."""
    if "variants" not in document:
        if is_required:
            findings.fatal("missing-key", "variants", "the table is missing")
        return {}
    table = table_at(document["variants"], findings, ("variants",))
    return {} if table is None else _Reader(findings).read(table)


class _Reader:
    """Remembers the names and lists that it has checked: variants of one release share most of them."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._names: set[str] = set()
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tables: dict[object, dict[str, tuple[str, ...]]] = {}

    def read(self, table: Mapping[str, Any]) -> dict[str, VariantProperties]:
        made: dict[str, VariantProperties] = {}
        for label, value in table.items():
            path = ("variants", label)
            if not is_label(label):
                message = f"{quoted(label)} is not a label (lowercase letters, digits, '_' and '.')"
                self._findings.fatal("bad-label", path_of(*path), message)
            properties = self._read_properties(value, path)
            if label == NULL_LABEL and properties:
                self._findings.fatal("null-with-properties", path_of(*path), "null stands for no properties")
            made[label] = properties
        return made

    def _read_properties(self, value: object, path: _Path) -> VariantProperties:
        namespaces = table_at(value, self._findings, path)
        if not namespaces:
            return NO_PROPERTIES
        made: PropertyTable = {}
        for namespace in namespaces if len(namespaces) == 1 else sorted(namespaces):
            features = self._read_features(namespaces[namespace], (*path, namespace))
            self._check_name(namespace, "namespace", (*path, namespace))
            if features:
                made[namespace] = features
            else:
                message = "a namespace without features says nothing"
                self._findings.tolerated("empty-namespace", path_of(*path, namespace), message)
        return VariantProperties.from_table(made)

    def _read_features(self, value: object, path: _Path) -> dict[str, tuple[str, ...]]:
        features = table_at(value, self._findings, path)
        if not features:
            return {}
        made: dict[str, tuple[str, ...]] = {}
        for feature in features if len(features) == 1 else sorted(features):
            self._check_name(feature, "feature", (*path, feature))
            made[feature] = self._read_values(features[feature], (*path, feature))
        # Equal tables become one: it saves memory, and `rank` looks at each only once.
        return self._tables.setdefault(tuple(made.items()), made)

    def _check_name(self, name: str, what: str, path: _Path) -> None:
        if name in self._names:
            return
        if is_name(name):
            self._names.add(name)
        else:
            self._findings.fatal(f"bad-{what}", path_of(*path), f"{quoted(name)} is not a {what}")

    def _read_values(self, value: object, path: _Path) -> tuple[str, ...]:
        if isinstance(value, list):
            try:
                known = self._lists.get(tuple(value))
            except TypeError:  # something unhashable, which is no value either
                known = None
            if known is not None:
                return known
        if isinstance(value, Mapping):
            message = "expected a list of values, found a table (a label with a dot must be quoted in TOML)"
            self._findings.fatal("not-a-list", path_of(*path), message)
            return ()
        listed = names_at(value, self._findings, path, what="value", is_valid=is_value)
        if listed is None:
            return ()
        ordered = tuple(sorted(listed))
        if ordered == listed:
            # Unsorted lists are not remembered, so that each of them is noted.
            self._lists[listed] = ordered
        else:
            self._findings.tolerated("unsorted-values", path_of(*path), "the values are not sorted")
        return ordered
