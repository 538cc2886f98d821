"""Which wheel tags a Python can use, here or on a described platform, and in which order.

`packaging.tags` has the order, which is repeated here for ordinary builds of CPython; what it would ask of
the running interpreter is given to it, so the tags of any interpreter and of any platform come out as if it
had been asked there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rewheel.environments.errors import UnknownPlatform
from rewheel.environments.interpreter import Interpreter

if TYPE_CHECKING:
    from packaging.tags import Tag

__all__ = [
    "PlatformDescription",
    "described_markers",
    "described_platforms",
    "described_tags",
    "interpreter_tags",
    "platforms_in",
    "python_tags",
]

_MANYLINUX_MACHINES = frozenset({"x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"})
_LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_LAST_MINOR = 50  # of a glibc major version that has ended; none has, so this is a generous guess
_FIRST_STABLE, _NEW_STABLE = (3, 2), (3, 15)
"""The first versions of CPython with a stable ABI, and with another one for builds without the GIL."""
_SHORT_NAMES = {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
_WINDOWS = {
    "amd64": "win_amd64",
    "x86_64": "win_amd64",
    "x86": "win32",
    "i386": "win32",
    "i686": "win32",
    "arm64": "win_arm64",
    "aarch64": "win_arm64",
}
_LINUX_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686", "i386": "i686"}
_MAC_NAMES = {"aarch64": "arm64", "amd64": "x86_64"}


class PlatformDescription(NamedTuple):
    """A platform that need not be here, in the words of the `platform` module.

    `system` is "Linux", "Darwin" or "Windows"; `machine` what `platform.machine()` says there; `libc` is
    "glibc", "musl" or ""; `os_version` is the version of that C library, or of macOS.
    """

    system: str
    machine: str
    libc: str = ""
    os_version: tuple[int, int] = (0, 0)


def interpreter_tags(interpreter: Interpreter) -> Mapping[str, int]:
    """Return every "python-abi-platform" that the interpreter can use with its rank, 0 being the best."""
    return _ranked(interpreter, list(_own_platforms(interpreter)), _abis(interpreter))


def described_tags(interpreter: Interpreter, platform: PlatformDescription) -> Mapping[str, int]:
    """Return the tags that a Python like this one could use on the described platform.

    Raises UnknownPlatform when wheels cannot be made for it.
    """
    abis = [abi for abi in _abis(interpreter) if not abi.endswith("d")]
    if interpreter.implementation == "cpython":
        return _ranked(interpreter, described_platforms(platform), abis)
    return _ranked(interpreter, described_platforms(platform), _abis(interpreter))


def python_tags(version: tuple[int, int], platform: PlatformDescription) -> Mapping[str, int]:
    """Return the tags that CPython of a version could use on the described platform, with their ranks.

    Raises UnknownPlatform when wheels cannot be made for it.
    """
    name = f"cp{version[0]}{version[1]}"
    return _cpython(version, [name], described_platforms(platform), name)


def described_platforms(platform: PlatformDescription) -> list[str]:
    """Return the platform tags of a described platform, best first; raises UnknownPlatform."""
    machine = platform.machine.lower()
    if platform.system == "Windows" and machine in _WINDOWS:
        return [_WINDOWS[machine]]
    if platform.system == "Darwin" and platform.os_version >= (10, 0):
        from packaging.tags import mac_platforms

        return list(mac_platforms(platform.os_version, _MAC_NAMES.get(machine, machine)))
    if platform.system == "Linux" and re.fullmatch(r"\w+", machine):
        machine = _LINUX_NAMES.get(machine, machine)
        machines = _compatible_machines(machine)
        found = [f"linux_{each}" for each in machines]
        known = machine in _MANYLINUX_MACHINES or machine in {"i686", "armv7l", "armv8l"}
        if platform.libc == "glibc" and known:
            found += _manylinux(machines, platform.os_version, ())
        if platform.libc == "musl":
            found += _musllinux(machines, platform.os_version)
        return found
    raise UnknownPlatform(
        f"no wheels are made for {platform.system or 'a system without name'} on "
        f"{platform.machine or 'a machine without name'}",
        hint="systems are Linux, Darwin and Windows; machines are named as `platform.machine()` does there",
    )


def described_markers(markers: Mapping[str, str], platform: PlatformDescription) -> dict[str, str]:
    """Return the environment of dependency specifiers for the same Python on the described platform.

    Versions of a kernel that is not here are unknown, so they are empty.
    """
    return dict(markers) | {
        "os_name": "nt" if platform.system == "Windows" else "posix",
        "platform_machine": platform.machine,
        "platform_release": "",
        "platform_system": platform.system,
        "platform_version": "",
        "sys_platform": {"Windows": "win32", "Darwin": "darwin"}.get(platform.system, "linux"),
    }


def _ranked(interpreter: Interpreter, platforms: Sequence[str], abis: Sequence[str]) -> Mapping[str, int]:
    version = interpreter.version[:2]
    short = _SHORT_NAMES.get(interpreter.implementation, interpreter.implementation)
    name = f"{short}{interpreter.build.nodot}"
    if short == "cp":
        return _cpython(version, abis, platforms, name)
    from packaging.tags import compatible_tags, generic_tags

    tags = list(generic_tags(name, abis, platforms))
    tags += compatible_tags(version, "pp3" if short == "pp" else None, platforms)
    return _numbered(tags)


def _cpython(
    version: tuple[int, int], abis: Sequence[str], platforms: Sequence[str], name: str
) -> Mapping[str, int]:
    if _FIRST_STABLE <= version < _NEW_STABLE and not any("t" in abi for abi in abis):
        return _ordinary(version, abis, platforms, name)
    from packaging.tags import compatible_tags, cpython_tags

    tags = [*cpython_tags(version, abis, platforms), *compatible_tags(version, name, platforms)]
    return _numbered(tags)


def _ordinary(
    version: tuple[int, int], abis: Sequence[str], platforms: Sequence[str], name: str
) -> Mapping[str, int]:
    """Do as `packaging.tags` does for nearly everybody: loading it takes longer than all else about tags."""
    major, minor = version
    older = range(minor - 1, 1, -1)
    own = f"cp{major}{minor}"
    prefixes = [f"{own}-{abi}" for abi in (*abis, "abi3", "none")]
    prefixes += [f"cp{major}{each}-abi3" for each in older]
    pythons = [f"py{major}{minor}", f"py{major}", *(f"py{major}{each}" for each in range(minor - 1, -1, -1))]
    prefixes += [f"{python}-none" for python in pythons]
    tags = [f"{prefix}-{platform}" for prefix in prefixes for platform in platforms]
    tags += [f"{name}-none-any", *(f"{python}-none-any" for python in pythons)]
    return _numbered(tags)


def platforms_in(tags: Iterable[str]) -> frozenset[str]:
    """Return the platform parts of "python-abi-platform" tags."""
    return frozenset(tag.rsplit("-", 1)[1] for tag in tags)


def _numbered(tags: "Iterable[Tag | str]") -> Mapping[str, int]:
    """Give every tag its rank, that of its first mention."""
    ranks: dict[str, int] = {}
    for tag in tags:
        ranks.setdefault(str(tag), len(ranks))
    return ranks


def _abis(interpreter: Interpreter) -> list[str]:
    build = interpreter.build
    if interpreter.implementation != "cpython":
        return _generic_abis(build.ext_suffix)
    threading = "t" if build.free_threaded and interpreter.version >= (3, 13) else ""
    version = "cp{}{}".format(*interpreter.version[:2])
    # Debug builds load ordinary extension modules as well.
    return [f"{version}{threading}d", f"{version}{threading}"] if build.debug else [f"{version}{threading}"]


def _generic_abis(ext_suffix: str) -> list[str]:
    """Return the ABI inside a suffix such as ".pypy310-pp73-x86_64-linux-gnu.so"."""
    parts = ext_suffix.split(".")
    words = parts[1].split("-") if len(parts) > 2 else [""]
    count = {"pypy": 2, "graalpy": 3}.get(re.sub(r"\d.*", "", words[0]), len(words))
    abi = "_".join(words[:count])
    return [abi.replace(" ", "_")] if abi else []


def _own_platforms(interpreter: Interpreter) -> Iterator[str]:
    build = interpreter.build
    name = re.sub(r"[-. ]", "_", build.platform)
    if build.platform.startswith("linux-"):
        if build.bits == 32:
            name = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}.get(name, name)
        machine = name.removeprefix("linux_")
        machines = _compatible_machines(machine)
        yield from (f"linux_{each}" for each in machines)
        if machine in _MANYLINUX_MACHINES or (build.hard_float and {"armv7l", "i686"}.intersection(machines)):
            yield from _manylinux(machines, _version(build.glibc), build.manylinux_refused)
        yield from _musllinux(machines, _version(build.musl))
    elif build.mac_version:
        from packaging.tags import mac_platforms

        machine = build.mac_machine
        if build.bits == 32:
            machine = "ppc" if machine.startswith("ppc") else "i386"
        yield from mac_platforms(_version(build.mac_version), machine)
    else:
        yield name


def _compatible_machines(machine: str) -> list[str]:
    return ["armv8l", "armv7l"] if machine == "armv8l" else [machine]


def _manylinux(machines: Sequence[str], glibc: tuple[int, int], refused: Sequence[str]) -> list[str]:
    """Return the tags of PEP 600 and, beside each, the older name for the same glibc."""
    oldest = 5 if {"x86_64", "i686"}.intersection(machines) else 17
    versions = [(glibc[0], minor) for minor in range(glibc[1], (oldest if glibc[0] == 2 else 0) - 1, -1)]
    for major in range(glibc[0] - 1, 1, -1):
        versions += [(major, minor) for minor in range(_LAST_MINOR, (oldest if major == 2 else 0) - 1, -1)]
    found = []
    for machine in machines:
        for version in versions:
            name = f"{version[0]}_{version[1]}"
            if version[0] < 2 or name in refused:
                continue
            found.append(f"manylinux_{name}_{machine}")
            if version in _LEGACY_MANYLINUX:
                found.append(f"{_LEGACY_MANYLINUX[version]}_{machine}")
    return found


def _musllinux(machines: Sequence[str], musl: tuple[int, int]) -> list[str]:
    """Return the tags of PEP 656."""
    if musl[0] < 1:
        return []
    return [f"musllinux_{musl[0]}_{minor}_{each}" for each in machines for minor in range(musl[1], -1, -1)]


def _version(text: str) -> tuple[int, int]:
    """Return the first two numbers of a version, however it goes on; (0, 0) if there are none."""
    found = re.match(r"(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
