"""Combining the metadata of wheels, and selecting parts of it."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from rewheel.variants import (
    InconsistentMetadata,
    Provider,
    ProviderKind,
    UnknownLabel,
    VariantMetadata,
    VariantProperties,
    VariantsError,
    check_consistency,
    combine,
    read_metadata,
    write_metadata,
)
from variants.strategies import documents


def properties(value: str, namespace: str = "gpu") -> VariantProperties:
    return VariantProperties.from_mapping({namespace: {"arch": [value]}})


def part(label: str, value: str, namespaces: tuple[str, ...] = ("gpu",), **options: Any) -> VariantMetadata:
    return VariantMetadata(namespaces=namespaces, variants={label: properties(value)}, **options)


def plugin(name: str) -> Provider:
    return Provider("gpu", ProviderKind.PLUGIN, requires=(name,))


def test_labels_are_united_and_the_longest_namespaces_win() -> None:
    made = combine(
        [
            part("b", "x2", ("gpu", "cpu")),
            part("a", "x1", schema_version="0.1.1"),
            part("c", "x3", ("gpu", "cpu", "net"), schema_version="0.2.0"),
            part("a", "x1", schema_version="0.0.3"),
        ]
    )
    assert made.namespaces == ("gpu", "cpu", "net")
    assert made.labels == ("a", "b", "c")
    assert made.schema_version == "0.2.0"


def test_providers_are_united() -> None:
    cpu = Provider("cpu", ProviderKind.STATIC, static_properties={"level": ("v1",)})
    one = part("a", "x1", ("gpu",), providers=[plugin("p")])
    other = part("b", "x2", ("gpu", "cpu"), providers=[cpu, plugin("p")])
    assert list(combine([one, other]).providers) == ["gpu", "cpu"]


@pytest.mark.parametrize(
    ("one", "other", "code", "path"),
    [
        (part("a", "x1"), part("a", "x2"), "variant-differs", "variants.a"),
        (part("a.b", "x1"), part("a.b", "x2"), "variant-differs", 'variants."a.b"'),
        (
            part("a", "x1", ("gpu", "cpu")),
            part("b", "x2", ("gpu", "net")),
            "namespaces-differ",
            "default-priorities.namespace",
        ),
        (
            part("a", "x1", ("gpu",)),
            part("b", "x2", ("cpu", "gpu")),
            "namespaces-differ",
            "default-priorities.namespace",
        ),
        (
            part("a", "x1", providers=[plugin("p")]),
            part("b", "x2", providers=[plugin("q")]),
            "provider-differs",
            "providers.gpu",
        ),
        (
            part("a", "x1", feature_priorities={"gpu": ("a",)}),
            part("b", "x2", feature_priorities={"gpu": ("b",)}),
            "priorities-differ",
            "default-priorities.feature.gpu",
        ),
        (
            part("a", "x1", property_priorities={"gpu": {"a": ("1",)}}),
            part("b", "x2", property_priorities={"gpu": {"a": ("2",)}}),
            "priorities-differ",
            "default-priorities.property.gpu",
        ),
    ],
)
def test_contradictions_are_refused(
    one: VariantMetadata, other: VariantMetadata, code: str, path: str
) -> None:
    for parts in ([one, other], [other, one]):
        with pytest.raises(InconsistentMetadata) as caught:
            combine(parts)
        assert [(item.code, item.path) for item in caught.value.findings] == [(code, path)]
    assert check_consistency([one, other]) == check_consistency([other, one])


def test_two_labels_for_one_thing_are_reported_but_combined() -> None:
    parts = [part("a", "x1"), part("b", "x1"), part("c", "x1")]
    assert [(item.path, item.fatal) for item in check_consistency(parts)] == [
        ("variants.b", False),
        ("variants.c", False),
    ]
    assert combine(parts).labels == ("a", "b", "c")


def test_nothing_cannot_be_combined() -> None:
    with pytest.raises(VariantsError):
        combine([])


@given(documents(), st.randoms())
def test_the_wheels_of_a_release_combine_to_its_index_file(document: dict[str, Any], random: Any) -> None:
    whole = read_metadata(document)
    parts = [whole.select(label) for label in whole.variants] or [whole]
    random.shuffle(parts)
    made = combine(parts)
    assert made == whole
    assert write_metadata(made) == write_metadata(whole)
    assert combine([made, *parts]) == made
    assert combine([combine(parts[:1]), *parts[1:]]) == made


def test_one_label_can_be_selected() -> None:
    made = combine([part("a", "x1"), part("b", "x2")])
    assert made.select("a").labels == ("a",)
    assert made.select("null").properties_of("null") == VariantProperties()
    assert made.select("null").labels == ("null",)
    with pytest.raises(UnknownLabel) as caught:
        made.select("c")
    assert caught.value.known == ("a", "b")
    assert "a, b" in caught.value.hint


def test_a_lock_file_may_keep_only_what_it_needs() -> None:
    variants = {"a": properties("1", "gpu"), "b": properties("2", "cpu")}
    providers = [
        Provider("gpu", ProviderKind.PLUGIN, requires=("x",)),
        Provider("cpu", ProviderKind.PLUGIN, requires=("y",)),
    ]
    made = VariantMetadata(
        namespaces=["net", "gpu", "cpu"],
        variants=variants,
        providers=providers,
        feature_priorities={"cpu": ("a",), "gpu": ("b",)},
    )
    assert made.only(["b", "unlisted"]).labels == ("b",)
    assert made.only(["b"]).namespaces == ("net", "gpu", "cpu")
    small = made.only(["b"], drop_unused=True)
    assert small.namespaces == ("cpu",)
    assert list(small.providers) == ["cpu"]
    assert small.feature_priorities == {"cpu": ("a",)}
    assert made.only([], drop_unused=True).namespaces == ("net",)
    assert made.used_namespaces() == {"gpu", "cpu"}
    assert made.used_namespaces(["a", "null", "unlisted"]) == {"gpu"}
