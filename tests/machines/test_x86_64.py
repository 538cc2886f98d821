"""x86_64: levels and flags from what Linux, macOS and Windows tell of a CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

import rewheel.machines
from rewheel.machines.detectors.cpuid import flags_of_registers
from rewheel.machines.detectors.x86_64 import ALL_VALUES, FLAGS
from rewheel.machines.host import Host, ProbeAnswer
from rewheel.machines.machine import Machine
from rewheel.machines.platform import normalize_arch
from rewheel.machines.support import OriginKind

if TYPE_CHECKING:
    from conftest import Computer
    from rewheel.machines.support import NamespaceSupport

FORCE = "X86_64_VARIANT_PROVIDER_FORCE_LEVEL"

V1 = "fpu mmx sse sse2 syscall"
V2 = f"{V1} cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


def asked(machine: Machine) -> NamespaceSupport:
    support = machine.detect("x86_64")
    assert support is not None
    return support


def levels(support: NamespaceSupport) -> str:
    return " ".join(support.features["level"])


def cpuinfo(*cpus: str) -> str:
    """Write /proc/cpuinfo as the kernel does, for CPUs with these flags."""
    return "".join(
        f"processor\t: {number}\nmodel name\t: Fake flags : 1\nflags\t\t: {flags}\nvmx flags\t: vnmi\n\n"
        for number, flags in enumerate(cpus)
    )


class TestLinux:
    @pytest.mark.parametrize(
        ("flags", "expected"),
        [
            (V1, "v1"),
            (V2, "v2 v1"),
            (V3, "v3 v2 v1"),
            (V4, "v4 v3 v2 v1"),
            (V2.replace("pni", "sse3"), "v2 v1"),
            (V2.replace("pni ", ""), "v2 v1"),
            (V3.replace("abm", "lzcnt"), "v3 v2 v1"),
            (V4.replace("movbe", ""), "v2 v1"),
            (V4.replace("avx512cd", ""), "v3 v2 v1"),
        ],
    )
    def test_the_level_and_all_lower_ones(self, computer: Computer, flags: str, expected: str) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(flags))
        support = asked(computer.machine())
        assert levels(support) == expected
        assert str(support.origin) == "from /proc/cpuinfo"

    def test_flags_follow_the_level_in_the_order_of_the_provider(self, computer: Computer) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(f"{V3} aes unheard_of rdseed"))
        features = asked(computer.machine()).features
        assert list(features) == [
            "level", "rdseed", "avx2", "avx", "bmi2", "bmi1", "abm", "f16c", "fma", "movbe", "aes", "sse4_2",
            "sse4_1", "ssse3", "sse3", "cx16", "lahf_lm", "popcnt", "sse2", "sse", "mmx",
        ]  # fmt: skip
        assert set(features.values()) - {features["level"]} == {("on",)}

    def test_the_first_cpu_speaks_for_all(self, computer: Computer) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(V2, V4))
        assert levels(asked(computer.machine())) == "v2 v1"

    @pytest.mark.parametrize("text", ["", "nonsense", "flags\t\t: \n", "\x00\xff" * 5000])
    def test_a_cpu_that_cannot_be_asked_is_v2_without_flags(self, computer: Computer, text: str) -> None:
        computer.write("/proc/cpuinfo", text)
        support = asked(computer.machine())
        assert support.features == {"level": ("v2", "v1")}
        assert str(support.origin) == "from the x86_64 baseline"

    def test_no_file_at_all_is_no_problem(self, computer: Computer) -> None:
        assert levels(asked(computer.machine())) == "v2 v1"

    @given(st.sets(st.sampled_from(FLAGS)))
    def test_levels_form_a_ladder(self, flags: set[str]) -> None:
        registers = {"flags": " ".join(flags)}
        host = FakeFile({}, "Linux", "x86_64", root=registers["flags"])
        found = asked(Machine("fake", host)).features
        assert found["level"] == ("v4", "v3", "v2", "v1")[-len(found["level"]) :]
        assert [name for name in FLAGS if name in found] == list(found)[1:]
        assert all(set(values) <= set(ALL_VALUES[feature]) for feature, values in found.items())


class FakeFile(Host):
    """A host with one file, whose flags stand where the root would: properties need no file system."""

    __slots__ = ()

    def read_bytes(self, path: str, limit: int = 1 << 20) -> bytes | None:
        return f"flags : {self.root}\n".encode()[:limit] if path == "/proc/cpuinfo" else None


class TestOverride:
    @pytest.mark.parametrize("level", ["v1", "v2", "v3", "v4"])
    def test_a_forced_level_stands_alone(self, computer: Computer, level: str) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(V2))
        support = asked(computer.machine(**{FORCE: level}))
        assert list(support.features) == ["level"]
        assert support.features["level"] == ("v4", "v3", "v2", "v1")[4 - int(level[1]) :]
        assert support.origin.kind is OriginKind.OVERRIDE

    @pytest.mark.parametrize("level", ["v5", "v0", "3", "V3", "v3\nv4"])
    def test_a_malformed_level_supports_nothing(self, computer: Computer, level: str) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(V2))
        support = asked(computer.machine(**{FORCE: level}))
        assert not support.is_supported
        assert len(support.warnings) == 1
        assert support.warnings[0].isprintable()

    def test_a_far_machine_has_the_baseline_or_what_is_forced(self, computer: Computer) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(V4))
        assert asked(computer.blind()).features == {"level": ("v2", "v1")}
        assert levels(asked(computer.blind(**{FORCE: "v3"}))) == "v3 v2 v1"


class TestOtherSystems:
    def macos(self, computer: Computer, *lines: str) -> NamespaceSupport:
        computer.system = "Darwin"
        computer.says("sysctl", "\n".join(lines) + "\n")
        computer.tool("sysctl", f"/bin/cat '{computer.folder}/sysctl.txt'; exit 1")
        return asked(computer.machine())

    FEATURES = (
        "machdep.cpu.features: FPU MMX SSE SSE2 SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES F16C FMA AVX1.0"
    )
    EXTENDED = "machdep.cpu.extfeatures: SYSCALL XD LAHF LZCNT"
    LEAF7 = "machdep.cpu.leaf7_features: BMI1 AVX2 BMI2 AVX512F AVX512CD AVX512DQ AVX512BW AVX512VL"

    def test_sysctl_tells_on_macos(self, computer: Computer) -> None:
        support = self.macos(computer, self.FEATURES, self.EXTENDED, self.LEAF7, "hw.optional.avx512f: 1")
        assert levels(support) == "v4 v3 v2 v1"
        assert "lahf_lm" in support.features
        assert str(support.origin) == "from sysctl"

    def test_avx512_counts_only_if_the_system_serves_it(self, computer: Computer) -> None:
        support = self.macos(computer, self.FEATURES, self.EXTENDED, self.LEAF7, "hw.optional.avx512f: 0")
        assert levels(support) == "v3 v2 v1"
        assert not any(feature.startswith("avx512") for feature in support.features)

    def test_without_sysctl_it_is_the_baseline(self, computer: Computer) -> None:
        computer.system = "Darwin"
        assert asked(computer.machine()).features == {"level": ("v2", "v1")}

    def test_sysctl_need_not_be_on_the_path(self, computer: Computer) -> None:
        computer.system = "Darwin"
        script = computer.write(
            "/usr/sbin/sysctl", f"#!/bin/sh\necho {self.FEATURES!r}\necho {self.EXTENDED!r}\n"
        )
        script.chmod(0o755)
        assert levels(asked(computer.machine())) == "v2 v1"
        assert "aes" in asked(computer.machine()).features

    def test_windows_asks_the_cpu(self) -> None:
        support = asked(Machine("fake", FakeCpu({}, "Windows", "x86_64")))
        assert levels(support) == "v3 v2 v1"
        assert str(support.origin) == "from CPUID"

    def test_windows_without_an_answer_is_the_baseline(self) -> None:
        host = FakeCpu({"SILENT": "1"}, "Windows", "x86_64")
        assert asked(Machine("fake", host)).features == {"level": ("v2", "v1")}

    def test_other_systems_are_the_baseline(self, computer: Computer) -> None:
        computer.system = "FreeBSD"
        assert asked(computer.machine()).features == {"level": ("v2", "v1")}

    @pytest.mark.parametrize("arch", ["aarch64", "i686", "riscv64"])
    def test_other_architectures_have_nothing(self, computer: Computer, arch: str) -> None:
        computer.write("/proc/cpuinfo", cpuinfo(V4))
        computer.arch = arch
        support = asked(computer.machine(**{FORCE: "v3"}))
        assert support.features == {}
        assert support.warnings == ()


class FakeCpu(Host):
    """A host whose CPUID probe answers like an AVX2 CPU."""

    __slots__ = ()

    def probe(self, name: str, *arguments: str, timeout: float = 10.0, without: object = ()) -> ProbeAnswer:
        assert name == "cpuid"
        return ProbeAnswer(None, "silent") if "SILENT" in self.environ else ProbeAnswer(AVX2_CPU)


ALL = (1 << 32) - 1
AVX2_CPU = {"1.0.ecx": ALL, "1.0.edx": ALL, "7.0.ebx": ALL, "80000001.0.ecx": ALL, "xcr0": 0x7}


class TestCpuid:
    def test_vector_flags_need_the_systems_consent(self) -> None:
        everything = AVX2_CPU | {"7.0.ecx": ALL, "7.1.eax": ALL}
        assert "avx" not in flags_of_registers(everything | {"xcr0": 0x3})
        assert "avx" not in flags_of_registers({**everything, "xcr0": None})
        assert {"avx", "avx2", "fma", "f16c"} <= flags_of_registers(everything | {"xcr0": 0x6})
        assert not any("avx512" in flag for flag in flags_of_registers(everything | {"xcr0": 0x7}))
        assert "avx512f" not in flags_of_registers(everything | {"xcr0": 0xE0})
        assert {"avx512f", "avx512_bf16"} <= flags_of_registers(everything | {"xcr0": 0xE7})

    def test_nonsense_means_no_flags(self) -> None:
        assert not flags_of_registers({"1.0.ecx": "all", "7.0.ebx": [1], "xcr0": "7"})

    @pytest.mark.skipif(normalize_arch(Host.here({}).arch) != "x86_64", reason="needs an x86_64 CPU")
    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="compares with /proc/cpuinfo")
    def test_the_real_probe_agrees_with_the_kernel(self) -> None:
        """What both name, the kernel must have read from the same registers."""
        script = Path(rewheel.machines.__file__).parent / "probes/cpuid.py"
        command = [sys.executable, "-I", "-S", script]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        flags = flags_of_registers(json.loads(output.split("rewheel-probe:")[1]))
        known = set(asked(Machine.here({})).features) - {"level"}
        assert {"sse", "sse2", "mmx"} <= flags
        # The kernel hides what it was told to hide, so it may name fewer; it never sees more of these.
        assert known & {"avx2", "avx512f", "bmi2", "sse4_2", "fma"} <= flags
