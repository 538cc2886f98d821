"""NVIDIA: driver and GPUs through real libraries and tools that do what a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from rewheel.machines.detectors.nvidia import ALL_VALUES, lower_bounds, sm_architectures, upper_bounds
from rewheel.machines.support import OriginKind

if TYPE_CHECKING:
    from conftest import Compiler, Computer
    from rewheel.machines.machine import Machine
    from rewheel.machines.support import NamespaceSupport

DRIVER = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"

LOWER_12_8 = (
    "12.8 12.7 12.6 12.5 12.4 12.3 12.2 12.1 12.0 12 11.20 11.19 11.18 11.17 11.16 11.15 11.14 11.13 11.12 "
    "11.11 11.10 11.9 11.8 11.7 11.6 11.5 11.4 11.3 11.2 11.1 11.0 11"
)
UPPER_12_8 = (
    "15.20 15.19 15.18 15.17 15.16 15.15 15.14 15.13 15.12 15.11 15.10 15.9 15.8 15.7 15.6 15.5 15.4 "
    "15.3 15.2 15.1 15.0 15 14.20 14.19 14.18 14.17 14.16 14.15 14.14 14.13 14.12 14.11 14.10 14.9 "
    "14.8 14.7 14.6 14.5 14.4 14.3 14.2 14.1 14.0 14 13.20 13.19 13.18 13.17 13.16 13.15 13.14 13.13 "
    "13.12 13.11 13.10 13.9 13.8 13.7 13.6 13.5 13.4 13.3 13.2 13.1 13.0 13 12.20 12.19 12.18 12.17 "
    "12.16 12.15 12.14 12.13 12.12 12.11 12.10 12.9"
)


def asked(machine: Machine) -> NamespaceSupport:
    support = machine.detect("nvidia")
    assert support is not None
    return support


def sm_of(support: NamespaceSupport) -> str:
    """Name the capability by the best architecture of the list."""
    return support.features.get("sm_arch", ("none",))[0]


def driver_of(support: NamespaceSupport) -> str:
    return support.features.get("cuda_version_lower_bound", ("none",))[0]


@pytest.fixture
def nvml(computer: Computer, compiler: Compiler) -> Computer:
    """A computer with NVML; FAKE_NVML says what it reports."""
    computer.install(compiler.library("nvml"), "libnvidia-ml.so.1")
    return computer


@pytest.fixture
def libcuda(computer: Computer, compiler: Compiler) -> Computer:
    """A computer with libcuda; FAKE_CUDA says what it reports."""
    computer.install(compiler.library("cuda"), "libcuda.so.1")
    return computer


def smi(computer: Computer, description: str, capabilities: str) -> None:
    """Give the computer an nvidia-smi; what it prints is shell text."""
    computer.tool("nvidia-smi", f'if [ "$1" = -q ]; then {description}; else {capabilities}; fi')


class TestLists:
    def test_driver_12_8_and_capability_9_0_give_these_lists(self, computer: Computer) -> None:
        support = asked(computer.machine(**{DRIVER: "12.8", SM: "9.0"}))
        assert support.features == {
            "cuda_version_lower_bound": tuple(LOWER_12_8.split()),
            "cuda_version_upper_bound": tuple(UPPER_12_8.split()),
            "sm_arch": ("90_real", "90_virtual"),
        }
        assert list(support.features) == list(ALL_VALUES)

    @pytest.mark.parametrize(
        ("capability", "expected"),
        [
            (
                (8, 9),
                "89_real 88_real 87_real 86_real 85_real 84_real 83_real 82_real 81_real 80_real 80_virtual",
            ),
            ((12, 1), "121_real 120_real 120_virtual"),
            ((5, 0), "50_real 50_virtual"),
            ((4, 9), ""),
            ((3, 7), ""),
        ],
    )
    def test_a_gpu_runs_code_of_its_generation_only(self, capability: Any, expected: str) -> None:
        assert sm_architectures(capability) == tuple(expected.split())

    @pytest.mark.parametrize(
        ("version", "lower", "upper"),
        [
            ((11, 0), ["11.0", "11"], ["15.20", "11.1"]),
            ((15, 20), ["15.20", "11"], []),
            ((15, 19), ["15.19", "11"], ["15.20"]),
            ((10, 2), [], ["15.20", "10.3"]),
            ((16, 1), ["16.1", "11"], []),
        ],
    )
    def test_both_ends_of_the_lists(self, version: Any, lower: list[str], upper: list[str]) -> None:
        ends = [[bounds[0], bounds[-1]] if len(bounds) > 1 else list(bounds) for bounds in
                (lower_bounds(version), upper_bounds(version))]  # fmt: skip
        assert ends == [lower, upper]

    def test_the_valid_values_are_as_many_as_the_provider_has(self) -> None:
        assert {feature: len(values) for feature, values in ALL_VALUES.items()} == {
            "cuda_version_lower_bound": 110,
            "cuda_version_upper_bound": 110,
            "sm_arch": 160,
        }
        assert ALL_VALUES["sm_arch"][0] == "129_real"
        assert ALL_VALUES["sm_arch"][-1] == "50_virtual"

    @given(st.tuples(st.integers(11, 15), st.integers(0, 20)))
    def test_a_version_splits_the_valid_bounds_in_two(self, version: tuple[int, int]) -> None:
        lower, upper = lower_bounds(version), upper_bounds(version)
        assert not set(lower) & set(upper)
        assert (*upper, *lower) == ALL_VALUES["cuda_version_lower_bound"]

    @given(st.tuples(st.integers(5, 12), st.integers(0, 9)))
    def test_every_detectable_architecture_is_valid(self, capability: tuple[int, int]) -> None:
        assert set(sm_architectures(capability)) <= set(ALL_VALUES["sm_arch"])


class TestOverrides:
    @pytest.mark.parametrize(
        ("value", "nearest"),
        [
            ("12.8", "12.8"),
            ("12", "12.0"),
            (" 12.8.1 ", "12.8"),
            ("13.25", "13.25"),
            ("16.0", "16.0"),
            ("50.3", "50.3"),
        ],
    )
    def test_a_forced_version_is_used_as_given(self, computer: Computer, value: str, nearest: str) -> None:
        support = asked(computer.machine(**{DRIVER: value}))
        assert driver_of(support) == nearest
        assert str(support.origin) == f"from {DRIVER}"
        assert support.origin.kind is OriginKind.OVERRIDE

    @pytest.mark.parametrize("value", ["", "  "])
    def test_an_empty_variable_is_no_override(self, computer: Computer, value: str) -> None:
        assert asked(computer.machine(**{DRIVER: value})).origin.kind is OriginKind.DETECTOR

    @pytest.mark.parametrize(
        "value", ["twelve", "12.x", "-12", "12.8;rm", "1e1", "12..8", "\u0663.\u0661", "9" * 5000]
    )
    def test_a_malformed_version_makes_the_namespace_unsupported(
        self, computer: Computer, value: str
    ) -> None:
        support = asked(computer.machine(**{DRIVER: value, SM: "9.0"}))
        assert not support.is_supported
        (warning,) = support.warnings
        assert DRIVER in warning
        assert "such as 12.8" in warning
        assert "\n" not in warning
        assert len(warning) < 300

    @pytest.mark.parametrize("value", ["9", "90", "9.x", "9.0.1", "sm_90"])
    def test_a_malformed_capability_makes_the_namespace_unsupported(
        self, computer: Computer, value: str
    ) -> None:
        support = asked(computer.machine(**{DRIVER: "12.8", SM: value}))
        assert not support.is_supported
        assert len(support.warnings) == 1

    @pytest.mark.parametrize("value", ["99999.0", "60.0", "12.2000"])
    def test_a_forced_version_that_would_mean_too_many_values_means_none(
        self, computer: Computer, value: str
    ) -> None:
        support = asked(computer.machine(**{DRIVER: value}))
        assert not support.is_supported
        assert "values" in support.warnings[0]

    def test_a_capability_without_driver_supports_nothing(self, computer: Computer) -> None:
        assert not asked(computer.machine(**{SM: "9.0"})).features

    def test_foreign_variables_are_ignored(self, computer: Computer) -> None:
        assert not asked(computer.machine(UV_CUDA_DRIVER_VERSION="12.8")).features

    def test_overrides_win_over_detection(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0", **{DRIVER: "11.8", SM: "7.5"}))
        assert (driver_of(support), sm_of(support)) == ("11.8", "75_real")

    def test_what_is_not_overridden_is_detected(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0", **{DRIVER: "11.8"}))
        assert (driver_of(support), sm_of(support)) == ("11.8", "90_real")
        assert str(support.origin) == f"from {DRIVER} and NVML"
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0", **{SM: "7.5"}))
        assert (driver_of(support), sm_of(support)) == ("12.8", "75_real")

    def test_old_capabilities_leave_the_bounds(self, computer: Computer) -> None:
        support = asked(computer.machine(**{DRIVER: "11.4", SM: "3.7"}))
        assert list(support.features) == ["cuda_version_lower_bound", "cuda_version_upper_bound"]
        assert "3.7" in support.warnings[0]

    def test_a_far_machine_knows_overrides_and_nothing_else(self, nvml: Computer) -> None:
        report = {"FAKE_NVML": ";driver=12080;gpus=9.0"}
        assert not asked(nvml.blind(**report)).features
        support = asked(nvml.blind(**report, **{DRIVER: "12.4"}))
        assert (driver_of(support), sm_of(support)) == ("12.4", "none")
        assert support.warnings == ()


class TestNvml:
    def test_driver_and_gpu_are_found(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0"))
        assert support.features == {
            "cuda_version_lower_bound": tuple(LOWER_12_8.split()),
            "cuda_version_upper_bound": tuple(UPPER_12_8.split()),
            "sm_arch": ("90_real", "90_virtual"),
        }
        assert str(support.origin) == "from NVML"
        assert support.provider == "nvidia-variant-provider==0.0.2"
        assert support.warnings == ()

    def test_an_old_library_without_v2_functions_is_enough(
        self, computer: Computer, compiler: Compiler
    ) -> None:
        computer.install(compiler.library("nvml", "OLD"), "libnvidia-ml.so.1")
        support = asked(computer.machine(FAKE_NVML=";driver=11040;gpus=7.5"))
        assert (driver_of(support), sm_of(support)) == ("11.4", "75_real")

    @pytest.mark.parametrize(
        ("gpus", "best"), [("8.6,9.0,7.5", "90_real"), ("-,8.6", "86_real"), ("", "none")]
    )
    def test_the_highest_capability_counts(self, nvml: Computer, gpus: str, best: str) -> None:
        support = asked(nvml.machine(FAKE_NVML=f";driver=12080;gpus={gpus}"))
        assert (driver_of(support), sm_of(support)) == ("12.8", best)

    @pytest.mark.parametrize("driver", ["10020", "15210", "16000"])
    def test_a_driver_outside_of_what_is_known_supports_nothing(self, nvml: Computer, driver: str) -> None:
        support = asked(nvml.machine(FAKE_NVML=f";driver={driver};gpus=9.0"))
        assert not support.is_supported
        assert "outside" in support.warnings[0]

    @pytest.mark.parametrize("driver", ["11000", "15200"])
    def test_the_limits_of_what_is_known_are_known(self, nvml: Computer, driver: str) -> None:
        assert asked(nvml.machine(FAKE_NVML=f";driver={driver};gpus=9.0")).is_supported

    def test_what_the_library_prints_does_no_harm(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0;at=init;do=print"))
        assert sm_of(support) == "90_real"

    def test_a_crash_after_the_answer_does_no_harm(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0;at=exit;do=crash"))
        assert sm_of(support) == "90_real"

    @pytest.mark.parametrize("place", ["init", "driver", "count", "capability"])
    def test_a_crash_costs_nothing_but_the_namespace(self, nvml: Computer, place: str) -> None:
        support = asked(nvml.machine(FAKE_NVML=f";driver=12080;gpus=9.0;at={place};do=crash"))
        assert not support.is_supported
        assert support.warnings == ("nvidia was not detected: the nvml probe crashed (signal 11)",)

    def test_a_hang_ends_in_time(self, nvml: Computer) -> None:
        nvml.patience = 0.3
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0;at=driver;do=hang"))
        assert not support.is_supported
        assert "did not answer within 0.3 s" in support.warnings[0]

    def test_a_driver_that_is_not_loaded_is_no_problem(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";at=init;do=fail"))
        assert not support.is_supported
        assert support.warnings == ()

    def test_a_file_that_is_no_library_is_like_none(self, computer: Computer) -> None:
        (computer.libraries / "libnvidia-ml.so.1").write_bytes(b"\x7fELF nonsense")
        assert asked(computer.machine()).warnings == ()


class TestFallbacks:
    def test_libcuda_answers_when_nvml_is_missing(self, libcuda: Computer) -> None:
        support = asked(libcuda.machine(FAKE_CUDA=";driver=12060;gpus=8.9,9.0"))
        assert (driver_of(support), sm_of(support)) == ("12.6", "90_real")
        assert str(support.origin) == "from libcuda"

    def test_libcuda_answers_when_nvml_crashes(self, nvml: Computer, compiler: Compiler) -> None:
        nvml.install(compiler.library("cuda"), "libcuda.so.1")
        support = asked(nvml.machine(FAKE_NVML=";at=init;do=crash", FAKE_CUDA=";driver=12060;gpus=8.9"))
        assert (driver_of(support), sm_of(support)) == ("12.6", "89_real")
        assert support.warnings == ()

    def test_what_nvml_cannot_tell_libcuda_does(self, nvml: Computer, compiler: Compiler) -> None:
        nvml.install(compiler.library("cuda"), "libcuda.so.1")
        support = asked(nvml.machine(FAKE_NVML=";driver=12080", FAKE_CUDA=";driver=12060;gpus=8.9"))
        assert (driver_of(support), sm_of(support)) == ("12.8", "89_real")
        assert str(support.origin) == "from NVML and libcuda"

    def test_a_driver_without_gpu_gives_the_bounds(self, libcuda: Computer) -> None:
        support = asked(libcuda.machine(FAKE_CUDA=";driver=12060"))
        assert (driver_of(support), sm_of(support)) == ("12.6", "none")

    def test_libcuda_may_crash_and_hang_too(self, libcuda: Computer) -> None:
        support = asked(libcuda.machine(FAKE_CUDA=";driver=12060;gpus=9.0;do=crash"))
        assert support.warnings == ("nvidia was not detected: the cuda probe crashed (signal 11)",)

    @pytest.mark.parametrize("label", ["CUDA Version", "CUDA UMD Version"])
    def test_nvidia_smi_is_the_last_resort(self, computer: Computer, label: str) -> None:
        smi(computer, f'echo "Driver Version   : 570.86"; echo "{label}     : 12.8"', "echo 8.6; echo 9.0")
        support = asked(computer.machine())
        assert (driver_of(support), sm_of(support)) == ("12.8", "90_real")
        assert str(support.origin) == "from nvidia-smi"

    def test_nvidia_smi_may_know_only_the_version(self, computer: Computer) -> None:
        smi(computer, 'echo "CUDA Version : 12.8"', "echo Field not valid; exit 2")
        support = asked(computer.machine())
        assert (driver_of(support), sm_of(support)) == ("12.8", "none")

    @pytest.mark.parametrize("line", ["CUDA Version : Not Found", "CUDA Version : N/A", "nonsense"])
    def test_nvidia_smi_may_not_know_the_version(self, computer: Computer, line: str) -> None:
        smi(computer, f'echo "{line}"', "echo 8.6")
        assert not asked(computer.machine()).is_supported

    def test_a_gpu_that_nvidia_smi_cannot_describe_keeps_its_place(self, computer: Computer) -> None:
        smi(computer, 'echo "CUDA Version : 12.8"', 'echo "[N/A]"; echo 8.6; echo 9.0')
        assert sm_of(asked(computer.machine(CUDA_VISIBLE_DEVICES="1"))) == "86_real"

    def test_a_failing_nvidia_smi_is_told_about(self, computer: Computer) -> None:
        smi(computer, "exit 9", "exit 9")
        assert asked(computer.machine()).warnings == (
            "nvidia was not detected: nvidia-smi failed with exit status 9",
        )

    def test_a_hanging_nvidia_smi_is_killed_with_its_children(self, computer: Computer) -> None:
        computer.patience = 0.3
        smi(computer, "/bin/sleep 60 & wait", "/bin/sleep 60")
        assert "nvidia-smi did not answer within 0.3 s" in asked(computer.machine()).warnings[0]

    def test_endless_output_is_cut_off(self, computer: Computer) -> None:
        smi(computer, "exec /usr/bin/yes", "exit 1")
        assert "answered with more than" in asked(computer.machine()).warnings[0]


class TestVisibleDevices:
    GPUS = ";driver=12080;gpus=9.0,8.6,7.5"

    @pytest.mark.parametrize(
        ("visible", "best"),
        [
            ("0,1,2", "90_real"),
            ("1", "86_real"),
            (" 2 , 1 ", "86_real"),
            ("2,7,0", "75_real"),
            ("2,-1,0", "75_real"),
            ("2,x,0", "75_real"),
            ("GPU-1", "86_real"),
            ("gpu-20000000-0000", "75_real"),
            ("2,GPU-1", "86_real"),
            ("MIG-GPU-10000000-0000-0000-0000-000000000000/1/0", "86_real"),
        ],
    )
    def test_only_visible_gpus_count(self, nvml: Computer, visible: str, best: str) -> None:
        host = {"FAKE_NVML": self.GPUS, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible}
        support = asked(nvml.machine(**host))
        assert (driver_of(support), sm_of(support)) == ("12.8", best)
        assert support.warnings == ()

    @pytest.mark.parametrize("visible", ["", " ", "-1", "none", "7", "GPU-9", "GPU-", "-1,0", "MIG-b"])
    def test_hiding_all_gpus_hides_the_namespace(self, nvml: Computer, visible: str) -> None:
        host = {"FAKE_NVML": self.GPUS, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible}
        support = asked(nvml.machine(**host))
        assert support.features == {}
        assert str(support.origin) == "from CUDA_VISIBLE_DEVICES"

    def test_a_mig_instance_stands_for_its_gpu(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=self.GPUS + ";mig=1", CUDA_VISIBLE_DEVICES="MIG-a0"))
        assert sm_of(support) == "90_real"

    def test_a_forced_driver_outlives_hidden_gpus(self, nvml: Computer) -> None:
        host = {"FAKE_NVML": self.GPUS, "CUDA_VISIBLE_DEVICES": "", DRIVER: "12.4"}
        support = asked(nvml.machine(**host))
        assert (driver_of(support), sm_of(support)) == ("12.4", "none")
        assert sm_of(asked(nvml.machine(**host, **{SM: "8.0"}))) == "80_real"

    def test_positions_among_equal_gpus_need_no_order(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=8.6,8.6", CUDA_VISIBLE_DEVICES="1"))
        assert sm_of(support) == "86_real"
        assert support.warnings == ()

    def test_positions_among_different_gpus_are_those_of_libcuda(
        self, nvml: Computer, compiler: Compiler
    ) -> None:
        nvml.install(compiler.library("cuda"), "libcuda.so.1")
        host = {"FAKE_NVML": ";driver=12080;gpus=7.5,9.0", "FAKE_CUDA": ";gpus=9.0,7.5"}
        support = asked(nvml.machine(**host, CUDA_VISIBLE_DEVICES="0"))
        assert sm_of(support) == "90_real"
        assert support.warnings == ()
        support = asked(nvml.machine(**host, CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID"))
        assert sm_of(support) == "75_real"

    def test_without_libcuda_pci_order_is_assumed_and_said(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=7.5,9.0", CUDA_VISIBLE_DEVICES="0"))
        assert sm_of(support) == "75_real"
        assert "PCI order" in support.warnings[0]

    def test_identifiers_need_no_order(self, nvml: Computer) -> None:
        support = asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=7.5,9.0", CUDA_VISIBLE_DEVICES="GPU-1"))
        assert sm_of(support) == "90_real"
        assert support.warnings == ()

    def test_libcuda_lists_all_gpus_in_its_own_order(self, libcuda: Computer) -> None:
        support = asked(libcuda.machine(FAKE_CUDA=";driver=12060;gpus=9.0,7.5", CUDA_VISIBLE_DEVICES="1"))
        assert sm_of(support) == "75_real"
        assert support.warnings == ()
        support = asked(
            libcuda.machine(FAKE_CUDA=";driver=12060;gpus=9.0,7.5", CUDA_VISIBLE_DEVICES="GPU-a1")
        )
        assert sm_of(support) == "75_real"

    def test_nvidia_smi_tells_identifiers_too(self, computer: Computer) -> None:
        gpus = "".join(f"GPU 0000000{i}:01:00.0\\n    GPU UUID : GPU-{i}aaa-bbbb\\n" for i in range(2))
        smi(computer, f'printf "CUDA Version : 12.8\\n{gpus}"', "echo 7.5; echo 9.0")
        assert sm_of(asked(computer.machine(CUDA_VISIBLE_DEVICES="GPU-0"))) == "75_real"
        assert sm_of(asked(computer.machine(CUDA_VISIBLE_DEVICES="GPU-1aaa"))) == "90_real"


class TestPlatforms:
    def test_windows_has_its_own_places(self, computer: Computer, compiler: Compiler) -> None:
        computer.system = "Windows"
        computer.install(compiler.library("nvml"), "Windows/System32/nvml.dll")
        environ = {"WINDIR": str(computer.root / "Windows"), "FAKE_NVML": ";driver=12080;gpus=9.0"}
        assert sm_of(asked(computer.machine(**environ))) == "90_real"

    def test_windows_has_an_older_place(self, computer: Computer, compiler: Compiler) -> None:
        computer.system = "Windows"
        computer.install(compiler.library("nvml"), "Programs/NVIDIA Corporation/NVSMI/nvml.dll")
        environ = {"PROGRAMFILES": str(computer.root / "Programs"), "FAKE_NVML": ";driver=12080;gpus=9.0"}
        assert sm_of(asked(computer.machine(**environ))) == "90_real"

    def test_windows_has_another_libcuda(self, computer: Computer, compiler: Compiler) -> None:
        computer.system = "Windows"
        computer.install(compiler.library("cuda"), "nvcuda.dll")
        assert sm_of(asked(computer.machine(FAKE_CUDA=";driver=12060;gpus=8.9"))) == "89_real"

    def test_macos_has_no_nvidia_driver(self, nvml: Computer) -> None:
        nvml.system = "Darwin"
        smi(nvml, 'echo "CUDA Version : 12.8"', "echo 8.6")
        assert not asked(nvml.machine(FAKE_NVML=";driver=12080;gpus=9.0")).is_supported
        assert asked(nvml.machine(**{DRIVER: "12.8"})).is_supported
