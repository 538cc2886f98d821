"""Which wheel is installed: PEP 825's selection, case by case, through the real command."""

import json
from typing import Any

import pytest

from acceptance.conftest import STATIC, Shop
from support.index_server import Fault
from support.wheel_factory import make_wheel


def test_a_project_without_variants_is_installed_as_ever(shop: Shop) -> None:
    shop.wheel()
    outcome = shop.install()
    assert outcome.code == 0
    assert outcome.label() == ""
    assert outcome.installed == {"foo": "1.0"}
    assert not outcome.warnings


def test_the_best_supported_variant_is_taken(shop: Shop) -> None:
    shop.variants("x1", "x2", "x9")
    outcome = shop.install()
    assert outcome.label() == "x2"
    assert "[gpu :: arch :: x9]" in outcome.out + outcome.err
    assert not outcome.warnings


def test_nothing_is_asked_of_variants_when_no_labelled_wheel_is_eligible(shop: Shop) -> None:
    shop.variants("x1")
    for wheel in shop.shelf.glob("*x1.whl"):
        wheel.unlink()
    outcome = shop.install()
    assert outcome.label() == ""
    assert not shop.server.count("*variants.json")


ORDERS: list[tuple[str, dict[str, Any], str]] = [
    ("a feature's first value", {"a": {"n": {"f": ["v2"]}}, "b": {"n": {"f": ["v1"]}}}, "b"),
    (
        "only the best of several values",
        {"a": {"n": {"f": ["v2", "v3"]}}, "b": {"n": {"f": ["v1", "v3"]}}},
        "b",
    ),
    ("feature before value", {"a": {"n": {"g": ["w1"]}}, "b": {"n": {"f": ["v3"]}}}, "b"),
    ("namespace before feature", {"a": {"m": {"h": ["u1"]}}, "b": {"n": {"g": ["w2"]}}}, "b"),
    (
        "the longer of two with one beginning",
        {"a": {"n": {"f": ["v1"]}}, "b": {"n": {"f": ["v1"], "g": ["w2"]}}},
        "b",
    ),
    (
        "a better first property over more of them",
        {"b": {"n": {"f": ["v1"]}}, "a": {"n": {"f": ["v2"], "g": ["w1"]}}},
        "b",
    ),
    ("the lower label of two alike", {"b_": {"n": {"f": ["v1"]}}, "b.": {"n": {"f": ["v1"]}}}, "b."),
    ("digits before letters", {"bb": {"n": {"f": ["v1"]}}, "b1": {"n": {"f": ["v1"]}}}, "b1"),
    ("null before plain", {"null": {}, "a": {"n": {"f": ["none"]}}}, "null"),
    ("a label without properties before null", {"null": {}, "zz": {}}, "zz"),
    (
        "one unsupported feature is enough",
        {"a": {"n": {"f": ["v1"], "g": ["w9"]}}, "b": {"n": {"f": ["v3"]}}},
        "b",
    ),
    ("unused namespaces have no effect", {"a": {"m": {"h": ["u1"]}}}, "a"),
]


@pytest.mark.parametrize(("rule", "variants", "expected"), ORDERS, ids=[order[0] for order in ORDERS])
@pytest.mark.parametrize("with_index_file", [True, False], ids=["index file", "wheels"])
def test_order(shop: Shop, rule: str, variants: dict[str, Any], expected: str, with_index_file: bool) -> None:
    providers = {
        "k": {"static-properties": {"o": ["p"]}},
        "n": {"static-properties": {"f": ["v1", "v2", "v3"], "g": ["w1", "w2"]}, "feature-order": ["f", "g"]},
        "m": {"static-properties": {"h": ["u1"]}},
    }
    priorities = ["k", "n", "m"]
    for label, properties in variants.items():
        shop.wheel(label=label, properties=properties, priorities=priorities, providers=providers)
    shop.wheel()
    if with_index_file:
        shop.index_file(variants, providers=providers, priorities=priorities)
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == expected


def test_a_label_outranks_platform_tags_and_builds(shop: Shop) -> None:
    shop.variants("x1", "x2", plain=False)
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}}, build="9")
    shop.wheel(build="99")
    assert shop.install().label() == "x2"


def test_inside_a_label_the_tag_counts_then_the_newest_build(shop: Shop) -> None:
    python = "cp311" if __import__("sys").version_info[:2] == (3, 11) else None
    tag = f"{python or 'py3'}-none-any"
    for build in ("", "2", "10", "10a"):
        shop.wheel(
            label="x1",
            properties={"gpu": {"arch": ["x1"]}},
            build=build,
            files={"foo.py": f"LABEL = 'x1'\nBUILD = '{build}'\n"},
        )
    outcome = shop.install()
    assert "BUILD = '10a'" in (outcome.target / "foo.py").read_text()
    if python:
        shop.wheel(
            label="x1",
            properties={"gpu": {"arch": ["x1"]}},
            tag=tag,
            files={"foo.py": "LABEL = 'x1'\nBUILD = 'cp'\n"},
        )
        outcome = shop.install()
        assert "BUILD = 'cp'" in (outcome.target / "foo.py").read_text()


def test_index_file_is_found_by_equal_version(shop: Shop) -> None:
    shop.wheel(version="1.0.0", label="x1", properties={"gpu": {"arch": ["x1"]}})
    shop.wheel(version="1.0.0", label="x2", properties={"gpu": {"arch": ["x2"]}})
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}, "x2": {"gpu": {"arch": ["x2"]}}}, version="1")
    outcome = shop.install()
    assert outcome.label() == "x2"
    assert shop.server.count("/files/foo-1-variants.json*") == 1


def test_other_json_links_are_no_index_files(shop: Shop) -> None:
    shop.variants("x1", plain=False)
    (shop.shelf / "foo-1.0-extra-variants.json").write_text("nonsense")
    assert shop.install().label() == "x1"


def test_a_label_that_the_index_file_does_not_know_is_incompatible(shop: Shop) -> None:
    shop.variants("x1", "x3")
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}})
    assert shop.install().label() == "x1"


def test_a_null_wheel_needs_no_entry(shop: Shop) -> None:
    shop.variants("x9")
    shop.wheel(label="null")
    assert shop.install().label() == "null"


def test_entries_without_wheel_are_ignored(shop: Shop) -> None:
    shop.variants("x1", "x3")
    next(shop.shelf.glob("*x3.whl")).unlink()
    assert shop.install().label() == "x1"


@pytest.mark.parametrize("ranges", [True, False])
def test_without_index_file_the_wheels_are_read(shop: Shop, ranges: bool) -> None:
    shop.server.ranges = ranges
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}})
    shop.wheel(label="x2", properties={"gpu": {"arch": ["x2"]}})
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "x2"
    assert not outcome.warnings


BAD_INDEX_FILES: dict[str, bytes | dict[str, Any]] = {
    "not json": b"<html>",
    "empty": b"",
    "no object": b"[1]",
    "duplicate keys": b'{"$schema": "a", "$schema": "b"}',
    "unsupported major": {"$schema": "https://variants-schema.wheelnext.dev/peps/825/v2.0.0.json"},
    "missing keys": {"$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json"},
    "unlisted namespace": {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["other"]},
        "variants": {"x1": {"gpu": {"arch": ["x1"]}}},
    },
    "null with properties": {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["gpu"]},
        "variants": {"x1": {"gpu": {"arch": ["x1"]}}, "null": {"gpu": {"arch": ["x1"]}}},
    },
    "deeply nested": b'{"$schema": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("document", BAD_INDEX_FILES.values(), ids=BAD_INDEX_FILES)
def test_a_bad_index_file_costs_the_variants_but_not_the_plain_wheel(
    shop: Shop, document: bytes | dict[str, Any]
) -> None:
    shop.variants("x1", "null")
    path = shop.shelf / "foo-1.0-variants.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    outcome = shop.install()
    assert outcome.code == 0
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1
    assert "foo 1.0" in outcome.warnings[0]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_missing_index_file_costs_the_variants_but_not_the_plain_wheel(shop: Shop, status: int) -> None:
    shop.variants("x1")
    shop.server.faults["/files/foo-1.0-variants.json*"] = Fault(status=status)
    outcome = shop.install("--index-url", shop.server.simple_url)
    assert outcome.code == 0
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_a_changed_index_file_is_not_believed(shop: Shop) -> None:
    shop.variants("x1")
    shop.server.faults["/files/foo-1.0-variants.json*"] = Fault(body=b'{"made": "up"}')
    outcome = shop.install()
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_with_bad_metadata_and_no_plain_wheel_an_older_version_is_taken(shop: Shop) -> None:
    shop.variants("x1", plain=False, version="2.0")
    (shop.shelf / "foo-2.0-variants.json").write_text("{}")
    shop.wheel(version="1.0")
    outcome = shop.install()
    assert outcome.installed == {"foo": "1.0"}
    assert any("2.0" in warning for warning in outcome.warnings)


def test_one_bad_wheel_costs_only_its_own_label(shop: Shop) -> None:
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}})
    shop.wheel(label="x3", variant_json=b"{nonsense")
    shop.wheel(label="x2", variant_json=b"")
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 2
    assert "x3" in "".join(outcome.warnings)


def test_wheels_that_contradict_one_another_cost_all_variants(shop: Shop) -> None:
    shop.wheel(
        label="x1",
        properties={"gpu": {"arch": ["x1"]}},
        priorities=["gpu", "a"],
        providers={**STATIC, "a": {"static-properties": {"b": ["c"]}}},
    )
    shop.wheel(
        label="x2",
        properties={"gpu": {"arch": ["x2"]}},
        priorities=["gpu", "b"],
        providers={**STATIC, "b": {"static-properties": {"b": ["c"]}}},
    )
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_an_older_version_is_taken_with_a_warning_when_no_variant_fits(shop: Shop) -> None:
    shop.variants("x8", "x9", version="2.0", plain=False)
    shop.variants("x1", version="1.0", plain=False)
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert outcome.installed == {"foo": "1.0"}
    assert len(outcome.warnings) == 1
    assert "foo 2.0" in outcome.warnings[0]


def test_without_any_fitting_wheel_the_error_lists_labels_and_properties(shop: Shop) -> None:
    shop.variants("x8", "x9", plain=False)
    outcome = shop.install()
    assert outcome.code == 1
    assert "x8" in outcome.err
    assert "[gpu :: arch :: x9]" in outcome.err


def test_yanked_variants_are_not_taken_unless_pinned(shop: Shop) -> None:
    shop.variants("x1", "x3")
    shop.server.yanked["foo-1.0-py3-none-any-x3.whl"] = "broken"
    assert shop.install().label() == "x1"


def test_a_yanked_release_is_taken_only_when_pinned(shop: Shop) -> None:
    shop.variants("x1")
    shop.wheel(version="0.9")
    for wheel in shop.shelf.glob("foo-1.0*.whl"):
        shop.server.yanked[wheel.name] = ""
    assert shop.install().installed == {"foo": "0.9"}
    assert shop.install("foo==1.0").label() == "x1"


def test_requires_python_counts_before_variants(shop: Shop) -> None:
    shop.variants("x1", "x3")
    shop.server.requires_python["foo-1.0-py3-none-any-x3.whl"] = ">=99"
    assert shop.install().label() == "x1"


def test_attributes_of_the_index_file_mean_nothing(shop: Shop) -> None:
    shop.variants("x1")
    shop.server.requires_python["foo-1.0-variants.json"] = ">=99"
    shop.server.yanked["foo-1.0-variants.json"] = "no"
    assert shop.install().label() == "x1"


def test_foreign_platforms_count_before_variants(shop: Shop) -> None:
    shop.variants("x1")
    shop.wheel(label="x3", properties={"gpu": {"arch": ["x3"]}}, tag="cp39-cp39-win_arm64")
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}, "x3": {"gpu": {"arch": ["x3"]}}})
    assert shop.install().label() == "x1"


def test_a_newer_version_wins_over_a_better_variant(shop: Shop) -> None:
    shop.variants("x3", version="1.0")
    shop.wheel(version="2.0")
    outcome = shop.install()
    assert outcome.installed == {"foo": "2.0"}
    assert outcome.label() == ""


# What the user asks for


def test_a_label_can_be_asked_for(shop: Shop) -> None:
    shop.variants("x1", "x2", "null")
    assert shop.install("--variant", "foo=x1").label() == "x1"
    assert shop.install("--variant", "Foo=null").label() == "null"
    assert shop.install("--variant", "foo=").label() == ""


def test_an_unsupported_label_cannot_be_forced(shop: Shop) -> None:
    shop.variants("x1", "x9")
    outcome = shop.install("--variant", "foo=x9")
    assert outcome.code == 1
    assert "[gpu :: arch :: x9]" in outcome.err


def test_labels_can_be_excluded(shop: Shop) -> None:
    shop.variants("x1", "x2", "x3")
    assert shop.install("--exclude-variant", "foo=x3").label() == "x2"
    assert shop.install("--exclude-variant", "foo=x3", "--exclude-variant", "foo=x2").label() == "x1"


def test_variants_can_be_switched_off(shop: Shop) -> None:
    shop.variants("x1", "null")
    outcome = shop.install("--no-variants")
    assert outcome.label() == ""
    assert not shop.server.count("*variants.json")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), ""),
        (("--enable-provider", "gpu"), "x1"),
        (("--enable-provider", "foo:gpu"), "x1"),
        (("--enable-provider", "bar:gpu"), ""),
    ],
)
def test_optional_providers_need_to_be_enabled(shop: Shop, flags: tuple[str, ...], expected: str) -> None:
    providers = {"gpu": {"static-properties": {"arch": ["x1"]}, "optional": True}}
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}}, providers=providers, priorities=["gpu"])
    shop.wheel()
    assert shop.install(*flags).label() == expected


# The wheel itself must be what its index says


def test_a_wheel_that_differs_from_the_index_is_passed_over(shop: Shop) -> None:
    shop.variants("x1", "x2")
    shop.wheel(label="x2", properties={"gpu": {"arch": ["x1"]}})
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 1


def test_a_wheel_without_its_own_metadata_is_passed_over(shop: Shop) -> None:
    shop.variants("x1", "x2")
    shop.wheel(label="x2", variant_json=b"")
    outcome = shop.install()
    assert outcome.label() == "x1"


def test_a_pinned_wheel_that_differs_from_the_index_is_an_error(shop: Shop) -> None:
    shop.variants("x1", "x2")
    shop.wheel(label="x2", properties={"gpu": {"arch": ["x1"]}})
    outcome = shop.install("foo==1.0")
    assert outcome.code == 1
    assert "x2" in outcome.err


# Wheels by path and URL


def test_a_wheel_by_path_is_judged_by_its_own_metadata(shop: Shop) -> None:
    good = shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}})
    outcome = shop.install(str(good), "--no-index", index=False)
    assert outcome.label() == "x1"
    info = next(outcome.target.glob("foo-*.dist-info"))
    assert json.loads((info / "direct_url.json").read_text())["url"].startswith("file://")
    bad = shop.wheel(label="x9", properties={"gpu": {"arch": ["x9"]}})
    shop.wheel()
    outcome = shop.install(str(bad))
    assert outcome.code == 1
    assert "[gpu :: arch :: x9]" in outcome.err


def test_a_wheel_by_url_is_judged_by_its_own_metadata(shop: Shop) -> None:
    shop.variants("x1", "x9")
    url = shop.server.file_url("foo-1.0-py3-none-any-x1.whl")
    assert shop.install(f"foo @ {url}", "--no-index", index=False).label() == "x1"
    url = shop.server.file_url("foo-1.0-py3-none-any-x9.whl")
    outcome = shop.install(url, "--no-index", index=False)
    assert outcome.code == 1
    assert "[gpu :: arch :: x9]" in outcome.err


def test_find_links_and_index_are_judged_separately(shop: Shop) -> None:
    links = shop.folder / "links"
    make_wheel(links, label="x2", properties={"gpu": {"arch": ["x2"]}}, providers=STATIC, priorities=["gpu"])
    shop.wheel(version="1.0")
    shop.wheel(version="0.5")
    outcome = shop.install("--find-links", str(links))
    assert outcome.label() == "x2"
    outcome = shop.install("--find-links", str(links), "--no-index", index=False)
    assert outcome.label() == "x2"


def test_an_index_before_another_wins_whatever_its_variants(shop: Shop, tmp_path: Any) -> None:
    from support.index_server import IndexServer

    other = tmp_path / "other"
    make_wheel(
        other,
        version="2.0",
        label="x3",
        properties={"gpu": {"arch": ["x3"]}},
        providers=STATIC,
        priorities=["gpu"],
    )
    shop.variants("x1")
    with IndexServer(other) as second:
        outcome = shop.install("--extra-index-url", second.simple_url)
        assert outcome.label() == "x1"
        outcome = shop.install("foo>=2", "--extra-index-url", second.simple_url)
        assert outcome.label() == "x3"


# Dependencies by variant


@pytest.mark.parametrize(
    ("marker", "label", "wanted"),
    [
        ("'gpu :: arch :: x1' in variant_properties", "x1", True),
        ("'gpu::arch::x1' in variant_properties", "x1", True),
        ("'gpu :: arch :: x9' in variant_properties", "x1", False),
        ("'gpu :: arch' in variant_features", "x1", True),
        ("'gpu' in variant_namespaces", "x1", True),
        ("'gpu' not in variant_namespaces", "x1", False),
        ("variant_label == 'x1'", "x1", True),
        ("'x1' == variant_label", "x1", True),
        ("variant_label != ''", "x1", True),
        ("variant_label == ''", "", True),
        ("variant_label == 'null'", "", False),
        ("variant_label != 'null'", "", True),
        ("'gpu' not in variant_namespaces", "", True),
        ("variant_label == 'null'", "null", True),
        ("'gpu' in variant_namespaces", "null", False),
        ("variant_label == 'x1' and python_version >= '3'", "x1", True),
        ("(variant_label == 'x2' or variant_label == 'x1') and python_version < '3'", "x1", False),
    ],
)
def test_dependencies_by_variant(shop: Shop, marker: str, label: str, wanted: bool) -> None:
    shop.wheel("bar")
    shop.wheel(
        label=label,
        properties={"gpu": {"arch": ["x1"]}} if label == "x1" else {},
        requires=[f"bar; {marker}"],
    )
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == label
    assert ("bar" in outcome.installed) is wanted


def test_only_supported_values_are_visible_to_markers(shop: Shop) -> None:
    shop.wheel("bar")
    shop.wheel("baz")
    shop.wheel(
        label="both",
        properties={"gpu": {"arch": ["x1", "x9"]}},
        requires=[
            "bar; 'gpu :: arch :: x1' in variant_properties",
            "baz; 'gpu :: arch :: x9' in variant_properties",
        ],
    )
    assert shop.install().installed == {"foo": "1.0", "bar": "1.0"}
