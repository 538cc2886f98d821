"""The order of variants, and the reasons given for it."""

import functools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st
from variantlib.models.variant import (
    VariantDescription as TheirDescription,
    VariantProperty as TheirProperty,
)
from variantlib.resolver.lib import filter_variants
from variantlib.resolver.sorting import sort_variant_properties, sort_variants_descriptions

from rewheel.variants import (
    Cause,
    Provider,
    ProviderKind,
    Ranking,
    Supported,
    VariantMetadata,
    VariantProperties,
    VariantProperty,
    VariantsError,
    rank,
    why_better,
)
from variants.strategies import few_namespaces, labels, property_mappings, supported as supports

Mapping = dict[str, dict[str, list[str]]]

CPU = {"x86_64": {"level": ["v3", "v2", "v1"], "avx": ["on"]}}


def metadata_of(
    variants: dict[str, Mapping], namespaces: Sequence[str] = (), **options: Any
) -> VariantMetadata:
    used = sorted({namespace for mapping in variants.values() for namespace in mapping})
    return VariantMetadata(
        namespaces=namespaces or used,
        variants={label: VariantProperties.from_mapping(mapping) for label, mapping in variants.items()},
        **options,
    )


def order(
    variants: dict[str, Mapping], supported: Supported, namespaces: Sequence[str] = (), **options: Any
) -> list[str]:
    metadata = metadata_of(variants, namespaces, **options)
    return list(rank([*variants, "null"], metadata, supported).order)


def test_better_values_come_first_and_unsupported_ones_not_at_all() -> None:
    variants = {f"v{n}": {"x86_64": {"level": [f"v{n}"]}} for n in (1, 4, 3, 2)}
    assert order(variants, CPU) == ["v3", "v2", "v1", "null"]


def test_every_feature_needs_a_value_and_one_is_enough() -> None:
    variants = {
        "both": {"gpu": {"arch": ["x1"], "mem": ["big"]}},
        "any": {"gpu": {"arch": ["x0", "x1", "x9"]}},
        "none": {"gpu": {"arch": ["x0", "x9"]}},
        "half": {"gpu": {"arch": ["x1"], "mem": ["huge"]}},
        "unknown_feature": {"gpu": {"fan": ["on"]}},
        "unknown_namespace": {"npu": {"arch": ["x1"]}},
    }
    assert order(variants, {"gpu": {"arch": ["x1"], "mem": ["big"]}}) == ["both", "any", "null"]


def test_namespaces_outrank_features_which_outrank_values() -> None:
    variants = {
        "cpu_best": {"cpu": {"level": ["v4"]}},
        "gpu_worst": {"gpu": {"arch": ["x0"]}},
        "gpu_second_feature_best": {"gpu": {"mem": ["huge"]}},
    }
    supported = {"cpu": {"level": ["v4"]}, "gpu": {"arch": ["x1", "x0"], "mem": ["huge"]}}
    expected = ["gpu_worst", "gpu_second_feature_best", "cpu_best", "null"]
    assert order(variants, supported, ["gpu", "cpu"]) == expected
    assert order(variants, supported, ["cpu", "gpu"]) == ["cpu_best", *expected[:2], "null"]


def test_the_longer_list_wins_when_the_shorter_one_is_its_start() -> None:
    variants = {
        "a_short": {"gpu": {"arch": ["x1"]}},
        "b_long": {"gpu": {"arch": ["x1"]}, "cpu": {"level": ["v1"]}},
    }
    supported = {"gpu": {"arch": ["x1"]}, "cpu": {"level": ["v1"]}}
    assert order(variants, supported, ["gpu", "cpu"]) == ["b_long", "a_short", "null"]


def test_values_beyond_the_best_do_not_help() -> None:
    variants = {"a_one": {"gpu": {"arch": ["x2"]}}, "b_all": {"gpu": {"arch": ["x1", "x2", "x3"]}}}
    assert order(variants, {"gpu": {"arch": ["x2", "x1", "x3"]}}) == ["a_one", "b_all", "null"]


def test_equals_are_ordered_by_label_in_code_points() -> None:
    same = {"gpu": {"arch": ["x1"]}}
    variants = dict.fromkeys(("b", "_", "a", "0", "9", "z.1", "z_1", "."), same)
    expected = sorted(variants)
    assert expected == [".", "0", "9", "_", "a", "b", "z.1", "z_1"]
    assert order(variants, {"gpu": {"arch": ["x1"]}}) == [*expected, "null"]


def test_null_is_last_even_after_a_label_without_properties() -> None:
    assert order({"zero": {}, "gpu": {"gpu": {"arch": ["x1"]}}}, {}, ["gpu"]) == ["zero", "null"]


def test_unused_priorities_and_unused_labels_have_no_effect() -> None:
    variants = {"a": {"cpu": {"level": ["v1"]}}, "b": {"cpu": {"level": ["v2"]}}}
    metadata = metadata_of(variants, ["x", "cpu", "y"])
    supported = {"cpu": {"level": ["v2", "v1"]}, "x": {"f": ["1"]}}
    assert rank(["b", "missing", "a"], metadata, supported).order == ("b", "a")
    assert rank(["a"], metadata, supported).order == ("a",)
    assert rank([], metadata, supported).order == ()


def test_labels_may_be_asked_twice_and_as_any_iterable() -> None:
    metadata = metadata_of({"a": {"cpu": {"level": ["v1"]}}})
    ranking = rank((label for label in ("a", "null", "a", "null")), metadata, {"cpu": {"level": ["v1"]}})
    assert ranking.order == ("a", "null")
    assert list(ranking.verdicts) == ["a", "null"]


def test_override_lists_come_first_but_add_nothing() -> None:
    variants = {f"v{n}": {"x86_64": {"level": [f"v{n}"]}} for n in (1, 2, 3, 4)} | {
        "avx": {"x86_64": {"avx": ["on"]}}
    }
    assert order(variants, CPU) == ["v3", "v2", "v1", "avx", "null"]
    reordered = order(
        variants,
        CPU,
        feature_priorities={"x86_64": ("sse", "avx")},
        property_priorities={"x86_64": {"level": ("v4", "v1")}},
    )
    assert reordered == ["avx", "v1", "v3", "v2", "null"]


def test_abi_dependencies_are_incompatible_until_somebody_matches_versions() -> None:
    variants = {
        "a": {"abi_dependency": {"torch": ["2.9"]}, "gpu": {"arch": ["x1"]}},
        "b": {"gpu": {"arch": ["x1"]}},
    }
    metadata = metadata_of(variants, ["gpu"])
    gpu = {"gpu": {"arch": ["x1"]}}
    ranking = rank(variants, metadata, gpu)
    assert ranking.order == ("b",)
    rejected = ranking.verdicts["a"].rejected
    assert [item.cause for item in rejected] == [Cause.ABI_DEPENDENCY]
    assert "version of torch" in ranking.verdicts["a"].reason
    # Where versions are known, the namespace ranks after all listed ones.
    matched = rank(variants, metadata, {"abi_dependency": {"torch": ["2.9", "2"]}, **gpu})
    assert matched.order == ("a", "b")


def test_a_built_in_provider_makes_any_namespace_an_abi_dependency() -> None:
    provider = Provider("abi", ProviderKind.BUILTIN, builtin="abi_dependency")
    metadata = metadata_of({"a": {"abi": {"foo_bar": ["1"]}}}, providers=[provider])
    verdict = rank(["a"], metadata, {"abi": {}}).verdicts["a"]
    assert (
        verdict.reason == "[abi :: foo_bar :: 1] depends on the version of foo-bar, which is not matched here"
    )


def verdicts(
    labels: Sequence[str] = ("v2", "v3", "v4", "many", "gpu", "avx", "fan", "null", "", "odd"),
) -> Ranking:
    variants: dict[str, Mapping] = {f"v{n}": {"x86_64": {"level": [f"v{n}"]}} for n in (2, 3, 4)}
    variants["many"] = {"x86_64": {"level": ["v3"], "avx": ["on"]}}
    variants["gpu"] = {"gpu": {"arch": ["x1", "x2"], "mem": ["big"]}, "x86_64": {"level": ["v4"]}}
    variants["fan"] = {"x86_64": {"fan": ["on"]}}
    return rank(labels, metadata_of(variants, ["x86_64", "gpu"]), CPU)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("v3", "[x86_64 :: level :: v3]"),
        ("many", "[x86_64 :: level :: v3] [x86_64 :: avx :: on]"),
        ("v4", "[x86_64 :: level :: v4] is not supported; this machine: v3"),
        (
            "gpu",
            "[x86_64 :: level :: v4] is not supported; this machine: v3 (and 2 more unsupported)",
        ),
        ("fan", "[x86_64 :: fan :: on] is not supported; this machine: no x86_64 :: fan"),
        ("null", "null variant, fits every machine"),
        ("", "plain wheel, comes after every variant"),
        ("odd", "the label odd is not in the metadata"),
    ],
)
def test_every_verdict_has_its_reason(label: str, reason: str) -> None:
    assert verdicts().verdicts[label].reason == reason


def test_verdicts_carry_the_story_as_data() -> None:
    ranking = verdicts()
    assert ranking.order == ("many", "v3", "v2", "null")
    assert len(ranking.verdicts) == 10
    best = ranking.best
    assert best is not None
    assert (best.label, best.compatible, best.position) == ("many", True, 0)
    assert best.deciding == (VariantProperty("x86_64", "level", "v3"), VariantProperty("x86_64", "avx", "on"))
    gpu = ranking.verdicts["gpu"]
    assert (gpu.compatible, gpu.position, gpu.deciding) == (False, None, ())
    assert [(item.namespace, item.feature, item.cause.value) for item in gpu.rejected] == [
        ("x86_64", "level", "value"),
        ("gpu", "arch", "namespace"),
        ("gpu", "mem", "namespace"),
    ]
    assert gpu.rejected[1].wanted == ("x1", "x2")
    assert gpu.rejected[0].supported == ("v3", "v2", "v1")
    assert str(gpu.rejected[1]) == "[gpu :: arch :: x1, x2] is not supported; this machine: no gpu"
    plain = ranking.verdicts[""]
    assert (plain.compatible, plain.position) == (True, None)
    assert ranking.verdicts["odd"].properties is None
    assert rank(["v4"], metadata_of({"v4": {"x86_64": {"level": ["v4"]}}}), CPU).best is None
    with pytest.raises(KeyError):
        ranking.verdicts["not asked"]


@pytest.mark.parametrize(
    ("best", "other", "words"),
    [
        ("v3", "v2", "level v3 before v2"),
        ("many", "v3", "also for [x86_64 :: avx :: on]"),
        ("v3", "null", "also for [x86_64 :: level :: v3]"),
        ("v3", "avx", "x86_64 :: level before x86_64 :: avx"),
        ("v3", "math", "x86_64 before math"),
        ("v2", "v2_same", "same properties on this machine; label v2 before v2_same"),
        ("v3", "v4", "[x86_64 :: level :: v4] is not supported; this machine: v3"),
        ("zero", "null", "null comes last of the variants"),
        ("zero", "", "variants before plain wheels"),
        ("null", "", "variants before plain wheels"),
    ],
)
def test_two_labels_can_be_compared_in_words(best: str, other: str, words: str) -> None:
    variants: dict[str, Mapping] = {f"v{n}": {"x86_64": {"level": [f"v{n}"]}} for n in (2, 3, 4)}
    variants["v2_same"] = variants["v2"]
    variants["many"] = {"x86_64": {"level": ["v3"], "avx": ["on"]}}
    variants["avx"] = {"x86_64": {"avx": ["on"]}}
    variants["math"] = {"math": {"lib": ["mkl"]}}
    variants["zero"] = {}
    metadata = metadata_of(variants, ["x86_64", "math"])
    supported = {**CPU, "math": {"lib": ["mkl"]}}
    ranking = rank([*variants, "null", ""], metadata, supported)
    order = [*ranking.order, ""]
    assert other not in order or order.index(best) < order.index(other)
    assert why_better(ranking.verdicts[best], ranking.verdicts[other]) == words


def test_rankings_can_be_looked_at() -> None:
    assert repr(rank(["null"], metadata_of({}, ["gpu"]), {})) == "Ranking(order=('null',))"


def test_absurdly_many_supported_values_are_refused() -> None:
    with pytest.raises(VariantsError, match="1,000,001"):
        rank([], metadata_of({}, ["gpu"]), {"gpu": {"arch": list(map(str, range(1_000_001)))}})


# Laws ------------------------------------------------------------------------------------------------------

variant_tables = st.dictionaries(
    labels.filter(lambda label: label != "null"), property_mappings(least=1), max_size=8
)


@given(variant_tables, supports, st.permutations(["cpu", "gpu", "math", "net"]), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_anything_else(
    variants: dict[str, Mapping], supported: Supported, namespaces: list[str], random: Any
) -> None:
    expected = order(variants, supported, namespaces)
    shuffled = list(variants)
    random.shuffle(shuffled)
    again = metadata_of({label: variants[label] for label in shuffled}, namespaces)
    asked = ["null", *shuffled]
    random.shuffle(asked)
    assert list(rank(asked, again, supported).order) == expected
    # Any part is ordered like the whole.
    part = asked[: len(asked) // 2]
    assert list(rank(part, again, supported).order) == [label for label in expected if label in part]


@given(variant_tables, supports, st.permutations(["cpu", "gpu", "math", "net"]))
def test_the_order_is_that_of_the_standards_algorithm(
    variants: dict[str, Mapping], supported: dict[str, dict[str, list[str]]], namespaces: list[str]
) -> None:
    assert order(variants, supported, namespaces) == naive_order(variants, supported, namespaces)


@given(variant_tables, supports, st.permutations(["cpu", "gpu", "math", "net"]))
def test_verdicts_agree_with_the_order(
    variants: dict[str, Mapping], supported: Supported, namespaces: list[str]
) -> None:
    ranking = rank([*variants, "null", "", "not.listed"], metadata_of(variants, namespaces), supported)
    for label, verdict in ranking.verdicts.items():
        assert verdict.label == label
        assert verdict.reason.isprintable()
        if label:
            assert verdict.compatible == (label in ranking.order)
        if verdict.position is not None:
            assert ranking.order[verdict.position] == label
        assert bool(verdict.rejected) == (not verdict.compatible and verdict.properties is not None)
    for better, worse in zip(ranking.order, ranking.order[1:], strict=False):
        assert why_better(ranking.verdicts[better], ranking.verdicts[worse])


@settings(max_examples=60)
@given(variant_tables, supports, st.permutations(["cpu", "gpu", "math", "net"]))
def test_the_order_is_that_of_variantlib(
    variants: dict[str, Mapping], supported: dict[str, dict[str, list[str]]], namespaces: list[str]
) -> None:
    assume(any(values for features in supported.values() for values in features.values()))
    descriptions = [
        TheirDescription(
            [TheirProperty(n, f, v) for n, fs in m.items() for f, vs in fs.items() for v in vs], label
        )
        for label, m in variants.items()
    ]
    properties = [TheirProperty(n, f, v) for n, fs in supported.items() for f, vs in fs.items() for v in vs]
    fitting = list(filter_variants(descriptions, properties))
    feature_order = {n: list(fs) for n, fs in supported.items()}
    sorted_properties = sort_variant_properties(properties, list(namespaces), feature_order)
    theirs = [item.label for item in sort_variants_descriptions(fitting, sorted_properties)]
    assert order(variants, supported, namespaces) == [*theirs, "null"]


@given(st.lists(few_namespaces, unique=True), variant_tables)
def test_nothing_fits_a_machine_that_supports_nothing(
    namespaces: list[str], variants: dict[str, Mapping]
) -> None:
    supported: Supported = {namespace: {} for namespace in namespaces}
    assert order(variants, supported, namespaces) == ["null"]


def naive_order(
    variants: dict[str, Mapping], supported: dict[str, dict[str, list[str]]], namespaces: list[str]
) -> list[str]:
    """The steps of the standard, one by one, without regard to speed."""

    def best_values(mapping: Mapping) -> list[tuple[str, str, str]] | None:
        found = []
        for namespace, features in mapping.items():
            for feature, values in features.items():
                fitting = [
                    value for value in supported.get(namespace, {}).get(feature, []) if value in values
                ]
                if not fitting:
                    return None
                found.append((namespace, feature, fitting[0]))
        return found

    def key(item: tuple[str, str, str]) -> tuple[int, int, int]:
        namespace, feature, value = item
        features = [name for name, values in supported[namespace].items() if values]
        values = supported[namespace][feature]
        return (namespaces.index(namespace), features.index(feature), values.index(value))

    def compare(one: tuple[str, list[Any]], other: tuple[str, list[Any]]) -> int:
        for ours, theirs in zip(one[1], other[1], strict=False):
            if ours != theirs:
                return -1 if key(ours) < key(theirs) else 1
        if len(one[1]) != len(other[1]):
            return -1 if len(one[1]) > len(other[1]) else 1
        return -1 if one[0] < other[0] else 1

    fitting = [(label, best_values(mapping)) for label, mapping in variants.items()]
    lists = [(label, sorted(values, key=key)) for label, values in fitting if values is not None]
    return [label for label, _ in sorted(lists, key=functools.cmp_to_key(compare))] + ["null"]
