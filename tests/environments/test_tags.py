import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import packaging
import pytest
from hypothesis import given, strategies as st
from packaging.tags import compatible_tags, cpython_tags, mac_platforms, sys_tags

from environments.test_interpreter import other_pythons
from rewheel.environments import (
    Interpreter,
    InterpreterCache,
    PlatformDescription,
    UnknownPlatform,
    find_target,
)
from rewheel.environments.interpreter import query
from rewheel.environments.libc import musl_version, read_elf
from rewheel.environments.tags import (
    _cpython,
    described_markers,
    described_platforms,
    described_tags,
    interpreter_tags,
)


def facts(**build: Any) -> Interpreter:
    """The running interpreter, built differently."""
    own = query(Path(sys.executable))
    return Interpreter.from_facts(own | {"build": own["build"] | build})


def unique(tags: Any) -> list[str]:
    return list(dict.fromkeys(map(str, tags)))


def test_our_own_tags_are_those_of_packaging() -> None:
    assert list(interpreter_tags(facts())) == unique(sys_tags())
    assert list(interpreter_tags(facts()).values()) == list(range(len(unique(sys_tags()))))


@pytest.mark.parametrize("python", other_pythons(), ids=lambda path: path.name)
def test_tags_of_other_pythons_are_what_packaging_says_there(python: Path) -> None:
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        "from packaging.tags import sys_tags\n"
        "print(json.dumps([str(t) for t in sys_tags()]))"
    )
    folder = str(Path(packaging.__file__).parent.parent)
    run = subprocess.run([python, "-I", "-c", program, folder], capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip("packaging does not run there")
    expected = list(dict.fromkeys(json.loads(run.stdout)))
    assert list(InterpreterCache(None).tags(InterpreterCache(None).interpreter(python))) == expected


@given(
    st.sampled_from([(3, minor) for minor in range(17)]),
    st.lists(st.sampled_from(["cp38", "cp311", "cp311d", "cp313t", "cp315"]), max_size=2, unique=True),
    st.lists(st.sampled_from(["linux_x86_64", "manylinux_2_17_x86_64", "win32"]), max_size=3),
)
def test_the_order_is_that_of_packaging(
    version: tuple[int, int], abis: list[str], platforms: list[str]
) -> None:
    name = "cp{}{}".format(*version)
    found = _cpython(version, abis, platforms, name)
    assert list(found) == unique(
        [*cpython_tags(version, abis, platforms), *compatible_tags(version, name, platforms)]
    )


# What packaging itself says when it is told to be on such a Linux; its functions for that are private,
# so they run in a process of their own.
_PRETEND = """
import json, sys, platform, sysconfig
from packaging import tags, _manylinux, _musllinux
glibc, musl, name = json.loads(sys.argv[1])
_manylinux._get_glibc_version = lambda: _manylinux._GLibCVersion(*glibc)
_manylinux._have_compatible_abi = lambda executable, archs: True
_musllinux._get_musl_version = lambda executable: _musllinux._MuslVersion(*musl) if musl else None
sysconfig.get_platform = lambda: name
print(json.dumps(list(tags._linux_platforms(False))))
"""


@pytest.mark.parametrize(
    ("machine", "libc", "version"),
    [
        ("x86_64", "glibc", (2, 39)),
        ("aarch64", "glibc", (2, 39)),
        ("aarch64", "glibc", (2, 17)),
        ("x86_64", "glibc", (2, 4)),
        ("x86_64", "glibc", (2, 12)),
        ("i686", "glibc", (2, 28)),
        ("armv7l", "glibc", (2, 31)),
        ("armv8l", "glibc", (2, 31)),
        ("riscv64", "glibc", (2, 39)),
        ("s390x", "glibc", (3, 1)),
        ("x86_64", "musl", (1, 2)),
        ("aarch64", "musl", (1, 1)),
    ],
)
def test_a_described_linux_has_the_platforms_of_packaging(
    machine: str, libc: str, version: tuple[int, int]
) -> None:
    glibc, musl = (version, None) if libc == "glibc" else ((-1, -1), version)
    argument = json.dumps([glibc, musl, f"linux-{machine}"])
    run = subprocess.run(
        [sys.executable, "-c", _PRETEND, argument], check=True, capture_output=True, text=True
    )
    described = described_platforms(PlatformDescription("Linux", machine, libc, version))
    assert described == json.loads(run.stdout)


def test_a_described_mac_has_the_platforms_of_packaging() -> None:
    for machine, version in (("arm64", (14, 0)), ("x86_64", (10, 15)), ("x86_64", (13, 2))):
        description = PlatformDescription("Darwin", machine, "", version)
        assert described_platforms(description) == list(mac_platforms(version, machine))


@pytest.mark.parametrize(
    ("machine", "tag"), [("AMD64", "win_amd64"), ("x86", "win32"), ("ARM64", "win_arm64")]
)
def test_a_described_windows_has_one_platform(machine: str, tag: str) -> None:
    assert described_platforms(PlatformDescription("Windows", machine)) == [tag]


@pytest.mark.parametrize(
    "description",
    [
        PlatformDescription("Plan9", "x86_64"),
        PlatformDescription("Windows", "sparc"),
        PlatformDescription("Darwin", "arm64"),
        PlatformDescription("Linux", "a-b"),
        PlatformDescription("", ""),
    ],
)
def test_other_platforms_are_refused(description: PlatformDescription) -> None:
    with pytest.raises(UnknownPlatform, match="no wheels are made"):
        described_platforms(description)


def test_a_target_for_another_platform_has_its_tags_and_markers_and_nothing_of_this_machine(
    tmp_path: Path,
) -> None:
    here = find_target(sys.executable, tmp_path, {}, tmp_path)
    there = here.for_platform(PlatformDescription("Darwin", "arm64", "", (14, 0)))
    python = "cp{}{}".format(*sys.version_info[:2])
    assert there.tags[f"{python}-{python}-macosx_14_0_arm64"] == 0
    assert not any("linux" in tag for tag in there.tags)
    assert {key: there.markers[key] for key in ("sys_platform", "os_name", "platform_system")} == {
        "sys_platform": "darwin",
        "os_name": "posix",
        "platform_system": "Darwin",
    }
    assert there.markers["platform_machine"] == "arm64"
    assert there.markers["platform_release"] == there.markers["platform_version"] == ""
    assert there.markers["python_full_version"] == here.markers["python_full_version"]
    assert there.scheme == here.scheme
    windows = here.for_platform(PlatformDescription("Windows", "AMD64"))
    assert windows.is_windows
    assert windows.markers["sys_platform"] == "win32"
    assert windows.scheme.scripts == tmp_path / "Scripts"
    with pytest.raises(UnknownPlatform):
        here.for_platform(PlatformDescription("Amiga", "m68k"))


def test_a_described_linux_equals_this_one_when_it_describes_this_one() -> None:
    own = facts()
    if not own.build.glibc or own.build.bits != 64 or own.implementation != "cpython":
        pytest.skip("no 64-bit CPython on glibc")
    major, minor = own.build.glibc.split(".")[:2]
    description = PlatformDescription(
        "Linux", own.markers["platform_machine"], "glibc", (int(major), int(minor))
    )
    assert dict(described_tags(own, description)) == dict(interpreter_tags(own))
    assert described_markers(own.markers, description) == dict(own.markers) | {
        "platform_release": "",
        "platform_version": "",
    }


@pytest.mark.parametrize(
    ("build", "abis"),
    [
        ({"debug": True}, ["{v}d", "{v}"]),
        ({"debug": False}, ["{v}"]),
    ],
)
def test_debug_builds_take_ordinary_modules_too(build: dict[str, Any], abis: list[str]) -> None:
    if sys.version_info >= (3, 13):
        build = build | {"free_threaded": False}
    interpreter = facts(platform="linux-riscv64", glibc="", **build)
    version = "cp{}{}".format(*sys.version_info[:2])
    found = [
        tag.split("-")[1] for tag in interpreter_tags(interpreter) if tag.startswith(f"{version}-{version}")
    ]
    assert found == [abi.format(v=version) for abi in abis]


def test_free_threaded_builds_have_their_own_abi() -> None:
    own = query(Path(sys.executable))
    build = own["build"] | {"platform": "win-amd64", "free_threaded": True, "nodot": "314", "debug": False}
    interpreter = Interpreter.from_facts(own | {"version": [3, 14, 0], "build": build})
    tags = list(interpreter_tags(interpreter))
    expected = unique(cpython_tags((3, 14), ["cp314t"], ["win_amd64"]))
    assert tags[: len(expected)] == expected
    assert not any("-abi3-" in tag for tag in tags)


def test_pypy_has_its_own_abi() -> None:
    own = query(Path(sys.executable))
    build = own["build"] | {
        "platform": "linux-x86_64",
        "glibc": "2.17",
        "nodot": "310",
        "ext_suffix": ".pypy310-pp73-x86_64-linux-gnu.so",
    }
    changed = {"implementation": "pypy", "version": [3, 10, 14], "build": build}
    tags = list(interpreter_tags(Interpreter.from_facts(own | changed)))
    assert tags[0] == "pp310-pypy310_pp73-linux_x86_64"
    assert "pp310-none-manylinux2014_x86_64" in tags
    assert "pp3-none-any" in tags
    assert not any(tag.startswith("cp") for tag in tags)


def test_a_manylinux_module_can_refuse(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    site = next((tmp_path / "lib").glob("*/site-packages"))
    (site / "_manylinux.py").write_text("def manylinux_compatible(major, minor, arch): return minor == 17\n")
    interpreter = InterpreterCache(None).interpreter(tmp_path / "bin" / "python")
    if not interpreter.build.glibc:
        pytest.skip("no glibc")
    manylinux = {tag.split("-")[2] for tag in interpreter_tags(interpreter) if "manylinux" in tag}
    assert {tag.removesuffix(f"_{interpreter.architecture}") for tag in manylinux} == {
        "manylinux_2_17",
        "manylinux2014",
    }
    (site / "_manylinux.py").write_text("manylinux2014_compatible = False\n")
    again = interpreter_tags(InterpreterCache(None).interpreter(tmp_path / "bin" / "python"))
    assert not any("manylinux2014" in tag or "manylinux_2_17_" in tag for tag in again)
    assert any("manylinux_2_18_" in tag for tag in again)


def test_musl_says_its_version() -> None:
    assert musl_version("musl libc (x86_64)\nVersion 1.2.3\nDynamic Program Loader\n") == "1.2"
    assert (
        musl_version("musl libc (x86_64)\n") == musl_version("ld.so\nVersion 1\n") == musl_version("") == ""
    )


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 60, b"\x7fELF\x02\x01" + b"\xff" * 80]
)
def test_what_is_no_elf_file_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert read_elf(tmp_path / "file") is None
    assert read_elf(tmp_path / "missing") is None


def test_this_interpreter_is_an_elf_file() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("no ELF here")
    elf = read_elf(Path(sys.executable))
    assert elf is not None
    assert elf.bits == (64 if sys.maxsize > 2**32 else 32)
    assert elf.interpreter.startswith("/")
    assert not elf.is_known_32_bit
