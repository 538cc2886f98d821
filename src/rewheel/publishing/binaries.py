"""Compiled files by their first bytes: which system they are for, and which architectures they hold."""

import re
import struct
from dataclasses import dataclass

__all__ = ["HEAD", "Binary", "architectures_of_platform", "identify", "is_named_compiled"]

HEAD = 4096
"""How many bytes at the beginning of a file tell what it is."""

_NAMED = re.compile(r"\.(?:so|pyd|dll|dylib)(?:\.[0-9]+)*\Z", re.IGNORECASE)
_ELF_MACHINES = {
    3: "i686", 20: "ppc", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64",
    243: "riscv64", 258: "loongarch64",
}  # fmt: skip
_PE_MACHINES = {0x14C: "i686", 0x8664: "x86_64", 0xAA64: "aarch64", 0x1C4: "armv7l"}
_MACH_TYPES = {0x01000007: "x86_64", 0x0100000C: "aarch64", 7: "i686", 12: "armv7l", 0x01000012: "ppc64"}
_MACH_MAGICS = {
    b"\xcf\xfa\xed\xfe": "<",
    b"\xce\xfa\xed\xfe": "<",
    b"\xfe\xed\xfa\xcf": ">",
    b"\xfe\xed\xfa\xce": ">",
}
_FAT_MAGIC = b"\xca\xfe\xba\xbe"  # that of Java classes too, which have a version where this has a count
_MOST_FAT = 16
_MAC_GROUPS = {
    "universal2": {"x86_64", "aarch64"},
    "universal": {"i686", "ppc", "ppc64", "x86_64"},
    "intel": {"i686", "x86_64"},
    "arm64": {"aarch64"},
}
_WINDOWS = {"win_amd64": "x86_64", "win32": "i686", "win_arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Binary:
    """What a compiled file is: "ELF", "PE" or "Mach-O", and for which architectures, in Linux's words."""

    format: str
    architectures: frozenset[str]


def is_named_compiled(name: str) -> bool:
    """Tell by its name whether a file is a shared library or an extension module."""
    return _NAMED.search(name) is not None


def identify(head: bytes) -> Binary | None:
    """Tell what a file is by its first `HEAD` bytes; None if it is not compiled code that we know."""
    if head[:4] == b"\x7fELF" and len(head) >= 20 and head[5] in (1, 2):
        (machine,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
        name = "ppc64" if machine == 21 and head[5] == 2 else _ELF_MACHINES.get(machine, f"machine {machine}")
        return Binary("ELF", frozenset({name}))
    if head[:2] == b"MZ" and len(head) >= 64:
        (offset,) = struct.unpack_from("<I", head, 60)
        if head[offset : offset + 4] == b"PE\0\0" and len(head) >= offset + 6:
            (machine,) = struct.unpack_from("<H", head, offset + 4)
            return Binary("PE", frozenset({_PE_MACHINES.get(machine, f"machine {machine}")}))
    order = _MACH_MAGICS.get(head[:4])
    if order is not None and len(head) >= 8:
        (kind,) = struct.unpack_from(f"{order}I", head, 4)
        return Binary("Mach-O", frozenset({_MACH_TYPES.get(kind, f"machine {kind}")}))
    return _identify_fat(head)


def _identify_fat(head: bytes) -> Binary | None:
    if head[:4] != _FAT_MAGIC or len(head) < 8:
        return None
    (count,) = struct.unpack_from(">I", head, 4)
    if not 0 < count <= _MOST_FAT or len(head) < 8 + 20 * count:
        return None
    kinds = [struct.unpack_from(">I", head, 8 + 20 * place)[0] for place in range(count)]
    return Binary("Mach-O", frozenset(_MACH_TYPES.get(kind, f"machine {kind}") for kind in kinds))


def architectures_of_platform(platform: str) -> tuple[str, frozenset[str]] | None:
    """Return the format and the architectures that a platform tag promises; None if it promises none."""
    if platform in _WINDOWS:
        return "PE", frozenset({_WINDOWS[platform]})
    mac = re.fullmatch(r"macosx_[0-9]+_[0-9]+_(\w+)", platform)
    if mac:
        return "Mach-O", frozenset(_MAC_GROUPS.get(mac[1], {mac[1]}))
    linux = re.fullmatch(r"(?:many|musl)?linux(?:[0-9]+|_[0-9]+_[0-9]+)?_(\w+)", platform)
    return ("ELF", frozenset({linux[1]})) if linux else None
