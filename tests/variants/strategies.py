"""Hypothesis strategies that the tests of this room share."""

from typing import Any

from hypothesis import strategies as st

LABEL_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_."
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"

labels = st.text(LABEL_CHARACTERS, min_size=1, max_size=20)
names = st.text(NAME_CHARACTERS, min_size=1, max_size=8)
values = st.text(LABEL_CHARACTERS, min_size=1, max_size=6)

few_namespaces = st.sampled_from(["cpu", "gpu", "math", "net"])
few_features = st.sampled_from(["arch", "level", "lib"])
few_values = st.sampled_from(["v1", "v2", "v3", "10.0", "9.0"])


def property_mappings(*, least: int = 0) -> st.SearchStrategy[dict[str, dict[str, list[str]]]]:
    """What `variants.{label}` can hold, from few names, so that variants have much in common."""
    lists = st.lists(few_values, min_size=1, max_size=3, unique=True)
    features = st.dictionaries(few_features, lists, min_size=1, max_size=2)
    return st.dictionaries(few_namespaces, features, min_size=least, max_size=3)


supported = st.dictionaries(
    few_namespaces,
    st.dictionaries(few_features, st.lists(few_values, max_size=4, unique=True), max_size=3),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@st.composite
def providers(draw: st.DrawFn, namespace: str) -> dict[str, Any]:
    """One valid provider table of PEP 850."""
    kind = draw(st.sampled_from(["plugin", "static", "builtin"]))
    table: dict[str, Any] = {}
    if kind == "plugin":
        table["requires"] = [f"{namespace}-provider>={draw(st.integers(0, 9))}"]
        if draw(st.booleans()):
            table["plugin-api"] = f"{namespace}_provider.plugin:Plugin"
    elif kind == "static":
        lists = st.dictionaries(few_features, st.lists(few_values, unique=True, max_size=3), min_size=1)
        table["static-properties"] = draw(lists)
        if len(table["static-properties"]) > 1 or draw(st.booleans()):
            table["feature-order"] = draw(st.permutations(list(table["static-properties"])))
    else:
        table["builtin"] = draw(st.sampled_from(["abi_dependency", "something_new"]))
    if draw(st.booleans()):
        table["optional"] = draw(st.booleans())
    return table


@st.composite
def documents(draw: st.DrawFn, *, with_providers: bool = True) -> dict[str, Any]:
    """A valid document of PEP 850, or of PEP 825."""
    mappings = draw(st.dictionaries(labels.filter(lambda label: label != "null"), property_mappings(least=1)))
    distinct = {str(_as_set(mapping)): (label, mapping) for label, mapping in mappings.items()}
    variants = dict(distinct.values())
    used = {namespace for mapping in variants.values() for namespace in mapping}
    namespaces = draw(st.permutations(sorted(used | draw(st.sets(few_namespaces, min_size=1)))))
    document: dict[str, Any] = {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": list(namespaces)},
        "variants": {
            label: {ns: {f: sorted(v) for f, v in features.items()} for ns, features in mapping.items()}
            for label, mapping in variants.items()
        },
    }
    if draw(st.booleans()):
        document["variants"]["null"] = {}
    if with_providers:
        document["$schema"] = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
        document["providers"] = {namespace: draw(providers(namespace)) for namespace in namespaces}
    return document


def _as_set(mapping: dict[str, dict[str, list[str]]]) -> list[tuple[str, str, str]]:
    return sorted((ns, f, v) for ns, features in mapping.items() for f, vs in features.items() for v in vs)
