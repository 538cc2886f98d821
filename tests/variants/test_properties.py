"""Properties, sets of them, and hash labels."""

import copy
import pickle

import pytest
from hypothesis import given, strategies as st
from variantlib.models.variant import (
    VariantDescription as TheirDescription,
    VariantProperty as TheirProperty,
)

from rewheel.variants import InvalidProperty, VariantProperties, VariantProperty, hash_label
from variants.strategies import names, property_mappings, values

WHITESPACE = st.text(" \t", max_size=3)


@pytest.mark.parametrize(
    "text",
    ["x86_64 :: level :: v3", "x86_64::level::v3", "x86_64  ::level\t:: v3", " x86_64 :: level :: v3 "],
)
def test_whitespace_around_the_colons_makes_no_difference(text: str) -> None:
    parsed = VariantProperty.parse(text)
    assert parsed == ("x86_64", "level", "v3")
    assert str(parsed) == "x86_64 :: level :: v3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "::",
        "a",
        "a :: b",
        "a :: b :: ",
        " :: b :: c",
        "a ::  :: c",
        "a :: b :: c :: d",
        "A :: b :: c",
        "a :: B :: c",
        "a :: b :: C",
        "a.b :: c :: d",
        "a :: b.c :: d",
        "a :: b-c :: d",
        "a :: b :: c d",
        "a : : b :: c",
        "a :: b :: ü",
        "a :: b\n\x00 :: c",
        "a:::b::c",
    ],
)
def test_anything_else_is_no_property(text: str) -> None:
    with pytest.raises(InvalidProperty) as caught:
        VariantProperty.parse(text)
    assert caught.value.text == text
    assert str(caught.value).isprintable()


@given(names, names, values, WHITESPACE, WHITESPACE)
def test_a_property_survives_writing_and_reading(
    namespace: str, feature: str, value: str, a: str, b: str
) -> None:
    made = VariantProperty(namespace, feature, value)
    assert VariantProperty.parse(str(made)) == made
    assert VariantProperty.parse(f"{namespace}{a}::{b}{feature}{b}::{a}{value}") == made


@given(st.text(max_size=30))
def test_properties_are_read_as_variantlib_does(text: str) -> None:
    try:
        theirs = TheirProperty.from_str(text).to_str()
    except Exception:
        theirs = None
    try:
        ours = str(VariantProperty.parse(text))
    except InvalidProperty:
        ours = None
    assert ours == theirs


def test_a_set_is_the_same_however_it_is_written() -> None:
    one = VariantProperties.from_mapping({"b": {"y": ["2", "1"], "x": ["3"]}, "a": {"z": ["4"]}, "empty": {}})
    other = VariantProperties.from_properties(
        [
            VariantProperty("a", "z", "4"),
            VariantProperty("b", "y", "1"),
            VariantProperty("b", "y", "2"),
            VariantProperty("b", "x", "3"),
            VariantProperty("b", "y", "1"),
        ]
    )
    assert one == other
    assert hash(one) == hash(other)
    assert list(one) == sorted(one)
    assert len(one) == 4
    assert one.namespaces == ("a", "b")
    assert one.features("b") == ("x", "y")
    assert one.features("c") == ()
    assert one.values("b", "y") == ("1", "2")
    assert one.values("b", "z") == one.values("c", "y") == ()
    assert one.to_mapping() == {"a": {"z": ["4"]}, "b": {"x": ["3"], "y": ["1", "2"]}}
    assert VariantProperty("b", "x", "3") in one
    assert ("b", "x", "4") not in one
    assert "b" not in one
    assert one != VariantProperties()
    assert not VariantProperties()
    assert repr(VariantProperties.from_mapping({"a": {"z": ["4"]}})) == "VariantProperties(a :: z :: 4)"


@pytest.mark.parametrize(
    "mapping",
    [
        {"A": {"b": ["c"]}},
        {"a": {"B": ["c"]}},
        {"a": {"b": ["C"]}},
        {"a": {"b": []}},
        {"a": {"b": [""]}},
        {"a": {"b": "c"}},
        {"a\n": {"b": ["c"]}},
        {"a": {"b": ["c\n"]}},
    ],
)
def test_a_set_of_something_else_is_refused(mapping: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(InvalidProperty):
        VariantProperties.from_mapping(mapping)


@given(property_mappings())
def test_a_set_survives_its_forms(mapping: dict[str, dict[str, list[str]]]) -> None:
    made = VariantProperties.from_mapping(mapping)
    assert VariantProperties.from_mapping(made.to_mapping()) == made
    assert VariantProperties.from_properties(reversed(list(made))) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.deepcopy(made) == made


def test_a_set_cannot_be_changed() -> None:
    made = VariantProperties.from_mapping({"a": {"b": ["c"]}})
    with pytest.raises(AttributeError):
        made.extra = 1  # type: ignore[attr-defined]
    made.to_mapping()["a"]["b"].append("d")
    assert made.values("a", "b") == ("c",)


def test_other_things_are_not_equal_to_a_set() -> None:
    assert VariantProperties() != {}


def test_hash_labels() -> None:
    assert VariantProperties.from_mapping({"x86_64": {"level": ["v3"]}}).hash_label() == "fa7c1393"
    assert VariantProperties().hash_label() == "null"
    assert hash_label([]) == "null"
    doubled = [VariantProperty("x86_64", "level", "v3")] * 2
    assert hash_label(doubled) == "fa7c1393"


@given(property_mappings(least=1))
def test_hash_labels_are_those_of_variantlib(mapping: dict[str, dict[str, list[str]]]) -> None:
    made = VariantProperties.from_mapping(mapping)
    theirs = TheirDescription([TheirProperty(*item) for item in made])
    assert made.hash_label() == theirs.label
