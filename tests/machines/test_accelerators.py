"""AMD, Intel, Ascend and TPU: through tools, libraries and files that say what a test wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewheel.machines.support import OriginKind

if TYPE_CHECKING:
    from conftest import Compiler, Computer
    from rewheel.machines.machine import Machine
    from rewheel.machines.support import NamespaceSupport


def asked(machine: Machine, namespace: str) -> NamespaceSupport:
    support = machine.detect(namespace)
    assert support is not None
    return support


def values(machine: Machine, namespace: str) -> dict[str, str]:
    """Write every feature's values on one line."""
    return {feature: " ".join(found) for feature, found in asked(machine, namespace).features.items()}


class TestAmd:
    GFX = "AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH"
    ROCM = "AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION"

    def kfd(self, computer: Computer, *versions: int) -> None:
        for node, version in enumerate(versions):
            properties = f"simd_count 8\ngfx_target_version {version}\nunique_id {node + 160}\n"
            computer.write(f"/sys/class/kfd/kfd/topology/nodes/{node}/properties", properties)

    def test_rocminfo_names_the_gpus(self, computer: Computer) -> None:
        agents = (
            "  Name: AMD EPYC\n  Name: gfx942\n  Name: amdgcn-amd-amdhsa--gfx942:sramecc+\n  Name: gfx90a\n"
        )
        computer.says("rocminfo", agents)
        computer.write("/opt/rocm/.info/version", "6.4.1-83\n")
        support = asked(computer.machine(), "amd")
        assert support.features == {"gfx_arch": ("gfx90a", "gfx942"), "rocm_version": ("6.4",)}
        assert list(support.features) == ["gfx_arch", "rocm_version"]
        assert str(support.origin) == "from rocminfo and /opt/rocm/.info/version"

    def test_one_unknown_name_sends_us_to_the_enumerator(self, computer: Computer) -> None:
        computer.says("rocminfo", "Name: gfx942\nName: gfx9-4-generic\n")
        computer.says("rocm_agent_enumerator", "gfx000\nGFX942 gfx1100\ngfx1151\nnothing\ngfx942\n")
        support = asked(computer.machine(), "amd")
        assert support.features == {"gfx_arch": ("gfx1151", "gfx942")}
        assert support.warnings == ()

    def test_preferred_architectures_replace_the_known_ones(self, computer: Computer) -> None:
        computer.says("rocminfo", "gfx803 gfx942")
        assert (
            values(computer.machine(AMD_PREFERRED_GFX_ARCHS="gfx942, gfx803"), "amd")["gfx_arch"]
            == "gfx803 gfx942"
        )
        assert values(computer.machine(), "amd") == {}

    def test_an_unknown_gpu_is_warned_about_and_kept(self, computer: Computer) -> None:
        computer.says("rocm_agent_enumerator", "gfx1250\n")
        support = asked(computer.machine(), "amd")
        assert support.features == {"gfx_arch": ("gfx1250",)}
        assert "gfx1250" in support.warnings[0]

    @pytest.mark.parametrize(
        ("version", "name"),
        [(90402, "gfx942"), (90010, "gfx90a"), (110001, "gfx1101"), (100300, "gfx1030"), (90012, "gfx90c")],
    )
    def test_the_kernel_names_gpus_by_number(self, computer: Computer, version: int, name: str) -> None:
        self.kfd(computer, 0, version)
        support = asked(computer.machine(), "amd")
        assert support.features == {"gfx_arch": (name,)}
        assert str(support.origin) == "from KFD"

    @pytest.mark.parametrize(
        ("visible", "expected"),
        [("0", "gfx942"), ("1", "gfx1100"), ("1,0", "gfx1100 gfx942"), ("5,0", ""), ("", ""), ("-1", "")],
    )
    def test_the_kernels_list_is_cut_to_visible_gpus(
        self, computer: Computer, visible: str, expected: str
    ) -> None:
        self.kfd(computer, 0, 90402, 110000)
        assert values(computer.machine(ROCR_VISIBLE_DEVICES=visible), "amd").get("gfx_arch", "") == expected

    def test_the_kernels_list_knows_identifiers(self, computer: Computer) -> None:
        self.kfd(computer, 0, 90402, 110000)
        visible = f"GPU-{162:016x}"
        assert values(computer.machine(ROCR_VISIBLE_DEVICES=visible), "amd") == {"gfx_arch": "gfx1100"}

    def test_what_rocminfo_hides_does_not_come_back(self, computer: Computer) -> None:
        computer.tool("rocminfo", '[ "$ROCR_VISIBLE_DEVICES" = "" ] && echo no agents || echo gfx950')
        computer.says("rocm_agent_enumerator", "gfx950\ngfx1201\n")
        self.kfd(computer, 0, 90402)
        assert values(computer.machine(ROCR_VISIBLE_DEVICES=""), "amd") == {}
        assert values(computer.machine(ROCR_VISIBLE_DEVICES="0"), "amd") == {"gfx_arch": "gfx950"}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("7.0.0", "7.0"),
            ("6.3", "6.3"),
            ("6.4-12", "6.4"),
            ("six.four", None),
            ("7", None),
            ("", None),
            ("6.x.1", None),
        ],
    )
    def test_the_rocm_version_is_major_and_minor(
        self, computer: Computer, text: str, expected: str | None
    ) -> None:
        computer.write("/elsewhere/.info/version", text)
        found = values(computer.machine(ROCM_PATH="/elsewhere"), "amd")
        assert found == ({"rocm_version": expected} if expected else {})

    @pytest.mark.parametrize(
        ("gfx", "rocm", "expected"),
        [
            ("gfx942", "", {"gfx_arch": "gfx942"}),
            ("gfx1201,gfx90a; gfx942  gfx90a", "", {"gfx_arch": "gfx1201 gfx90a gfx942"}),
            ("", "6.4.1", {"rocm_version": "6.4"}),
            ("gfx950", "7.0", {"gfx_arch": "gfx950", "rocm_version": "7.0"}),
        ],
    )
    def test_overrides_are_used_in_their_order(
        self, computer: Computer, gfx: str, rocm: str, expected: dict[str, str]
    ) -> None:
        for machine in (computer.machine, computer.blind):
            support = asked(machine(**{self.GFX: gfx, self.ROCM: rocm}), "amd")
            assert {feature: " ".join(found) for feature, found in support.features.items()} == expected
            assert support.origin.kind is OriginKind.OVERRIDE
            assert support.warnings == ()

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            (GFX, "MI300"),
            (GFX, "gfx942:xnack+"),
            (GFX, ",;"),
            (ROCM, "7"),
            (ROCM, "6.4.1.2"),
            (ROCM, "rocm6.4"),
        ],
    )
    def test_malformed_overrides_support_nothing(self, computer: Computer, variable: str, value: str) -> None:
        computer.says("rocminfo", "gfx942")
        support = asked(computer.machine(**{variable: value}), "amd")
        assert not support.is_supported
        assert variable in support.warnings[0]

    def test_an_override_replaces_its_own_feature_only(self, computer: Computer) -> None:
        computer.says("rocminfo", "gfx942")
        support = asked(computer.machine(**{self.ROCM: "6.3"}), "amd")
        assert support.features == {"gfx_arch": ("gfx942",), "rocm_version": ("6.3",)}
        assert str(support.origin) == f"from {self.ROCM} and rocminfo"

    def test_tools_may_crash_and_hang(self, computer: Computer) -> None:
        computer.patience = 0.2
        computer.tool("rocminfo", "kill -SEGV $$")
        computer.tool("rocm_agent_enumerator", "/bin/sleep 60")
        (warning,) = asked(computer.machine(), "amd").warnings
        assert "rocminfo crashed (signal 11)" in warning
        assert "rocm_agent_enumerator did not answer within 0.2 s" in warning
        self.kfd(computer, 90402)
        assert values(computer.machine(), "amd") == {"gfx_arch": "gfx942"}

    @pytest.mark.parametrize("system", ["Darwin", "Windows"])
    def test_only_linux_is_looked_at(self, computer: Computer, system: str) -> None:
        computer.says("rocminfo", "gfx942")
        computer.system = system
        assert values(computer.machine(), "amd") == {}


def ip(version: str) -> str:
    """Pack an IP version as Level Zero does, in hexadecimal."""
    architecture, release, revision = map(int, version.split("."))
    return f"{architecture << 22 | release << 14 | revision:x}"


class TestIntel:
    FORCE = "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP"

    @pytest.fixture
    def gpu(self, computer: Computer, compiler: Compiler) -> Computer:
        computer.install(compiler.library("level_zero"), "libze_loader.so.1")
        return computer

    @pytest.mark.parametrize(
        ("devices", "expected"),
        [
            ([["8086:20.1.0"]], "20.1.0"),
            ([["8086:30.5.4"]], "30.5.4 30.0.4"),
            ([["8086:12.56.5"]], "12.56.5 12.55.8"),
            ([["8086:12.71.4", "8086:20.2.0"]], "12.71.4 12.70.4 20.2.0 20.1.0"),
            ([["8086:20.4.4"], ["8086:20.2.0", "8086:20.4.4"]], "20.4.4 20.1.0 20.2.0"),
            ([["10de:20.1.0", "8086:12.60.7"]], "12.60.7"),
        ],
    )
    def test_level_zero_tells_ips_and_their_bases(
        self, gpu: Computer, devices: list[list[str]], expected: str
    ) -> None:
        packed = ";".join(
            ",".join(f"{one.split(':')[0]}:{ip(one.split(':')[1])}" for one in driver) for driver in devices
        )
        support = asked(gpu.machine(FAKE_ZE=packed), "intel")
        assert " ".join(support.features["device_ip"]) == expected
        assert str(support.origin) == "from Level Zero"
        assert support.warnings == ()

    def test_loaders_before_1_10_are_asked_the_old_way(self, computer: Computer, compiler: Compiler) -> None:
        computer.install(compiler.library("level_zero", "OLD"), "libze_loader.so.1")
        assert values(computer.machine(FAKE_ZE=f"8086:{ip('12.55.8')}"), "intel") == {"device_ip": "12.55.8"}

    def test_windows_has_its_own_place(self, computer: Computer, compiler: Compiler) -> None:
        computer.system = "Windows"
        computer.install(compiler.library("level_zero"), "Windows/System32/ze_loader.dll")
        environ = {"WINDIR": str(computer.root / "Windows"), "FAKE_ZE": f"8086:{ip('20.1.0')}"}
        assert values(computer.machine(**environ), "intel") == {"device_ip": "20.1.0"}

    def test_unknown_gpus_are_left_out_with_a_warning(self, gpu: Computer) -> None:
        support = asked(gpu.machine(FAKE_ZE=f"8086:{ip('99.1.0')},8086:{ip('20.1.0')}"), "intel")
        assert support.features == {"device_ip": ("20.1.0",)}
        assert "99.1.0" in support.warnings[0]
        assert not asked(gpu.machine(FAKE_ZE=f"8086:{ip('99.1.0')}"), "intel").is_supported

    def test_no_gpu_and_no_library_are_no_problem(self, gpu: Computer, computer: Computer) -> None:
        assert asked(gpu.machine(FAKE_ZE=""), "intel").warnings == ()
        assert asked(gpu.machine(FAKE_ZE_DO="fail", FAKE_ZE="8086:0"), "intel").warnings == ()
        (computer.libraries / "libze_loader.so.1").unlink()
        assert asked(computer.machine(), "intel").warnings == ()

    def test_a_crash_costs_nothing_but_the_namespace(self, gpu: Computer) -> None:
        support = asked(gpu.machine(FAKE_ZE_DO="crash"), "intel")
        assert support.warnings == ("intel was not detected: the level_zero probe crashed (signal 11)",)

    def test_a_hang_ends_in_time(self, gpu: Computer) -> None:
        gpu.patience = 0.3
        assert "did not answer within 0.3 s" in asked(gpu.machine(FAKE_ZE_DO="hang"), "intel").warnings[0]

    def test_a_forced_ip_stands_alone(self, gpu: Computer) -> None:
        for machine in (gpu.machine, gpu.blind):
            support = asked(machine(FAKE_ZE=f"8086:{ip('20.1.0')}", **{self.FORCE: "30.5.4"}), "intel")
            assert support.features == {"device_ip": ("30.5.4",)}
            assert support.origin.kind is OriginKind.OVERRIDE

    @pytest.mark.parametrize("value", ["99.1.0", "pvc", "20.1", "20x1x0"])
    def test_a_malformed_ip_supports_nothing(self, gpu: Computer, value: str) -> None:
        support = asked(gpu.machine(FAKE_ZE=f"8086:{ip('20.1.0')}", **{self.FORCE: value}), "intel")
        assert not support.is_supported
        assert self.FORCE in support.warnings[0]

    def test_far_machines_and_macos_have_none(self, gpu: Computer) -> None:
        environ = {"FAKE_ZE": f"8086:{ip('20.1.0')}"}
        assert values(gpu.blind(**environ), "intel") == {}
        gpu.system = "Darwin"
        assert values(gpu.machine(**environ), "intel") == {}


SMI = """\
+------------------------------------------------------------------------------------------------+
| npu-smi 25.2.0                   Version: {version}                                            |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
+===========================+===============+====================================================+
| 0     {name}               | OK            | 93.2        37                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3395 / 65536         |
| 1     310P3               | OK            | 93.2        37                0    / 0             |
"""


class TestAscend:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("910B3", "910b"), ("910B", "910b"), ("910", None), ("Ascend910", "a3"), ("310P3", "310p"),
            ("Ascend310P", "310p"), ("910C", "910c"), ("Ascend910B2C", "910b"),
        ],
    )  # fmt: skip
    def test_the_first_npu_is_named_as_wheels_name_it(
        self, computer: Computer, name: str, expected: str | None
    ) -> None:
        computer.says("npu-smi", SMI.format(name=name, version="25.2.0"))
        found = values(computer.machine(), "ascend")
        # A name of digits alone is not a name in the table, so the next row is the first.
        assert found["npu_type"] == (expected or "310p")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("25.2.0", "25.2.0"),
            ("24.1.rc2", "24.1.rc2"),
            ("23.0.3.rc1", "23.0.3.rc1"),
            ("25.2", "25.2"),
            ("x", None),
        ],
    )
    def test_the_driver_version_is_exact(self, computer: Computer, text: str, expected: str | None) -> None:
        computer.says("npu-smi", SMI.format(name="910B3", version=text))
        assert values(computer.machine(), "ascend").get("driver_version") == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("8.2.RC1", "8.2.rc1"), ("8.0.0", "8.0.0"), ("8.1.RC1.alpha002", "8.1.rc1"), ("none", None)],
    )
    def test_the_cann_version_is_exact(self, computer: Computer, text: str, expected: str | None) -> None:
        computer.arch = "aarch64"
        path = "/toolkit/aarch64-linux/ascend_toolkit_install.info"
        computer.write(path, f"package_name=Ascend-cann-toolkit\nversion={text}\ninnerversion=V100\n")
        support = asked(computer.machine(ASCEND_TOOLKIT_HOME="/toolkit"), "ascend")
        assert support.features == ({"cann_version": (expected,)} if expected else {})
        assert not expected or str(support.origin) == f"from {path}"
        assert values(computer.machine(), "ascend") == {}

    def test_features_are_in_order_and_overrides_win(self, computer: Computer) -> None:
        computer.says("npu-smi", SMI.format(name="910B3", version="25.2.0"))
        prefix = "ASCEND_VARIANT_PROVIDER_FORCE"
        support = asked(
            computer.machine(**{f"{prefix}_CANN_VERSION": "8.2.rc1", f"{prefix}_NPU_TYPE": "a3"}), "ascend"
        )
        assert list(support.features.items()) == [
            ("npu_type", ("a3",)),
            ("driver_version", ("25.2.0",)),
            ("cann_version", ("8.2.rc1",)),
        ]
        assert str(support.origin) == f"from {prefix}_NPU_TYPE and {prefix}_CANN_VERSION and npu-smi"
        far = computer.blind(**{f"{prefix}_NPU_TYPE": "310p"})
        assert values(far, "ascend") == {"npu_type": "310p"}

    @pytest.mark.parametrize("feature", ["NPU_TYPE", "DRIVER_VERSION", "CANN_VERSION"])
    def test_malformed_overrides_support_nothing(self, computer: Computer, feature: str) -> None:
        computer.says("npu-smi", SMI.format(name="910B3", version="25.2.0"))
        support = asked(computer.machine(**{f"ASCEND_VARIANT_PROVIDER_FORCE_{feature}": "8.2 RC1"}), "ascend")
        assert not support.is_supported
        assert feature in support.warnings[0]

    def test_a_failing_tool_is_told_about(self, computer: Computer) -> None:
        computer.tool("npu-smi", "echo '| 0     910B3               | OK |'; exit 1")
        support = asked(computer.machine(), "ascend")
        assert not support.is_supported
        assert support.warnings == ("ascend was not detected: npu-smi failed with exit status 1",)

    def test_without_tool_there_is_nothing_to_say(self, computer: Computer) -> None:
        assert asked(computer.machine(), "ascend").warnings == ()
        computer.system = "Windows"
        computer.says("npu-smi", SMI.format(name="910B3", version="25.2.0"))
        assert values(computer.machine(), "ascend") == {}


class TestTpu:
    FORCE = "TPU_VARIANT_PROVIDER_FORCE_PRESENT"

    @pytest.mark.parametrize(
        ("vendor", "device", "expected"),
        [
            ("0x1ae0", "0x0063", "true"),
            ("0x1AE0", "0x007C", "true"),
            ("0x1ae0", "0x0042", "false"),
            ("0x10de", "0x0063", "false"),
            ("", "", "false"),
        ],
    )
    def test_pci_devices_tell(self, computer: Computer, vendor: str, device: str, expected: str) -> None:
        computer.write("/sys/bus/pci/devices/0000:00:01.0/vendor", "0x8086\n")
        computer.write("/sys/bus/pci/devices/0000:00:05.0/vendor", f"{vendor}\n")
        computer.write("/sys/bus/pci/devices/0000:00:05.0/device", f"{device}\n")
        assert values(computer.machine(), "tpu") == {"present": expected}

    def test_without_pci_there_is_none(self, computer: Computer) -> None:
        assert values(computer.machine(), "tpu") == {"present": "false"}
        computer.write("/sys/bus/pci/devices/0000:00:05.0/vendor", "0x1ae0\n")
        computer.write("/sys/bus/pci/devices/0000:00:05.0/device", "0x0063\n")
        computer.system = "Windows"
        assert values(computer.machine(), "tpu") == {"present": "false"}

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("1", "true"),
            ("TRUE", "true"),
            ("Yes", "true"),
            ("0", "false"),
            ("no", "false"),
            ("maybe", "false"),
        ],
    )
    def test_an_override_is_true_or_false(self, computer: Computer, value: str, expected: str) -> None:
        for machine in (computer.machine, computer.blind):
            assert values(machine(**{self.FORCE: value}), "tpu") == {"present": expected}

    def test_of_a_far_machine_neither_is_known(self, computer: Computer) -> None:
        assert values(computer.blind(), "tpu") == {}
        assert values(computer.blind(**{self.FORCE: ""}), "tpu") == {}


class TestFixedLists:
    @pytest.mark.parametrize(
        ("namespace", "expected"),
        [("blas_lapack", "accelerate openblas mkl"), ("openmp", "gnu intel llvm")],
    )
    def test_they_are_the_same_everywhere(self, computer: Computer, namespace: str, expected: str) -> None:
        for machine in (computer.machine(), computer.blind()):
            assert values(machine, namespace) == {"provider": expected}
