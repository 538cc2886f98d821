"""Variant metadata in every dialect and state, as an installer meets it: read, tolerated or refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from acceptance.conftest import STATIC, Shop

HOST = "https://variants-schema.wheelnext.dev"
PEP825 = f"{HOST}/peps/825/v0.1.1.json"
PEP850 = f"{HOST}/peps/850/v0.2.0.json"
X = {label: {"gpu": {"arch": [label]}} for label in ("x1", "x2", "x3")}


def publish(shop: Shop, document: Mapping[str, Any] | bytes, *, labels: tuple[str, ...] = ()) -> None:
    """Put wheels of the document's labels on the shelf, each with its part of it, and the index file."""
    if isinstance(document, bytes):
        variants: Mapping[str, Any] = {label: X.get(label, {}) for label in labels}
        whole = document
    else:
        variants = document["variants"]
        whole = json.dumps(document).encode()
    for label in labels or tuple(variants):
        own = variants.get(label, {})
        if isinstance(document, bytes):
            shop.wheel(label=label, properties=own)
        else:
            shop.wheel(label=label, variant_json={**document, "variants": {label: own}})
    shop.wheel()
    (shop.shelf / "foo-1.0-variants.json").write_bytes(whole)


READ: dict[str, tuple[dict[str, Any], str]] = {
    "v0.0.3, static list at the top": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"requires": ["gpu-provider"], "install-time": False}},
            "static-properties": {"gpu": {"arch": ["x2", "x1", "x3"]}},
        },
        "x2",
    ),
    "v0.0.3, enabled for this target": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"install-time": False, "enable-if": "python_version >= '3'"}},
            "static-properties": {"gpu": {"arch": ["x2", "x1", "x3"]}},
        },
        "x2",
    ),
    "v0.0.3, not meant for this target": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"install-time": False, "enable-if": "python_version < '3'"}},
            "static-properties": {"gpu": {"arch": ["x2", "x1", "x3"]}},
        },
        "",
    ),
    "v0.0.3, optional": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"install-time": False, "optional": True}},
            "static-properties": {"gpu": {"arch": ["x2", "x1", "x3"]}},
        },
        "",
    ),
    "v0.0.3, reordered by the overrides": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x1"]}}},
            "providers": {"gpu": {"install-time": False}},
            "static-properties": {"gpu": {"arch": ["x2", "x1", "x3"]}},
        },
        "x1",
    ),
    "overrides make nothing supported": (
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x1", "x3"]}}},
            "providers": {"gpu": {"install-time": False}},
            "static-properties": {"gpu": {"arch": ["x2"]}},
        },
        "x2",
    ),
    "v0.0.2, values of the overrides": (
        {
            "$schema": f"{HOST}/v0.0.2.json",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x2", "x1"]}}},
            "providers": {"gpu": {"requires": [], "plugin-use": "none"}},
        },
        "x2",
    ),
    "v0.0.2, used for builds only": (
        {
            "$schema": f"{HOST}/v0.0.2.json",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x1", "x2"]}}},
            "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-use": "build"}},
        },
        "x1",
    ),
    "the bare address of the first documents": (
        {
            "$schema": f"{HOST}/",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x2", "x1"]}}},
            "providers": {"gpu": {"plugin-use": "none"}},
        },
        "x2",
    ),
    "drafts at peps/9999": (
        {
            "$schema": f"{HOST}/peps/9999/v0.2.0.json",
            "default-priorities": {"namespace": ["gpu"], "property": {"gpu": {"arch": ["x1"]}}},
            "providers": STATIC,
        },
        "x1",
    ),
    "drafts at peps/826": (
        {
            "$schema": f"{HOST}/peps/826/v0.2.0.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": STATIC,
        },
        "x3",
    ),
    "v0.2.0 of variantlib": (
        {"$schema": f"{HOST}/v0.2.0.json", "default-priorities": {"namespace": ["gpu"]}, "providers": STATIC},
        "x3",
    ),
    "a newer minor version with unknown keys": (
        {
            "$schema": f"{HOST}/peps/850/v0.7.3.json",
            "default-priorities": {"namespace": ["gpu"], "mood": {}},
            "providers": {"gpu": {**STATIC["gpu"], "colour": "red"}},
            "more": [1],
        },
        "x3",
    ),
    "version 1": (
        {
            "$schema": "https://packaging.python.org/schemas/v1.0.0.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": STATIC,
        },
        "x3",
    ),
    "version 1 of another place": (
        {
            "$schema": "https://mirror.example.com/any/v1.4.2.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": STATIC,
        },
        "x3",
    ),
}


@pytest.mark.parametrize(("document", "expected"), READ.values(), ids=READ)
@pytest.mark.parametrize("with_index_file", [True, False], ids=["index file", "wheels"])
def test_dialects(shop: Shop, document: dict[str, Any], expected: str, with_index_file: bool) -> None:
    publish(shop, {**document, "variants": X})
    if not with_index_file:
        (shop.shelf / "foo-1.0-variants.json").unlink()
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == expected
    assert not outcome.warnings


def test_a_static_list_of_the_first_dialect_without_values_supports_nothing(shop: Shop) -> None:
    publish(
        shop,
        {
            "$schema": f"{HOST}/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"install-time": False}},
            "variants": X,
        },
    )
    assert shop.install().label() == ""


def valid(**changes: Any) -> dict[str, Any]:
    """Return a right document with some parts changed; `None` leaves a part out."""
    document = {
        "$schema": PEP850,
        "default-priorities": {"namespace": ["gpu"]},
        "providers": STATIC,
        "variants": dict(X),
    }
    document.update(
        {"$schema" if key == "schema" else key.replace("_", "-"): v for key, v in changes.items()}
    )
    return {key: value for key, value in document.items() if value is not None}


REFUSED: dict[str, dict[str, Any]] = {
    "no $schema": valid(schema=None),
    "$schema is a number": valid(schema=1),
    "$schema without version": valid(schema="https://example.com/schema.json"),
    "$schema of major 2": valid(schema=f"{HOST}/peps/850/v2.0.0.json"),
    "$schema with more behind": valid(schema=f"{PEP850}\n"),
    "no priorities": valid(default_priorities=None),
    "priorities are a list": valid(default_priorities=["gpu"]),
    "no namespace list": valid(default_priorities={}),
    "an empty namespace list": valid(default_priorities={"namespace": []}),
    "a namespace twice": valid(default_priorities={"namespace": ["gpu", "gpu"]}),
    "a malformed namespace": valid(
        default_priorities={"namespace": ["gpu", "A B"]}, providers={**STATIC, "A B": STATIC["gpu"]}
    ),
    "a namespace that is not listed": valid(default_priorities={"namespace": ["cpu"]}),
    "no variants": valid(variants=None),
    "variants are a list": valid(variants=["x1"]),
    "a malformed label": valid(variants={**X, "X-1": {}}),
    "a malformed feature": valid(variants={**X, "x4": {"gpu": {"a.b": ["x1"]}}}),
    "a malformed value": valid(variants={**X, "x4": {"gpu": {"arch": ["X1"]}}}),
    "a value with a line end": valid(variants={**X, "x4": {"gpu": {"arch": ["x1\n"]}}}),
    "a feature with a line end": valid(variants={**X, "x4": {"gpu": {"arch\n": ["x1"]}}}),
    "an empty value list": valid(variants={**X, "x4": {"gpu": {"arch": []}}}),
    "a value twice": valid(variants={**X, "x4": {"gpu": {"arch": ["x1", "x1"]}}}),
    "a value that is a text": valid(variants={**X, "x4": {"gpu": {"arch": "x1"}}}),
    "null with properties": valid(variants={**X, "null": X["x1"]}),
    "no providers": valid(providers=None),
    "a namespace without provider": valid(default_priorities={"namespace": ["gpu", "cpu"]}),
    "a provider without place": valid(providers={**STATIC, "cpu": STATIC["gpu"]}),
    "a provider of no kind": valid(providers={"gpu": {"optional": False}}),
    "a provider of two kinds": valid(providers={"gpu": {**STATIC["gpu"], "requires": ["gpu-provider"]}}),
    "nothing required": valid(providers={"gpu": {"requires": []}}),
    "no requirement": valid(providers={"gpu": {"requires": ["gpu provider !"]}}),
    "a static plugin-api": valid(providers={"gpu": {**STATIC["gpu"], "plugin-api": "a:b"}}),
    "a builtin plugin-api": valid(providers={"gpu": {"builtin": "abi_dependency", "plugin-api": "a:b"}}),
    "an order of no list": valid(providers={"gpu": {"requires": ["a"], "feature-order": ["arch"]}}),
    "an order that lacks a feature": valid(
        providers={
            "gpu": {"static-properties": {"arch": ["x1"], "b": ["c"]}, "feature-order": ["arch"]},
        }
    ),
    "two features without order": valid(
        providers={"gpu": {"static-properties": {"arch": ["x1"], "b": ["c"]}}}
    ),
    "an order with a feature too many": valid(
        providers={"gpu": {"static-properties": {"arch": ["x1"]}, "feature-order": ["arch", "b"]}}
    ),
    "optional is a text": valid(providers={"gpu": {**STATIC["gpu"], "optional": "yes"}}),
    "build-requires": valid(providers={"gpu": {"build-requires": ["gpu-provider"]}}),
    "a plugin-api that is none": valid(providers={"gpu": {"requires": ["a"], "plugin-api": "a b:c"}}),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_an_invalid_index_file_costs_all_its_variants(shop: Shop, document: dict[str, Any]) -> None:
    publish(shop, json.dumps(document).encode(), labels=("x1", "null"))
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1
    code, out, _ = shop.run("explain", "foo", "--index-url", shop.server.simple_url, "--json")
    assert code == 0
    (explanation,) = json.loads(out)["explanations"]
    assert explanation["problems"]
    verdicts = {wheel["label"]: wheel["verdict"] for wheel in explanation["wheels"]}
    assert verdicts == {"x1": "ignored", "null": "ignored", "": "selected"}


def test_without_plain_wheel_an_invalid_index_file_costs_the_version(shop: Shop) -> None:
    shop.variants("x1", "null", plain=False)
    (shop.shelf / "foo-1.0-variants.json").write_text("{}")
    outcome = shop.install()
    assert outcome.code == 1
    assert "foo-1.0-variants.json" in outcome.err
    shop.wheel(version="0.5")
    outcome = shop.install()
    assert outcome.installed == {"foo": "0.5"}


TOLERATED: dict[str, tuple[dict[str, Any], str]] = {
    "unsorted values": (valid(variants={**X, "x9": {"gpu": {"arch": ["x9", "x3", "a"]}}}), "x3"),
    "an empty namespace": (valid(variants={**X, "x4": {"gpu": {"arch": ["x3"]}, "cpu": {}}}), "x3"),
    "an empty value list of a provider": (
        valid(
            default_priorities={"namespace": ["gpu", "cpu"]},
            providers={**STATIC, "cpu": {"static-properties": {"level": []}}},
            variants={**X, "x9": {"cpu": {"level": ["a"]}}},
        ),
        "x3",
    ),
    "two labels for one set": (valid(variants={"b": X["x3"], "a": X["x3"], "x1": X["x1"]}), "a"),
    "a label without properties": (valid(variants={"x9": {"gpu": {"arch": ["x9"]}}, "zz": {}}), "zz"),
    "an unknown builtin": (
        valid(
            default_priorities={"namespace": ["gpu", "odd"]},
            providers={**STATIC, "odd": {"builtin": "weather"}},
        ),
        "x3",
    ),
    "unknown keys": (valid(more={"a": 1}, providers={"gpu": {**STATIC["gpu"], "note": "x"}}), "x3"),
    "an empty label table of null": (valid(variants={"null": {}}), "null"),
}


@pytest.mark.parametrize(("document", "expected"), TOLERATED.values(), ids=TOLERATED)
def test_small_faults_are_tolerated(shop: Shop, document: dict[str, Any], expected: str) -> None:
    publish(shop, document)
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == expected
    assert not outcome.warnings


def test_an_unknown_builtin_supports_nothing_but_harms_nobody(shop: Shop) -> None:
    publish(
        shop,
        valid(
            default_priorities={"namespace": ["odd", "gpu"]},
            providers={**STATIC, "odd": {"builtin": "weather"}},
            variants={"sunny": {"odd": {"sky": ["blue"]}}, "x1": X["x1"]},
        ),
    )
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 1
    assert "weather" in outcome.warnings[0]


def test_a_wheel_with_more_than_its_own_label_is_not_what_it_says(shop: Shop) -> None:
    shop.wheel(label="x1", variant_json=valid(variants={"x1": X["x1"]}))
    shop.wheel(label="x2", variant_json=valid(variants={"x1": X["x1"], "x2": X["x2"]}))
    shop.wheel(label="x3", variant_json=valid(variants={"x2": X["x2"]}))
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 2


# Combining what wheels say (no index file)


def test_the_longer_of_two_namespace_lists_counts_if_it_begins_with_the_shorter(shop: Shop) -> None:
    cpu = {"cpu": {"static-properties": {"level": ["v1"]}}}
    shop.wheel(label="a", properties={"gpu": {"arch": ["x1"]}}, priorities=["gpu"], providers=STATIC)
    shop.wheel(
        label="b", properties={"cpu": {"level": ["v1"]}}, priorities=["gpu", "cpu"],
        providers={**STATIC, **cpu},
    )  # fmt: skip
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "a"
    assert not outcome.warnings


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "namespaces in another order": {
        "priorities": ["cpu", "gpu"],
        "providers": {**STATIC, "cpu": {"static-properties": {"level": ["v1"]}}},
    },
    "another provider": {
        "priorities": ["gpu"],
        "providers": {"gpu": {"static-properties": {"arch": ["x1", "x2", "x3"]}}},
    },
    "an optional provider": {
        "priorities": ["gpu"],
        "providers": {"gpu": {**STATIC["gpu"], "optional": True}},
    },
}


@pytest.mark.parametrize("other", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_wheels_that_contradict_one_another(shop: Shop, other: dict[str, Any]) -> None:
    shop.wheel(label="x1", properties=X["x1"], priorities=["gpu"], providers=STATIC)
    shop.wheel(label="x2", properties=X["x2"], **other)
    shop.wheel()
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_wheels_of_mixed_schema_versions_are_combined(shop: Shop) -> None:
    shop.wheel(label="x1", variant_json=valid(variants={"x1": X["x1"]}))
    shop.wheel(
        label="x2",
        variant_json={
            "$schema": PEP825,
            "default-priorities": {"namespace": ["gpu"]},
            "variants": {"x2": X["x2"]},
        },
    )
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "x2"
    assert not outcome.warnings


def test_one_label_of_two_wheels_is_one_set(shop: Shop) -> None:
    """Two wheels of one label differ in order only: that is no contradiction."""
    platform = "py3-none-any"
    both = {"gpu": {"arch": ["x1", "x2"]}}
    shop.wheel(label="a", properties=both)
    shop.wheel(label="a", properties={"gpu": {"arch": ["x2", "x1"]}}, build="2", tag=platform)
    outcome = shop.install()
    assert outcome.label() == "a"
    assert not outcome.warnings


# Index duties


def test_a_released_index_is_what_installers_read(shop: Shop) -> None:
    shop.wheel("Foo.Bar", "1.0.0", label="x1", properties=X["x1"])
    shop.wheel("Foo.Bar", "1.0.0", label="x2", properties=X["x2"])
    shop.wheel("Foo.Bar", "1.0.0", label="null")
    shop.wheel("Foo.Bar", "1.0.0")
    code, _, err = shop.run("release", "index", str(shop.shelf))
    assert code == 0, err
    path = shop.shelf / "foo_bar-1.0.0-variants.json"
    written = path.read_bytes()
    document = json.loads(written)
    assert document["$schema"] == PEP850
    assert set(document["variants"]) == {"x1", "x2", "null"}
    assert document["variants"]["null"] == {}
    assert written.endswith(b"}\n")
    code, _, err = shop.run("release", "index", str(shop.shelf))
    assert path.read_bytes() == written
    outcome = shop.install("foo-bar")
    assert outcome.code == 0, outcome.err
    assert "variant x2" in outcome.out
    for page in ("index.html", "index.json"):
        text = next(shop.shelf.rglob(f"foo-bar/{page}")).read_text()
        assert "foo_bar-1.0.0-variants.json" in text
        assert "sha256" in text
    outcome = shop.install("foo-bar", "--index-url", (shop.shelf / "simple").as_uri(), index=False)
    assert outcome.code == 0, outcome.err
    assert "variant x2" in outcome.out
