"""aarch64: version and flags from what Linux and macOS tell of a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewheel.machines.detectors.aarch64 import ALL_VALUES, FLAGS, VERSIONS

if TYPE_CHECKING:
    from conftest import Computer
    from rewheel.machines.machine import Machine
    from rewheel.machines.support import NamespaceSupport

FORCE = "AARCH64_VARIANT_PROVIDER_FORCE_VERSION"

HWCAP_8 = (0, 1, 2, 3, 4, 5, 6, 7)
HWCAP_8_1 = (*HWCAP_8, 8, 12)
HWCAP_8_2 = (*HWCAP_8_1, 16)
HWCAP_8_3 = (*HWCAP_8_2, 13, 14, 15, 30, 31)
HWCAP_8_4 = (*HWCAP_8_3, 9, 10, 20, 23, 24, 25, 26, 27)


def asked(machine: Machine) -> NamespaceSupport:
    support = machine.detect("aarch64")
    assert support is not None
    return support


def version(support: NamespaceSupport) -> str:
    found = support.features["version"]
    assert found == VERSIONS[VERSIONS.index(found[0]) :]
    return found[0]


def cpuinfo(*cores: tuple[str, str], features: str = "fp asimd") -> str:
    """Write /proc/cpuinfo as the kernel does, for cores of these implementers and parts."""
    return "".join(
        f"processor\t: {number}\nBogoMIPS\t: 243.75\nFeatures\t: {features}\n"
        f"CPU implementer\t: {implementer}\nCPU architecture: 8\n"
        f"CPU variant\t: 0x1\nCPU part\t: {part}\nCPU revision\t: 1\n\n"
        for number, (implementer, part) in enumerate(cores)
    )


@pytest.fixture
def arm(computer: Computer) -> Computer:
    """A Linux computer with an Arm CPU of which nothing is known yet."""
    computer.arch = "aarch64"
    return computer


class TestLinux:
    @pytest.mark.parametrize(
        ("implementer", "part", "expected"),
        [
            ("0x41", "0xd0c", "8.2a"),
            ("0x41", "0xd40", "8.4a"),
            ("0x41", "0xd49", "8.4a"),
            ("0x41", "0xd4f", "8.4a"),
            ("0x41", "0xd83", "8.4a"),
            ("0x41", "0xd08", "8a"),
            ("0x6d", "0xd49", "8.4a"),
            ("0x42", "0x516", "8.1a"),
            ("0x43", "0x0af", "8.1a"),
            ("0x46", "0x001", "8.2a"),
            ("0xc0", "0xac3", "8.4a"),
            ("0xc0", "0xac4", "8.4a"),
            ("0x61", "0x020", "8.4a"),
            ("0x61", "0x025", "8.4a"),
            ("0x61", "0x026", "8a"),
            ("0x61", "0x039", "8.4a"),
            ("0x61", "0x069", "8.4a"),
            ("0x61", "0x06a", "8a"),
            ("0x51", "0xd0c", "8a"),
        ],
    )
    def test_a_core_has_what_its_maker_promises(
        self, arm: Computer, implementer: str, part: str, expected: str
    ) -> None:
        arm.write("/proc/cpuinfo", cpuinfo((implementer, part)))
        arm.hwcap(*HWCAP_8_4)
        assert version(asked(arm.machine())) == expected

    @pytest.mark.parametrize(
        ("bits", "expected"),
        [
            (HWCAP_8_4, "8.4a"),
            ((*HWCAP_8_4, 21, 22, 28, 29), "8.4a"),
            (HWCAP_8_4[:-1], "8.3a"),
            (HWCAP_8_3, "8.3a"),
            (HWCAP_8_3[:-1], "8.2a"),
            (HWCAP_8_2, "8.2a"),
            (HWCAP_8_1, "8.1a"),
            (HWCAP_8, "8a"),
            ((), "8a"),
            (HWCAP_8_4[1:], "8a"),
        ],
    )
    def test_the_kernel_may_allow_less(self, arm: Computer, bits: tuple[int, ...], expected: str) -> None:
        arm.write("/proc/cpuinfo", cpuinfo(("0x41", "0xd4f")))
        arm.hwcap(*bits)
        assert version(asked(arm.machine())) == expected

    def test_the_least_core_decides(self, arm: Computer) -> None:
        arm.hwcap(*HWCAP_8_4)
        arm.write("/proc/cpuinfo", cpuinfo(("0x41", "0xd40"), ("0x41", "0xd0c"), ("0x41", "0xd40")))
        assert version(asked(arm.machine())) == "8.2a"
        arm.write("/proc/cpuinfo", cpuinfo(*[("0x61", "0x022")] * 4, ("0x41", "0xd03")))
        assert version(asked(arm.machine())) == "8a"

    def test_without_the_vector_nothing_is_claimed(self, arm: Computer) -> None:
        arm.write("/proc/cpuinfo", cpuinfo(("0x41", "0xd4f")))
        assert version(asked(arm.machine())) == "8a"
        arm.write("/proc/self/auxv", b"\x10\x00\x00")
        assert version(asked(arm.machine())) == "8a"

    def test_flags_are_those_that_all_cores_have(self, arm: Computer) -> None:
        text = cpuinfo(("0x41", "0xd4f"), features="fp asimd sve sve2 atomics unheard_of")
        text += cpuinfo(("0x41", "0xd4f"), features="asimd fp sve aes")
        arm.write("/proc/cpuinfo", text)
        features = asked(arm.machine()).features
        assert list(features) == ["version", "sve", "asimd", "fp"]
        assert features["sve"] == ("on",)

    @pytest.mark.parametrize("text", ["", "nonsense", "Processor : ARM\n"])
    def test_a_cpu_that_cannot_be_asked_is_the_baseline(self, arm: Computer, text: str) -> None:
        arm.write("/proc/cpuinfo", text)
        support = asked(arm.machine())
        assert support.features == {"version": ("8a",)}
        assert str(support.origin) == "from the aarch64 baseline"

    def test_all_values_are_valid(self) -> None:
        assert list(ALL_VALUES) == ["version", *FLAGS]
        assert ALL_VALUES["version"] == ("9.0a", "8.5a", "8.4a", "8.3a", "8.2a", "8.1a", "8a")
        assert {"btiecv", "asimdrdmatomics"} <= set(FLAGS)
        assert len(FLAGS) == 40


class TestOtherSystems:
    @pytest.mark.parametrize(
        ("brand", "expected"),
        [
            ("Apple M1", "8.4a"),
            ("Apple M4 Pro", "8.4a"),
            ("Apple M10", "8a"),
            ("VirtualApple", "8a"),
            ("", "8a"),
        ],
    )
    def test_the_brand_tells_on_macos(self, arm: Computer, brand: str, expected: str) -> None:
        arm.system = "Darwin"
        arm.says("sysctl", brand + "\n")
        support = asked(arm.machine())
        assert version(support) == expected
        assert list(support.features) == ["version"]

    def test_windows_is_the_baseline(self, arm: Computer) -> None:
        arm.system = "Windows"
        assert asked(arm.machine()).features == {"version": ("8a",)}

    def test_other_architectures_have_nothing(self, computer: Computer) -> None:
        assert asked(computer.machine(**{FORCE: "8.4a"})).features == {}


class TestOverride:
    @pytest.mark.parametrize("forced", VERSIONS)
    def test_a_forced_version_stands_alone(self, arm: Computer, forced: str) -> None:
        arm.write("/proc/cpuinfo", cpuinfo(("0x41", "0xd4f")))
        support = asked(arm.machine(**{FORCE: forced}))
        assert version(support) == forced
        assert list(support.features) == ["version"]
        assert support.origin.detail == FORCE

    @pytest.mark.parametrize("forced", ["8.0a", "8.4", "v8", "10a", "8x4a"])
    def test_a_malformed_version_supports_nothing(self, arm: Computer, forced: str) -> None:
        support = asked(arm.machine(**{FORCE: forced}))
        assert not support.is_supported
        assert FORCE in support.warnings[0]

    def test_a_far_machine_has_the_baseline_or_what_is_forced(self, arm: Computer) -> None:
        arm.write("/proc/cpuinfo", cpuinfo(("0x41", "0xd4f")))
        arm.hwcap(*HWCAP_8_4)
        assert asked(arm.blind()).features == {"version": ("8a",)}
        assert version(asked(arm.blind(**{FORCE: "8.2a"}))) == "8.2a"
