"""Reading and checking today's dialects: PEP 825 and PEP 850."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from variantlib.variants_json import VariantsJson

from rewheel.variants import (
    DocumentKind,
    InvalidMetadata,
    ProviderKind,
    UnsupportedSchema,
    VariantsError,
    check_metadata,
    read_metadata,
)
from variants.strategies import documents, json_values

HOST = "https://variants-schema.wheelnext.dev"
V011 = f"{HOST}/peps/825/v0.1.1.json"
V020 = f"{HOST}/peps/850/v0.2.0.json"


def plain(**changes: Any) -> dict[str, Any]:
    """A document of PEP 825, with some keys changed; None leaves a key out."""
    document: dict[str, Any] = {
        "$schema": V011,
        "default-priorities": {"namespace": ["gpu", "cpu"]},
        "variants": {"fast": {"cpu": {"level": ["v3"]}, "gpu": {"arch": ["x1", "x2"]}}, "null": {}},
    }
    return {key: value for key, value in {**document, **changes}.items() if value is not None}


def full(**changes: Any) -> dict[str, Any]:
    """A document of PEP 850, with some keys changed; None leaves a key out."""
    document = plain(
        **{
            "$schema": V020,
            "providers": {
                "gpu": {
                    "requires": ["gpu-provider>=1,<2"],
                    "plugin-api": "gpu_provider.plugin:Gpu",
                    "optional": True,
                },
                "cpu": {
                    "static-properties": {"level": ["v3", "v2"], "flag": ["on"]},
                    "feature-order": ["flag", "level"],
                },
            },
        }
    )
    return {key: value for key, value in {**document, **changes}.items() if value is not None}


def with_provider(entry: Any) -> dict[str, Any]:
    """A document whose provider of `gpu` is `entry`."""
    return full(providers={"gpu": entry, "cpu": {"requires": ["x"]}})


def with_properties(properties: Any) -> dict[str, Any]:
    """A document whose label `fast` stands for `properties`."""
    return plain(variants={"fast": properties})


def codes(document: Any, **options: Any) -> list[tuple[str, str, bool]]:
    return [(item.code, item.path, item.fatal) for item in check_metadata(document, **options)]


def test_a_document_of_pep_825_is_read() -> None:
    metadata = read_metadata(json.dumps(plain()))
    assert metadata.namespaces == ("gpu", "cpu")
    assert metadata.labels == ("fast", "null")
    assert metadata.providers == {}
    assert metadata.schema_version == "0.1.1"
    properties = metadata.properties_of("fast")
    assert properties is not None
    assert properties.to_mapping() == {"cpu": {"level": ["v3"]}, "gpu": {"arch": ["x1", "x2"]}}
    assert metadata.properties_of("other") is None
    assert check_metadata(plain()) == []


def test_a_document_of_pep_850_is_read() -> None:
    metadata = read_metadata(json.dumps(full()).encode())
    assert check_metadata(full()) == []
    gpu, cpu = metadata.providers["gpu"], metadata.providers["cpu"]
    assert gpu.kind is ProviderKind.PLUGIN
    assert gpu.requires == ("gpu-provider>=1,<2",)
    assert gpu.plugin_api == "gpu_provider.plugin:Gpu"
    assert gpu.optional
    assert cpu.kind is ProviderKind.STATIC
    assert list(cpu.static_properties.items()) == [("flag", ("on",)), ("level", ("v3", "v2"))]
    assert cpu.feature_order == ("flag", "level")
    assert not cpu.optional
    assert metadata.abi_namespaces == frozenset()


def test_null_stands_for_nothing_even_where_it_is_not_listed() -> None:
    metadata = read_metadata(plain(variants={}))
    assert metadata.labels == ()
    properties = metadata.properties_of("null")
    assert properties is not None
    assert not properties


@pytest.mark.parametrize(
    "url",
    [
        V011,
        V020,
        f"{HOST}/peps/825/v0.1.0.json",
        f"{HOST}/peps/9999/v0.2.0.json",
        f"{HOST}/peps/826/v0.2.0.json",
        f"{HOST}/v0.2.0.json",
        f"{HOST}/peps/850/v0.3.7.json",
        f"{HOST}/peps/825/v0.1.9.json",
        "https://packaging.python.org/schemas/v1.0.0.json",
        "https://packaging.python.org/schemas/v1.99.1.json",
        "https://example.org/v0.2.0.json",
    ],
)
def test_every_version_of_a_known_major_is_read(url: str) -> None:
    metadata = read_metadata({**full(), "$schema": url})
    assert metadata.labels == ("fast", "null")
    assert bool(metadata.providers) is not url.endswith(("v0.1.0.json", "v0.1.1.json", "v0.1.9.json"))


@pytest.mark.parametrize("version", ["2.0.0", "10.1.1", "3.0.0", "99999999999999999999999.0.0", "02.0.0"])
def test_another_major_version_is_rejected(version: str) -> None:
    document = {**full(), "$schema": f"{HOST}/peps/850/v{version}.json"}
    with pytest.raises(UnsupportedSchema) as caught:
        read_metadata(document)
    assert isinstance(caught.value, InvalidMetadata)
    assert codes(document) == [("unsupported-schema", "$schema", True)]


@pytest.mark.parametrize(
    "url",
    [
        None,
        1,
        [],
        "",
        "https://example.org/",
        f"{HOST}/v1.json",
        f"{HOST}/v1.0.json",
        f"{V011}\n",
        f"{V011}#",
        "0.1.1",
    ],
)
def test_a_schema_without_version_is_invalid(url: Any) -> None:
    assert codes({**plain(), "$schema": url}) == [("bad-schema", "$schema", True)]


def test_an_unknown_host_and_a_newer_version_are_mentioned() -> None:
    document = {**full(), "$schema": "https://example.org/v1.4.0.json"}
    assert codes(document) == [("unknown-schema-host", "$schema", False), ("newer-schema", "$schema", False)]


FATAL: list[tuple[Any, str, str]] = [
    (plain(**{"$schema": None}), "missing-key", "$schema"),
    (plain(**{"default-priorities": None}), "missing-key", "default-priorities"),
    (plain(variants=None), "missing-key", "variants"),
    (plain(variants=[]), "not-an-object", "variants"),
    (plain(variants={"fast": []}), "not-an-object", "variants.fast"),
    (plain(variants={"fast": None}), "not-an-object", "variants.fast"),
    (plain(**{"default-priorities": []}), "not-an-object", "default-priorities"),
    (plain(**{"default-priorities": {}}), "missing-key", "default-priorities.namespace"),
    (plain(**{"default-priorities": {"namespace": []}}), "no-namespaces", "default-priorities.namespace"),
    (plain(**{"default-priorities": {"namespace": "gpu"}}), "not-a-list", "default-priorities.namespace"),
    (
        plain(**{"default-priorities": {"namespace": {"gpu": 1}}}),
        "not-a-list",
        "default-priorities.namespace",
    ),
    (
        plain(**{"default-priorities": {"namespace": ["gpu", "cpu", "gpu"]}}),
        "duplicate-namespace",
        "default-priorities.namespace[2]",
    ),
    (
        plain(**{"default-priorities": {"namespace": ["gpu", "cpu", "G"]}}),
        "bad-namespace",
        "default-priorities.namespace[2]",
    ),
    (
        plain(**{"default-priorities": {"namespace": ["gpu", "cpu", 1]}}),
        "bad-namespace",
        "default-priorities.namespace[2]",
    ),
    (
        plain(**{"default-priorities": {"namespace": ["gpu", "cpu", "x\n"]}}),
        "bad-namespace",
        "default-priorities.namespace[2]",
    ),
    (
        plain(**{"default-priorities": {"namespace": ["gpu"]}}),
        "unlisted-namespace",
        "default-priorities.namespace",
    ),
    (plain(variants={"Fast": {}}), "bad-label", "variants.Fast"),
    (plain(variants={"": {}}), "bad-label", 'variants.""'),
    (plain(variants={"a-b": {}}), "bad-label", "variants.a-b"),
    (plain(variants={"a\n": {}}), "bad-label", 'variants."a\\n"'),
    (plain(variants={"null": {"cpu": {"level": ["v1"]}}}), "null-with-properties", "variants.null"),
    (with_properties({"C": {"level": ["v1"]}}), "bad-namespace", "variants.fast.C"),
    (with_properties({"cpu": {"l.m": ["v1"]}}), "bad-feature", 'variants.fast.cpu."l.m"'),
    (with_properties({"cpu": {"level": []}}), "no-values", "variants.fast.cpu.level"),
    (with_properties({"cpu": {"level": "v1"}}), "not-a-list", "variants.fast.cpu.level"),
    (with_properties({"cpu": {"level": {"v1": []}}}), "not-a-list", "variants.fast.cpu.level"),
    (with_properties({"cpu": {"level": None}}), "not-a-list", "variants.fast.cpu.level"),
    (with_properties({"cpu": {"level": ["v1", "v1"]}}), "duplicate-value", "variants.fast.cpu.level[1]"),
    (with_properties({"cpu": {"level": ["V1"]}}), "bad-value", "variants.fast.cpu.level[0]"),
    (with_properties({"cpu": {"level": ["v1\n"]}}), "bad-value", "variants.fast.cpu.level[0]"),
    (with_properties({"cpu": {"level": [3]}}), "bad-value", "variants.fast.cpu.level[0]"),
    (with_properties({"cpu": {"level": [["v1"]]}}), "bad-value", "variants.fast.cpu.level[0]"),
    (with_properties({"cpu": []}), "not-an-object", "variants.fast.cpu"),
    (full(providers=None), "missing-key", "providers"),
    (full(providers=[]), "not-an-object", "providers"),
    (full(providers={"gpu": {"requires": ["x"]}}), "missing-provider", "providers.cpu"),
    (
        full(providers={**full()["providers"], "net": {"requires": ["x"]}}),
        "unlisted-provider",
        "providers.net",
    ),
    (full(providers={**full()["providers"], "Net": {"requires": ["x"]}}), "bad-namespace", "providers.Net"),
    (with_provider([]), "not-an-object", "providers.gpu"),
    (with_provider({}), "provider-kind", "providers.gpu"),
    (with_provider({"optional": True}), "provider-kind", "providers.gpu"),
    (with_provider({"requires": ["x"], "builtin": "abi_dependency"}), "provider-kind", "providers.gpu"),
    (with_provider({"requires": ["x"], "static-properties": {}}), "provider-kind", "providers.gpu"),
    (with_provider({"build-requires": ["x"]}), "build-requires", "providers.gpu.build-requires"),
    (with_provider({"requires": []}), "no-requirements", "providers.gpu.requires"),
    (with_provider({"requires": "x"}), "not-a-list", "providers.gpu.requires"),
    (with_provider({"requires": ["x", "-r file"]}), "bad-requirement", "providers.gpu.requires[1]"),
    (with_provider({"requires": ["x ; bogus"]}), "bad-requirement", "providers.gpu.requires[0]"),
    (
        with_provider({"requires": ["x ; variant_label == 'a'"]}),
        "bad-requirement",
        "providers.gpu.requires[0]",
    ),
    (with_provider({"requires": ["\ud800"]}), "bad-requirement", "providers.gpu.requires[0]"),
    (with_provider({"requires": [5]}), "bad-requirement", "providers.gpu.requires[0]"),
    (with_provider({"requires": ["x"], "plugin-api": "a b"}), "bad-plugin-api", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "plugin-api": "a..b"}), "bad-plugin-api", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "plugin-api": "a:b:c"}), "bad-plugin-api", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "plugin-api": "a:"}), "bad-plugin-api", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "plugin-api": "1a:b"}), "bad-plugin-api", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "plugin-api": 1}), "bad-text", "providers.gpu.plugin-api"),
    (with_provider({"requires": ["x"], "optional": "yes"}), "not-a-boolean", "providers.gpu.optional"),
    (with_provider({"requires": ["x"], "optional": 1}), "not-a-boolean", "providers.gpu.optional"),
    (
        with_provider({"requires": ["x"], "feature-order": ["a"]}),
        "misplaced-feature-order",
        "providers.gpu.feature-order",
    ),
    (
        with_provider({"builtin": "abi_dependency", "plugin-api": "a:b"}),
        "misplaced-plugin-api",
        "providers.gpu.plugin-api",
    ),
    (
        with_provider({"static-properties": {"a": ["1"]}, "plugin-api": "a:b"}),
        "misplaced-plugin-api",
        "providers.gpu.plugin-api",
    ),
    (with_provider({"builtin": ""}), "bad-text", "providers.gpu.builtin"),
    (with_provider({"builtin": 1}), "bad-text", "providers.gpu.builtin"),
    (with_provider({"static-properties": []}), "not-an-object", "providers.gpu.static-properties"),
    (with_provider({"static-properties": {"A": ["1"]}}), "bad-feature", "providers.gpu.static-properties.A"),
    (with_provider({"static-properties": {"a": "1"}}), "not-a-list", "providers.gpu.static-properties.a"),
    (
        with_provider({"static-properties": {"a": ["1", "1"]}}),
        "duplicate-value",
        "providers.gpu.static-properties.a[1]",
    ),
    (
        with_provider({"static-properties": {"a": ["1"], "b": ["1"]}}),
        "feature-order",
        "providers.gpu.feature-order",
    ),
    (
        with_provider({"static-properties": {"a": ["1"], "b": ["1"]}, "feature-order": ["a"]}),
        "feature-order",
        "providers.gpu.feature-order",
    ),
    (
        with_provider({"static-properties": {"a": ["1"]}, "feature-order": ["a", "b"]}),
        "feature-order",
        "providers.gpu.feature-order",
    ),
    (
        with_provider({"static-properties": {"a": ["1"], "b": []}, "feature-order": ["a", "b", "a"]}),
        "duplicate-feature",
        "providers.gpu.feature-order[2]",
    ),
]


@pytest.mark.parametrize(("document", "code", "path"), FATAL, ids=[f"{case[1]}:{case[2]}" for case in FATAL])
def test_an_invalid_document_is_refused(document: Any, code: str, path: str) -> None:
    found = check_metadata(document)
    assert (code, path, True) in codes(document)
    with pytest.raises(InvalidMetadata) as caught:
        read_metadata(document)
    assert list(caught.value.findings) == found
    assert str(caught.value).isprintable()


def test_all_problems_are_told_at_once() -> None:
    document = plain(variants={"A": {"B": {"c": []}}, "d": {"cpu": {"level": ["X", "Y"]}}})
    fatal = [item for item in codes(document) if item[2]]
    assert [item[0] for item in fatal] == [
        "bad-label",
        "no-values",
        "bad-namespace",
        "bad-value",
        "bad-value",
    ]
    with pytest.raises(InvalidMetadata, match="and 4 more"):
        read_metadata(document)


TOLERATED: list[tuple[Any, str, str]] = [
    (with_properties({"cpu": {"level": ["v2", "v1"]}}), "unsorted-values", "variants.fast.cpu.level"),
    (with_properties({"cpu": {"level": ["v1"]}, "gpu": {}}), "empty-namespace", "variants.fast.gpu"),
    (with_properties({}), "no-properties", "variants.fast"),
    (
        plain(variants={"a": {"cpu": {"level": ["v1", "v2"]}}, "b": {"cpu": {"level": ["v2", "v1"]}}}),
        "same-properties",
        "variants.b",
    ),
    (plain(extra=1), "unknown-key", "extra"),
    (plain(providers={}), "unknown-key", "providers"),
    (
        plain(**{"default-priorities": {"namespace": ["gpu", "cpu"], "feature": {}}}),
        "unknown-key",
        "default-priorities.feature",
    ),
    (
        full(**{"default-priorities": {"namespace": ["gpu", "cpu"], "feature": {"cpu": ["level"]}}}),
        "draft-priorities",
        "default-priorities.feature",
    ),
    (with_provider({"requires": ["x"], "enable-if": "?"}), "unknown-key", "providers.gpu.enable-if"),
    (with_provider({"static-properties": {"a": []}}), "static-empty", "providers.gpu.static-properties.a"),
    (with_provider({"static-properties": {}}), "static-empty", "providers.gpu.static-properties"),
    (
        plain(variants={"a": {"abi_dependency": {"torch": ["2.9"]}}}),
        "implicit-abi-dependency",
        "default-priorities.namespace",
    ),
]


@pytest.mark.parametrize(("document", "code", "path"), TOLERATED, ids=[case[1] for case in TOLERATED])
def test_oddities_are_reported_but_read(document: Any, code: str, path: str) -> None:
    assert (code, path, False) in codes(document)
    assert read_metadata(document).labels


def test_unsorted_values_are_noted_each_time() -> None:
    odd = {"cpu": {"level": ["v2", "v1"]}, "gpu": {"arch": ["v2", "v1"]}}
    assert [code for code, _, _ in codes(with_properties(odd))] == ["unsorted-values", "unsorted-values"]


def test_a_builtin_provider_that_nobody_knows_is_valid() -> None:
    metadata = read_metadata(with_provider({"builtin": "moon_phase"}))
    assert metadata.providers["gpu"].kind is ProviderKind.BUILTIN
    assert metadata.abi_namespaces == frozenset()


def test_abi_dependencies_are_recognised() -> None:
    named = read_metadata(with_provider({"builtin": "abi_dependency"}))
    assert named.abi_namespaces == {"gpu"}
    draft = read_metadata(plain(variants={"a": {"abi_dependency": {"torch": ["2.9"]}}}))
    assert draft.abi_namespaces == {"abi_dependency"}
    listed = full(
        **{"default-priorities": {"namespace": ["gpu", "cpu", "abi_dependency"]}},
        providers={**full()["providers"], "abi_dependency": {"static-properties": {"torch": ["2"]}}},
    )
    assert read_metadata(listed).abi_namespaces == frozenset()


@pytest.mark.parametrize(
    ("variants", "label", "is_fine"),
    [
        ({"fast": {"cpu": {"level": ["v3"]}}}, "fast", True),
        ({"null": {}}, "null", True),
        ({"fast": {"cpu": {"level": ["v3"]}}}, "slow", False),
        ({"fast": {"cpu": {"level": ["v3"]}}, "null": {}}, "fast", False),
        ({}, "fast", False),
        ({}, "null", False),
        ({}, "", False),
        ({"fast": {}}, "", True),
        ({"fast": {}, "slow": {}}, "", False),
    ],
)
def test_a_wheel_lists_exactly_its_own_label(variants: Any, label: str, is_fine: bool) -> None:
    found = codes(plain(variants=variants), kind="wheel", label=label)
    assert (("wrong-label", "variants", True) in found) is not is_fine


def test_a_lock_file_may_leave_things_out() -> None:
    document = full(**{"default-priorities": {"namespace": []}}, variants={"null": {}})
    assert not any(finding.fatal for finding in check_metadata(document, kind=DocumentKind.LOCK))
    assert any(finding.fatal for finding in check_metadata(document, kind=DocumentKind.INDEX))
    assert read_metadata(document, kind="lock").namespaces == ()


def test_draft_priorities_are_kept_as_overrides() -> None:
    priorities = {
        "namespace": ["gpu", "cpu"],
        "feature": {"cpu": ["level"], "gpu": []},
        "property": {"gpu": {"arch": ["x2"]}},
    }
    for url in (V020, f"{HOST}/peps/825/v0.1.0.json"):
        metadata = read_metadata(full(**{"default-priorities": priorities, "$schema": url}))
        assert metadata.feature_priorities == {"cpu": ("level",)}
        assert metadata.property_priorities == {"gpu": {"arch": ("x2",)}}
    strict = read_metadata(full(**{"default-priorities": priorities, "$schema": V011}))
    assert strict.feature_priorities == {}
    assert strict.property_priorities == {}


@pytest.mark.parametrize(
    "priorities",
    [
        {"feature": []},
        {"feature": {"G": ["a"]}},
        {"feature": {"gpu": "a"}},
        {"feature": {"gpu": ["a", "a"]}},
        {"property": {"gpu": ["a"]}},
        {"property": {"gpu": {"a": ["B"]}}},
    ],
)
def test_malformed_draft_priorities_are_refused(priorities: dict[str, Any]) -> None:
    document = full(**{"default-priorities": {"namespace": ["gpu", "cpu"], **priorities}})
    with pytest.raises(InvalidMetadata):
        read_metadata(document)


def test_a_dotted_label_that_toml_nested_gets_a_hint() -> None:
    document = with_properties({"cpu": {"level": {"v": 1}}})
    assert any("quoted in TOML" in finding.message for finding in check_metadata(document))


@given(documents())
def test_valid_documents_have_nothing_fatal(document: dict[str, Any]) -> None:
    assert not [finding for finding in check_metadata(document) if finding.fatal]
    metadata = read_metadata(json.dumps(document))
    assert set(metadata.variants) == set(document["variants"])
    assert list(metadata.namespaces) == document["default-priorities"]["namespace"]
    assert metadata == read_metadata(document)


@given(documents())
def test_what_variantlib_reads_means_the_same_here(document: dict[str, Any]) -> None:
    try:
        theirs = VariantsJson(copy.deepcopy(document))  # type: ignore[arg-type]
    except Exception:
        return  # it refuses empty static lists
    ours = read_metadata(document)
    assert list(ours.namespaces) == theirs.namespace_priorities
    assert {label: item.to_mapping() for label, item in ours.variants.items()} == {
        label: item.to_dict() for label, item in theirs.variants.items()
    }
    for namespace, provider in ours.providers.items():
        other = theirs.providers[namespace]
        assert list(provider.requires) == other.requires
        assert provider.plugin_api == (other.plugin_api or "")
        assert provider.optional == other.optional
        assert {f: list(v) for f, v in provider.static_properties.items()} == other.static_properties
        assert provider.builtin == (other.builtin or "")


@given(documents(), json_values)
def test_a_damaged_document_is_read_or_refused_but_never_crashes(document: dict[str, Any], junk: Any) -> None:
    for path in list(_paths(document)):
        damaged = copy.deepcopy(document)
        inner = damaged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = junk
        found = check_metadata(damaged)
        assert all(str(finding).isprintable() for finding in found)
        try:
            read_metadata(damaged)
        except VariantsError:
            assert any(finding.fatal for finding in found)
        else:
            assert not any(finding.fatal for finding in found)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    if isinstance(value, dict):
        for key in list(value)[:3]:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))
