"""Which provider packages our detectors stand in for, and which metadata means them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from rewheel.machines import NATIVE, match_native
from rewheel.metadata import Requirement

LINUX = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}
NVIDIA_API = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"


class TestMatching:
    @pytest.mark.parametrize(
        ("requirement", "plugin_api", "namespace"),
        [
            ("nvidia-variant-provider>=0.0.2,<1", NVIDIA_API, "nvidia"),
            ("NVIDIA_variant.provider", "nvidia_variant_provider.plugin : NvidiaVariantPlugin", "nvidia"),
            ("nvidia-variant-provider==0.0.1", NVIDIA_API, "nvidia"),
            ("amd-variant-provider", "amd_variant_provider.plugin:AMDVariantPlugin", "amd"),
            ("intel-variant-provider~=0.0.1", "intel_variant_provider.plugin:IntelVariantPlugin", "intel"),
            ("provider-variant-x86-64", "provider_variant_x86_64.plugin:X8664Plugin", "x86_64"),
            ("provider-variant-x86-64>=0.0.1", "", "x86_64"),
            ("x86-64-variant-provider<1", "", "x86_64"),
            ("x86-64-variant-provider", "provider_variant_x86_64.plugin:X8664Plugin", "x86_64"),
            ("x86-64-variant-provider", "x86_64_variant_provider", "x86_64"),
            ("aarch64-variant-provider", "", "aarch64"),
            (
                "provider-variant-aarch64>=0.0.1,<0.0.2",
                "provider_variant_aarch64.plugin:AArch64Plugin",
                "aarch64",
            ),
            ("blas-lapack-variant-provider", "", "blas_lapack"),
            ("openmp-variant-provider", "openmp_variant_provider", "openmp"),
            (
                "huawei-ascend-variant-provider",
                "huawei_ascend_variant_provider.plugin:AscendVariantPlugin",
                "ascend",
            ),
            ("tpu-variant-provider", "tpu_variant_provider.plugin:TpuVariantPlugin", "tpu"),
        ],
    )
    def test_known_names_mean_our_detectors(self, requirement: str, plugin_api: str, namespace: str) -> None:
        provider, reason = match_native([requirement], plugin_api)
        assert provider is NATIVE[namespace]
        assert reason == ""

    @pytest.mark.parametrize(
        ("requirements", "plugin_api", "reason"),
        [
            (["acme-variant-provider"], "", "is not a provider that rewheel detects itself"),
            (["nvidia-variant-provider>=1"], NVIDIA_API, "rewheel knows 0.0.1, 0.0.2"),
            (["nvidia-variant-provider"], "", "plugin-api nvidia_variant_provider is not one"),
            (["nvidia-variant-provider"], "evil:Plugin", "plugin-api evil:Plugin is not one"),
            (["nvidia-variant-provider[extra]"], NVIDIA_API, "with extras"),
            (["nvidia-variant-provider @ https://example.org/x.whl"], NVIDIA_API, "with a URL"),
            (["nvidia-variant-provider", "tomli"], NVIDIA_API, "2 of its required packages apply"),
            ([], NVIDIA_API, "no of its required packages apply"),
            (["nvidia variant provider"], NVIDIA_API, "nvidia variant provider"),
        ],
    )
    def test_anything_else_is_an_unknown_plugin(
        self, requirements: list[str], plugin_api: str, reason: str
    ) -> None:
        provider, why = match_native(requirements, plugin_api)
        assert provider is None
        assert reason in why

    def test_requirements_whose_marker_is_false_do_not_count(self) -> None:
        requirements = [
            "amd-variant-provider; platform_system == 'Windows'",
            "nvidia-variant-provider; platform_system == 'Linux'",
        ]
        assert match_native(requirements, NVIDIA_API, marker_environment=LINUX).provider is NATIVE["nvidia"]
        windows = LINUX | {"platform_system": "Windows"}
        assert match_native(requirements, NVIDIA_API, marker_environment=windows).provider is None

    def test_parsed_requirements_are_taken_as_they_are(self) -> None:
        requirement = Requirement.parse("nvidia-variant-provider")
        assert match_native([requirement], NVIDIA_API).provider is NATIVE["nvidia"]

    def test_a_setting_may_widen_the_versions(self) -> None:
        widened = {"nvidia-variant-provider": ["1.4"]}
        found = match_native(["nvidia-variant-provider>=1"], NVIDIA_API, recognised=widened)
        assert found.provider is NATIVE["nvidia"]
        assert match_native(["nvidia-variant-provider>=2"], NVIDIA_API, recognised=widened).provider is None

    @given(st.lists(st.text(), max_size=3), st.text())
    def test_hostile_metadata_is_no_match_and_no_crash(
        self, requirements: list[str], plugin_api: str
    ) -> None:
        provider, reason = match_native(requirements, plugin_api)
        assert provider is None
        assert reason


class TestRegistry:
    def test_every_namespace_is_there(self) -> None:
        assert sorted(NATIVE) == [
            "aarch64", "amd", "ascend", "blas_lapack", "intel", "nvidia", "openmp", "tpu", "x86_64",
        ]  # fmt: skip

    @pytest.mark.parametrize("namespace", sorted(NATIVE))
    def test_what_it_writes_into_files_it_recognises(self, namespace: str) -> None:
        provider = NATIVE[namespace]
        assert match_native([provider.pin], provider.plugin_api).provider is provider

    @pytest.mark.parametrize(
        ("namespace", "features"),
        [
            ("nvidia", ["cuda_version_lower_bound", "cuda_version_upper_bound", "sm_arch"]),
            ("amd", ["gfx_arch", "rocm_version"]),
            ("intel", ["device_ip"]),
            ("ascend", ["npu_type", "driver_version", "cann_version"]),
            ("tpu", ["present"]),
            ("openmp", ["provider"]),
        ],
    )
    def test_features_are_in_order(self, namespace: str, features: list[str]) -> None:
        assert list(NATIVE[namespace].all_values) == features

    def test_overrides_are_named(self) -> None:
        assert NATIVE["nvidia"].overrides == (
            "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION",
            "NV_VARIANT_PROVIDER_FORCE_SM_ARCH",
        )
        assert sum(len(provider.overrides) for provider in NATIVE.values()) == 11

    def test_several_values_are_for_gpus_only(self) -> None:
        several = {name: set(one.multi_value) for name, one in NATIVE.items() if one.multi_value}
        assert several == {"nvidia": {"sm_arch"}, "amd": {"gfx_arch"}, "intel": {"device_ip"}}

    @pytest.mark.parametrize(
        ("namespace", "feature", "value", "valid"),
        [
            ("nvidia", "sm_arch", "90_virtual", True),
            ("nvidia", "sm_arch", "49_real", False),
            ("nvidia", "cuda_version_lower_bound", "12", True),
            ("nvidia", "cuda_version_lower_bound", "10.2", False),
            ("amd", "gfx_arch", "gfx1151", True),
            ("amd", "gfx_arch", "navi", False),
            ("amd", "rocm_version", "7.10", True),
            ("amd", "rocm_version", "6.2", False),
            ("ascend", "npu_type", "910c", True),
            ("ascend", "npu_type", "-", False),
            ("ascend", "driver_version", "24.1.rc2", True),
            ("ascend", "cann_version", "8.2.RC1", False),
            ("x86_64", "level", "v4", True),
            ("x86_64", "avx2", "off", False),
            ("tpu", "present", "maybe", False),
            ("tpu", "absent", "true", False),
        ],
    )
    def test_validity_for_builds_needs_no_hardware(
        self, namespace: str, feature: str, value: str, valid: bool
    ) -> None:
        assert NATIVE[namespace].is_valid(feature, value) is valid
