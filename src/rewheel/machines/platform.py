"""Operating system, architecture and C library of a computer: what decides over platform tags."""

import os
import sys

from rewheel.values import frozen

__all__ = ["Platform", "current_machine", "current_system", "normalize_arch"]

_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64"}
_SYSTEMS = {"darwin": "Darwin", "win32": "Windows", "cygwin": "Windows"}


@frozen
class Platform:
    """A computer as far as platform tags can tell it apart.

    `system` is "Linux", "Darwin" or "Windows"; `machine` is spelled the way that system spells it
    ("x86_64", "aarch64", "arm64", "AMD64"). `libc` is "glibc", "musl" or "" (not Linux, or not known).
    `os_version` is the version of that C library, of macOS or of Windows; (0, 0) if not known.
    """

    system: str
    machine: str
    libc: str = ""
    os_version: tuple[int, int] = (0, 0)

    @property
    def arch(self) -> str:
        """The architecture with one spelling on all systems: "x86_64", "aarch64", "i686", …."""
        return normalize_arch(self.machine)

    @classmethod
    def current(cls) -> "Platform":
        """Describe the computer and interpreter that run this."""
        system = current_system()
        libc, version = _libc() if system == "Linux" else ("", _system_version(system))
        return cls(system, current_machine(), libc, version)

    def __str__(self) -> str:
        words = [self.system, self.machine]
        if self.libc:
            words.append(self.libc)
        if any(self.os_version):
            words.append(".".join(map(str, self.os_version)))
        return " ".join(words)


def normalize_arch(machine: str) -> str:
    """Give an architecture the one name that we use: "AMD64" is "x86_64", "arm64" is "aarch64"."""
    lowered = machine.strip().lower()
    return _ARCHITECTURES.get(lowered, lowered)


def current_system() -> str:
    """Name the operating system that runs this, as `platform.system()` would, without its import time."""
    return _SYSTEMS.get(sys.platform) or (os.uname().sysname if hasattr(os, "uname") else sys.platform)


def current_machine() -> str:
    """Name the architecture of this interpreter, which may differ from the computer's.

    A 32-bit interpreter on a 64-bit kernel and an x86_64 interpreter under Rosetta run the code of the
    interpreter's architecture, so that is what counts.
    """
    if sys.platform == "win32":
        import sysconfig

        name = sysconfig.get_platform()
        return {"win-amd64": "AMD64", "win-arm64": "ARM64"}.get(name, "x86")
    machine = os.uname().machine
    if sys.maxsize <= 2**32:
        return {"x86_64": "i686", "aarch64": "armv7l"}.get(machine, machine)
    return machine


def _libc() -> tuple[str, tuple[int, int]]:
    try:
        answer = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        answer = ""
    name, _, version = answer.partition(" ")
    if name == "glibc":
        return "glibc", _version(version)
    return _musl()


def _musl() -> tuple[str, tuple[int, int]]:
    """Ask musl's loader, which tells its version when it is run without arguments."""
    import re

    from rewheel.machines.host import Host

    host = Host.here({})
    for loader in host.glob("/lib/ld-musl-*.so.1"):
        answer = host.run([loader], timeout=5, with_errors=True)
        found = re.search(r"^Version ([0-9]+\.[0-9]+)", answer.output, re.MULTILINE)
        if found:
            return "musl", _version(found[1])
    return "", (0, 0)


def _system_version(system: str) -> tuple[int, int]:
    import platform

    return _version(platform.mac_ver()[0] if system == "Darwin" else platform.version())


def _version(text: str) -> tuple[int, int]:
    parts = [part for part in text.split(".")[:2] if part.isdecimal()]
    numbers = [int(part) for part in parts] + [0, 0]
    return numbers[0], numbers[1]
