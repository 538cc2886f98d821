"""Reading v0.0.2 and v0.0.3, the dialects of PEP 817."""

from typing import Any

import pytest

from rewheel.variants import (
    InvalidMetadata,
    ProviderKind,
    VariantMetadata,
    check_metadata,
    rank,
    read_metadata,
)

HOST = "https://variants-schema.wheelnext.dev"


def document(version: str = "/v0.0.3.json", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "$schema": f"{HOST}{version}",
        "default-priorities": {
            "namespace": ["x86_64", "aarch64", "blas_lapack"],
            "feature": {"x86_64": ["level"], "blas_lapack": ["provider"]},
            "property": {"x86_64": {"level": ["v2", "v3"]}},
        },
        "providers": {
            "aarch64": {
                "requires": ["provider-variant-aarch64 >=0.0.1; python_version >= '3.12'", "legacy-a64"]
            },
            "blas_lapack": {"install-time": False, "requires": ["blas-lapack-variant-provider"]},
            "x86_64": {
                "enable-if": "platform_machine == 'x86_64'",
                "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
                "requires": ["provider-variant-x86-64 >=0.0.1"],
                "optional": True,
            },
        },
        "static-properties": {"blas_lapack": {"other": ["1"], "provider": ["accelerate", "openblas", "mkl"]}},
        "variants": {
            "x8664v3_openblas": {"blas_lapack": {"provider": ["openblas"]}, "x86_64": {"level": ["v3"]}},
            "x8664v2_mkl": {"blas_lapack": {"provider": ["mkl"]}, "x86_64": {"level": ["v2"]}},
        },
    }
    return {key: value for key, value in {**made, **changes}.items() if value is not None}


def read(**changes: Any) -> VariantMetadata:
    return read_metadata(document(**changes))


def test_install_time_providers_are_plugins() -> None:
    metadata = read()
    assert metadata.schema_version == "0.0.3"
    provider = metadata.providers["x86_64"]
    assert provider.kind is ProviderKind.PLUGIN
    assert provider.plugin_api == "provider_variant_x86_64.plugin:X8664Plugin"
    assert provider.enable_if == "platform_machine == 'x86_64'"
    assert provider.optional
    assert len(metadata.providers["aarch64"].requires) == 2


def test_providers_asked_ahead_of_time_are_static() -> None:
    provider = read().providers["blas_lapack"]
    assert provider.kind is ProviderKind.STATIC
    assert provider.requires == ()
    # The order of features comes from default-priorities.feature, what it leaves out comes after.
    assert list(provider.static_properties.items()) == [
        ("provider", ("accelerate", "openblas", "mkl")),
        ("other", ("1",)),
    ]


def test_override_lists_reorder_and_add_nothing() -> None:
    metadata = read()
    supported = {
        "x86_64": {"avx": ["on"], "level": ["v3", "v2", "v1"]},
        "blas_lapack": {"provider": ["openblas", "mkl"]},
    }
    assert rank(metadata.labels, metadata, supported).order == ("x8664v2_mkl", "x8664v3_openblas")
    only_v3 = {**supported, "x86_64": {"level": ["v3"]}}
    assert rank(metadata.labels, metadata, only_v3).order == ("x8664v3_openblas",)


@pytest.mark.parametrize("version", ["/v0.0.2.json", "/", "", "/v0.0.1.json"])
def test_the_first_dialect_lists_static_values_in_the_priorities(version: str) -> None:
    providers = {
        "x86_64": {"requires": ["a"]},
        "aarch64": {"requires": ["b"], "plugin-use": "all"},
        "blas_lapack": {"requires": ["c"], "plugin-use": "build"},
        "mpi": {"requires": [], "plugin-use": "none"},
    }
    priorities = {
        "namespace": ["x86_64", "aarch64", "blas_lapack", "mpi"],
        "feature": {"blas_lapack": ["provider"]},
        "property": {
            "blas_lapack": {"odd": ["1"], "provider": ["mkl", "openblas"]},
            "mpi": {"kind": ["mpich"]},
        },
    }
    metadata = read(
        version=version,
        providers=providers,
        **{"default-priorities": priorities, "static-properties": None},
    )
    kinds = {namespace: provider.kind.value for namespace, provider in metadata.providers.items()}
    assert kinds == {"x86_64": "plugin", "aarch64": "plugin", "blas_lapack": "static", "mpi": "static"}
    assert list(metadata.providers["blas_lapack"].static_properties.items()) == [
        ("provider", ("mkl", "openblas")),
        ("odd", ("1",)),
    ]
    assert metadata.providers["mpi"].static_properties == {"kind": ("mpich",)}
    assert metadata.schema_version == ("0.0.1" if "0.0.1" in version else "0.0.2")


def test_abi_dependencies_of_drafts_are_recognised() -> None:
    variants = {"a": {"abi_dependency": {"torch": ["2.9"]}}}
    third = read(variants=variants)
    assert third.abi_namespaces == {"abi_dependency"}
    assert "abi_dependency" not in third.namespaces
    second = read(
        version="/v0.0.2.json",
        variants=variants,
        providers={"abi_dependency": {"requires": [], "plugin-use": "none"}},
        **{"default-priorities": {"namespace": ["abi_dependency"]}},
    )
    assert second.abi_namespaces == {"abi_dependency"}
    assert second.providers["abi_dependency"].builtin == "abi_dependency"


def test_differing_providers_and_priorities_are_tolerated() -> None:
    priorities = {"namespace": ["x86_64", "blas_lapack", "mpi"]}
    found = check_metadata(document(**{"default-priorities": priorities}))
    assert {(item.code, item.path) for item in found} == {
        ("unlisted-provider", "providers.aarch64"),
        ("missing-provider", "providers.mpi"),
    }
    assert not any(item.fatal for item in found)


@pytest.mark.parametrize(
    ("providers", "code"),
    [
        ({"x86_64": {"requires": []}}, "no-requirements"),
        ({"x86_64": {}}, "no-requirements"),
        ({"x86_64": {"requires": ["a"], "enable-if": "platform_machine = 'x'"}}, "bad-marker"),
        ({"x86_64": {"requires": ["a"], "enable-if": "variant_label == 'x'"}}, "bad-marker"),
        ({"x86_64": {"requires": ["a"], "enable-if": 1}}, "bad-text"),
        ({"x86_64": {"requires": ["a"], "install-time": "no"}}, "not-a-boolean"),
        ({"x86_64": {"requires": "a"}}, "not-a-list"),
        ({"x86_64": ["a"]}, "not-an-object"),
        ({"X": {"requires": ["a"]}}, "bad-namespace"),
        (None, "missing-key"),
    ],
)
def test_malformed_providers_are_refused(providers: Any, code: str) -> None:
    broken = document(providers=providers)
    assert code in {finding.code for finding in check_metadata(broken) if finding.fatal}
    with pytest.raises(InvalidMetadata):
        read_metadata(broken)


@pytest.mark.parametrize("static", [[], {"blas_lapack": []}, {"B": {}}, {"blas_lapack": {"provider": "mkl"}}])
def test_malformed_static_properties_are_refused(static: Any) -> None:
    with pytest.raises(InvalidMetadata):
        read(**{"static-properties": static})


def test_a_wrong_plugin_use_is_refused() -> None:
    with pytest.raises(InvalidMetadata, match="plugin-use"):
        read(version="/v0.0.2.json", providers={"x86_64": {"requires": ["a"], "plugin-use": "maybe"}})


def test_a_static_provider_without_values_supports_nothing() -> None:
    metadata = read(**{"static-properties": None})
    assert metadata.providers["blas_lapack"].static_properties == {}
    assert any(
        finding.code == "static-empty" for finding in check_metadata(document(**{"static-properties": None}))
    )
