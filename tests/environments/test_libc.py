import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from rewheel.environments import Interpreter
from rewheel.environments.interpreter import query
from rewheel.environments.libc import add_libc, read_elf
from rewheel.environments.query import glibc, is_debug
from rewheel.environments.tags import interpreter_tags


def elf(
    path: Path, *, bits: int = 64, order: str = "<", machine: int = 62, flags: int = 0, loader: str = ""
) -> Path:
    """Write the head of an executable, with one segment that names its dynamic loader."""
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    wide = bits == 64
    start = 16 + struct.calcsize(order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"))
    layout = order + ("IIQQQQQQ" if wide else "IIIIIIII")
    size = struct.calcsize(layout)
    name = loader.encode() + b"\0"
    header = struct.pack(
        order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), 2, machine, 1, 0, start, 0, flags, start, size, 1
    )
    offset = start + size
    values = (3, 0, offset, 0, 0, len(name), 0, 0) if wide else (3, offset, 0, 0, len(name), 0, 0, 0)
    path.write_bytes(ident + header + struct.pack(layout, *values) + name)
    return path


def facts_of(executable: Path, **build: Any) -> dict[str, Any]:
    facts = query(Path(sys.executable))
    return facts | {"executable": str(executable), "build": facts["build"] | {"hard_float": False} | build}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_loaders_are_found_in_every_kind_of_executable(tmp_path: Path, bits: int, order: str) -> None:
    found = read_elf(elf(tmp_path / "x", bits=bits, order=order, loader="/lib/ld.so"))
    assert found is not None
    assert (found.bits, found.little_endian, found.interpreter) == (bits, order == "<", "/lib/ld.so")


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({"bits": 32, "machine": 40, "flags": 0x05000400}, True),
        ({"bits": 32, "machine": 40, "flags": 0x05000200}, False),
        ({"bits": 32, "machine": 40, "flags": 0x04000400}, False),
        ({"bits": 32, "machine": 3}, True),
        ({"bits": 32, "machine": 3, "order": ">"}, False),
        ({"bits": 64, "machine": 62}, False),
    ],
)
def test_32_bit_wheels_need_a_known_abi(tmp_path: Path, options: dict[str, Any], known: bool) -> None:
    machine = "armv7l" if options["machine"] == 40 else "i686"
    facts = facts_of(elf(tmp_path / "x", **options), platform=f"linux-{machine}", bits=32, glibc="2.31")
    add_libc(facts)
    tags = interpreter_tags(Interpreter.from_facts(facts))
    assert any("manylinux2014" in tag for tag in tags) is known
    assert any(f"linux_{machine}" in tag for tag in tags)


def test_musl_s_loader_is_asked_for_its_version(tmp_path: Path) -> None:
    loader = tmp_path / "ld-musl-test.so.1"
    loader.write_text("#!/bin/sh\nprintf 'musl libc (x86_64)\\nVersion 1.2.5\\nLoader\\n' >&2\nexit 1\n")
    loader.chmod(0o755)
    facts = facts_of(elf(tmp_path / "python", loader=str(loader)), platform="linux-x86_64", bits=64, glibc="")
    add_libc(facts)
    assert facts["build"]["musl"] == "1.2"
    tags = list(interpreter_tags(Interpreter.from_facts(facts)))
    platforms = [tag.split("-")[2] for tag in tags[:4]]
    assert platforms == [
        "linux_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
    ]
    assert not any("manylinux" in tag for tag in tags)
    loader.unlink()
    facts = facts_of(tmp_path / "python", platform="linux-x86_64", bits=64, glibc="")
    add_libc(facts)
    assert not facts["build"].get("musl")


def test_other_systems_are_left_alone(tmp_path: Path) -> None:
    for facts in ({}, {"build": 3}, {"build": {"platform": "win-amd64"}}):
        before = dict(facts)
        add_libc(facts)
        assert facts == before


def test_macs_get_the_tags_of_their_version() -> None:
    mac = {"platform": "macosx-11.0-arm64", "glibc": "", "bits": 64}
    mac |= {"mac_version": "14.5", "mac_machine": "arm64"}
    tags = list(interpreter_tags(Interpreter.from_facts(facts_of(Path(sys.executable), **mac))))
    python = "cp{}{}".format(*sys.version_info[:2])
    assert tags[0] == f"{python}-{python}-macosx_14_0_arm64"
    assert any(tag.endswith("macosx_10_9_universal2") for tag in tags)
    old = mac | {"bits": 32, "mac_version": "10.5", "mac_machine": "x86_64"}
    tags = list(interpreter_tags(Interpreter.from_facts(facts_of(Path(sys.executable), **old))))
    assert tags[0].endswith("macosx_10_5_i386")


def test_glibc_is_found_without_confstr(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = glibc()
    monkeypatch.delattr(os, "confstr", raising=False)
    assert glibc() == expected
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert glibc() == ""
    assert is_debug() == hasattr(sys, "gettotalrefcount")
