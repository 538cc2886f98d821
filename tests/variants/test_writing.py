"""Writing metadata, and what gets lost on the way."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from variantlib.variants_json import VariantsJson

from rewheel.variants import (
    Dialect,
    InvalidMetadata,
    Provider,
    ProviderKind,
    VariantMetadata,
    VariantProperties,
    VariantsError,
    check_metadata,
    losses,
    read_metadata,
    to_document,
    write_metadata,
)
from variants.strategies import documents

FAST = VariantProperties.from_mapping({"gpu": {"arch": ["x2", "x1"]}})
PLUGIN = Provider("gpu", ProviderKind.PLUGIN, requires=("gpu-provider",), plugin_api="gpu.plugin:Gpu")


def metadata(**changes: Any) -> VariantMetadata:
    fields: dict[str, Any] = {"namespaces": ["gpu"], "variants": {"fast": FAST}}
    return VariantMetadata(**{**fields, **changes})


def test_the_text_is_the_same_every_time() -> None:
    text = write_metadata(metadata(variants={"null": VariantProperties(), "fast": FAST}, providers=[PLUGIN]))
    assert text == write_metadata(
        metadata(variants={"fast": FAST, "null": VariantProperties()}, providers=[PLUGIN])
    )
    assert text.endswith("}\n")
    assert text.isascii()
    assert json.loads(text) == {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu.plugin:Gpu"}},
        "variants": {"fast": {"gpu": {"arch": ["x1", "x2"]}}, "null": {}},
    }


def test_without_providers_the_dialect_is_that_of_pep_825() -> None:
    assert to_document(metadata()) == {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["gpu"]},
        "variants": {"fast": {"gpu": {"arch": ["x1", "x2"]}}},
    }
    with_providers = metadata(providers=[PLUGIN])
    assert "providers" not in to_document(with_providers, dialect=Dialect.PEP825)
    assert [item.code for item in losses(with_providers, Dialect.PEP825)] == ["lost-provider"]
    assert losses(with_providers, Dialect.PEP850) == []


def test_every_kind_of_provider_is_written() -> None:
    providers = [
        PLUGIN,
        Provider("one", ProviderKind.STATIC, static_properties={"b": ("2", "1")}),
        Provider("two", ProviderKind.STATIC, static_properties={"b": ("2",), "a": ("1",)}, optional=True),
        Provider("abi", ProviderKind.BUILTIN, builtin="abi_dependency"),
    ]
    made = metadata(namespaces=["gpu", "one", "two", "abi"], providers=providers)
    assert to_document(made)["providers"] == {
        "gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu.plugin:Gpu"},
        "one": {"static-properties": {"b": ["2", "1"]}},
        "two": {"static-properties": {"b": ["2"], "a": ["1"]}, "feature-order": ["b", "a"], "optional": True},
        "abi": {"builtin": "abi_dependency"},
    }
    assert read_metadata(write_metadata(made)).providers == made.providers


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"namespaces": []}, "no-namespaces"),
        ({"namespaces": ["cpu"]}, "unlisted-namespace"),
        ({"namespaces": ["GPU", "gpu"]}, "bad-namespace"),
        ({"namespaces": ["gpu", "gpu"]}, "duplicate-namespace"),
        ({"variants": {"null": FAST}}, "null-with-properties"),
        ({"variants": {"a": FAST, "b": FAST}}, "same-properties"),
        ({"variants": {"a": VariantProperties(), "null": VariantProperties()}}, "same-properties"),
        ({"namespaces": ["gpu", "cpu"], "providers": [PLUGIN]}, "missing-provider"),
        ({"providers": [Provider("gpu", ProviderKind.PLUGIN, build_requires=("x",))]}, "build-requires"),
        ({"providers": [Provider("gpu", ProviderKind.PLUGIN, plugin_api="x")]}, "no-requirements"),
        ({"providers": [Provider("gpu", ProviderKind.PLUGIN, requires=("-e .",))]}, "bad-requirement"),
    ],
)
def test_what_must_not_be_published_is_not_written(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidMetadata) as caught:
        write_metadata(metadata(**changes))
    assert code in {finding.code for finding in caught.value.findings}
    assert all(finding.fatal for finding in caught.value.findings)


def test_an_abi_dependency_of_a_draft_gets_a_place_and_a_provider() -> None:
    abi = VariantProperties.from_mapping({"abi_dependency": {"torch": ["2.9"]}, "gpu": {"arch": ["x1"]}})
    written = to_document(metadata(variants={"a": abi}, providers=[PLUGIN]))
    assert written["default-priorities"] == {"namespace": ["gpu", "abi_dependency"]}
    assert written["providers"]["abi_dependency"] == {"builtin": "abi_dependency"}
    assert read_metadata(written).abi_namespaces == {"abi_dependency"}
    plain = to_document(metadata(variants={"a": abi}))
    assert plain["default-priorities"] == {"namespace": ["gpu", "abi_dependency"]}


def test_old_dialects_are_converted_and_losses_are_told() -> None:
    old = read_metadata(
        {
            "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
            "default-priorities": {
                "namespace": ["cpu", "math"],
                "feature": {"cpu": ["level"], "math": ["lib", "odd"]},
                "property": {"math": {"lib": ["mkl"]}, "cpu": {"level": ["v2"]}},
            },
            "providers": {
                "cpu": {"requires": ["cpu-provider"], "enable-if": "os_name == 'posix'"},
                "math": {"install-time": False},
            },
            "static-properties": {"math": {"odd": ["1"], "lib": ["openblas", "mkl"]}},
            "variants": {"a": {"cpu": {"level": ["v2"]}, "math": {"lib": ["mkl"]}}},
        }
    )
    written = to_document(old)
    assert written["providers"] == {
        "cpu": {"requires": ["cpu-provider"]},
        "math": {
            "static-properties": {"lib": ["mkl", "openblas"], "odd": ["1"]},
            "feature-order": ["lib", "odd"],
        },
    }
    assert {(item.code, item.path) for item in losses(old, Dialect.PEP850)} == {
        ("lost-enable-if", "providers.cpu.enable-if"),
        ("lost-priorities", "default-priorities.feature.cpu"),
        ("lost-priorities", "default-priorities.property.cpu"),
    }
    assert not any(item.fatal for item in losses(old, Dialect.PEP825))


def test_metadata_is_a_value() -> None:
    one, other = metadata(providers=[PLUGIN]), metadata(providers={"gpu": PLUGIN})
    assert one == other
    assert hash(one) == hash(other)
    assert one != metadata()
    assert one != "metadata"
    with pytest.raises(AttributeError):
        one.namespaces = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        one.variants["x"] = FAST  # type: ignore[index]
    assert "fast" in repr(one)
    full = read_metadata(to_document(one))
    assert pickle.loads(pickle.dumps(full)) == copy.deepcopy(full) == full
    ordered = Provider("a", ProviderKind.STATIC, static_properties={"x": ("1",), "y": ("2",)})
    assert ordered != Provider("a", ProviderKind.STATIC, static_properties={"y": ("2",), "x": ("1",)})
    with pytest.raises(AttributeError):
        ordered.optional = True  # type: ignore[misc]
    assert repr(ordered) == "Provider('a', static)"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (ProviderKind.PLUGIN, {"builtin": "x"}),
        (ProviderKind.PLUGIN, {"static_properties": {"a": ("1",)}}),
        (ProviderKind.STATIC, {"requires": ("x",)}),
        (ProviderKind.BUILTIN, {}),
        (ProviderKind.PLUGIN, {"requires": ("x",), "build_requires": ("y",)}),
    ],
)
def test_a_provider_is_of_one_kind(kind: ProviderKind, options: dict[str, Any]) -> None:
    with pytest.raises(VariantsError):
        Provider("gpu", kind, **options)


@given(documents())
def test_what_is_written_is_read_again_unchanged(document: dict[str, Any]) -> None:
    made = read_metadata(document)
    text = write_metadata(made)
    assert not [finding for finding in check_metadata(text) if finding.code != "static-empty"]
    assert read_metadata(text) == made
    assert write_metadata(read_metadata(text)) == text


@given(documents(with_providers=False))
def test_pep_825_is_written_and_read_again_unchanged(document: dict[str, Any]) -> None:
    made = read_metadata(document)
    assert to_document(made) == document
    assert check_metadata(write_metadata(made)) == []


@given(documents())
def test_each_wheel_holds_its_part(document: dict[str, Any]) -> None:
    made = read_metadata(document)
    for label in made.variants:
        text = write_metadata(made.select(label))
        part = read_metadata(text, kind="wheel", label=label)
        assert part.namespaces == made.namespaces
        assert part.properties_of(label) == made.properties_of(label)


@given(documents())
def test_variantlib_reads_what_is_written(document: dict[str, Any]) -> None:
    made = read_metadata(document)
    written = to_document(made)
    tables = [item.get("static-properties") for item in written["providers"].values()]
    if any(table is not None and not all(table.values()) for table in tables):
        return  # it refuses empty lists of values
    theirs = VariantsJson(json.loads(write_metadata(made)))
    assert set(theirs.variants) == set(made.variants)
