"""Compiled code of strangers: what it is for and what it needs, and nothing that it says can harm."""

import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.machines.detectors.x86_64 import flags_of_level
from rewheel.publishing import Severity, check_file
from rewheel.publishing.binaries import architectures_of_platform, identify, is_named_compiled
from rewheel.publishing.elf import BrokenElfError, read_elf
from rewheel.publishing.instructions import needs_of
from support.elf_factory import AVX2, CPUID, PLAIN, make_elf
from support.wheel_factory import make_wheel

LINUX = "cp312-cp312-manylinux_2_28_x86_64"
PE = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664) + b"\0" * 60
FAT = b"\xca\xfe\xba\xbe" + struct.pack(">I", 2)
FAT += struct.pack(">5I", 0x01000007, 3, 0, 0, 0) + struct.pack(">5I", 0x0100000C, 0, 0, 0, 0)


def codes(folder: Path, level: str = "", name: str = "foo.so", code: bytes = b"", tag: str = LINUX) -> list:
    properties = {"x86_64": {"level": [level]}} if level else None
    label = f"x86_64_{level}" if level else ""
    wheel = make_wheel(folder, label=label, properties=properties, tag=tag, files={name: code})
    return [(finding.code, finding.severity) for finding in check_file(wheel).findings]


@pytest.mark.parametrize(
    ("head", "kind", "architectures"),
    [
        (make_elf(), "ELF", {"x86_64"}),
        (make_elf(machine=183), "ELF", {"aarch64"}),
        (PE, "PE", {"x86_64"}),
        (FAT, "Mach-O", {"x86_64", "aarch64"}),
        (b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C), "Mach-O", {"aarch64"}),
    ],
)
def test_compiled_files_are_known_by_their_beginning(head: bytes, kind: str, architectures: set) -> None:
    found = identify(head)
    assert found is not None
    assert (found.format, found.architectures) == (kind, architectures)


@pytest.mark.parametrize(
    "head", [b"", b"import x\n" * 20, b"MZ" + b"\0" * 80, FAT[:20], b"\xca\xfe\xba\xbe\0\0\0\x34"]
)
def test_other_files_are_none(head: bytes) -> None:
    assert identify(head) is None


@pytest.mark.parametrize(
    ("platform", "promise"),
    [
        ("manylinux_2_28_x86_64", ("ELF", {"x86_64"})),
        ("manylinux2014_aarch64", ("ELF", {"aarch64"})),
        ("musllinux_1_2_x86_64", ("ELF", {"x86_64"})),
        ("linux_armv7l", ("ELF", {"armv7l"})),
        ("win_amd64", ("PE", {"x86_64"})),
        ("macosx_11_0_universal2", ("Mach-O", {"x86_64", "aarch64"})),
        ("macosx_11_0_arm64", ("Mach-O", {"aarch64"})),
        ("any", None),
        ("plan9_mips", None),
    ],
)
def test_platform_tags_promise_architectures(platform: str, promise: tuple | None) -> None:
    assert architectures_of_platform(platform) == promise


def test_names_of_compiled_files() -> None:
    assert all(
        map(is_named_compiled, ["a.so", "a.so.1.2", "a.cpython-312-x86_64-linux-gnu.so", "b.PYD", "c.dll"])
    )
    assert not any(map(is_named_compiled, ["a.py", "so", "a.some", "a.so.txt"]))


def test_code_within_the_level_is_fine(tmp_path: Path) -> None:
    assert codes(tmp_path, "v3", code=make_elf(AVX2)) == []
    assert codes(tmp_path, "v2", code=make_elf(PLAIN)) == []


def test_a_plain_wheel_with_demanding_code_is_warned_of(tmp_path: Path) -> None:
    assert codes(tmp_path, code=make_elf(AVX2)) == [("RW141", Severity.WARNING)]


@pytest.mark.parametrize(
    "code", [make_elf(CPUID + AVX2), make_elf(AVX2, ifunc=True), make_elf(AVX2, strings=b"\0__cpu_model\0")]
)
def test_code_that_asks_the_processor_is_a_note(tmp_path: Path, code: bytes) -> None:
    assert codes(tmp_path, "v2", code=code) == [("RW142", Severity.NOTE)]


def test_what_the_file_itself_says_counts(tmp_path: Path) -> None:
    assert codes(tmp_path, "v2", code=make_elf(isa_needed=8 | 1)) == [("RW141", Severity.ERROR)]
    assert codes(tmp_path, "v4", code=make_elf(isa_needed=8 | 1)) == []


def test_files_for_other_machines_may_lie_beside_those_that_fit(tmp_path: Path) -> None:
    files = {"foo.so": make_elf(), "data/arm.so": make_elf(machine=183), "data/win.dll": PE}
    wheel = make_wheel(tmp_path, tag=LINUX, files=files)
    assert check_file(wheel).findings == ()


def test_tzcnt_is_not_a_need() -> None:
    found = needs_of(read_elf(make_elf(bytes.fromhex("f30fbcc0c3"))), limit=100)
    assert (found.flags, found.asks_cpu, found.read) == ({}, False, 5)


def test_no_more_code_is_read_than_asked_for() -> None:
    assert needs_of(read_elf(make_elf(PLAIN * 10 + AVX2)), limit=len(PLAIN) * 10).flags == {}
    assert needs_of(read_elf(make_elf(PLAIN * 10 + AVX2)), limit=1000).flags == {"avx2": 1}


def test_levels_grow() -> None:
    levels = [flags_of_level(level) for level in ("v1", "v2", "v3", "v4")]
    assert all(low < high for low, high in itertools.pairwise(levels))
    assert "avx2" in levels[2]
    assert "avx512f" not in levels[2]


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_no_damage_makes_a_reader_fail(noise: bytes, place: int, value: int) -> None:
    whole = bytearray(make_elf(AVX2, isa_needed=4, ifunc=True))
    whole[place % len(whole)] = value
    cut = bytes(whole)[: 400 - len(noise)] + noise
    for data in (bytes(whole), cut, noise, b"\x7fELF\x02\x01" + noise):
        identify(data)
        try:
            elf = read_elf(data)
        except BrokenElfError:
            continue
        elf.level_needed()
        elf.has_ifuncs()
        elf.has_cpu_model()
        needs_of(elf, limit=1 << 16)
