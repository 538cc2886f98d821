"""aarch64: architecture version and CPU flags.

The version is the least that all cores are known to have, by their maker's documents, lowered by what
the kernel reports as usable. Nothing above 8.4a is claimed: 8.5 adds instructions whose presence user
space cannot be shown.
"""

import re
import struct
from collections.abc import Iterable

from rewheel.machines.detectors.detection import Detection, baseline, nothing, override, words
from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind

__all__ = ["ALL_VALUES", "FLAGS", "FORCE_VERSION", "OVERRIDES", "VERSIONS", "detect"]

FORCE_VERSION = "AARCH64_VARIANT_PROVIDER_FORCE_VERSION"

VERSIONS = ("9.0a", "8.5a", "8.4a", "8.3a", "8.2a", "8.1a", "8a")

# `btiecv` and `asimdrdmatomics` are the provider package's own spelling; no CPU reports them.
FLAGS = words(
    """
    sve2 flagm2 frint sb btiecv paca pacg ssbs asimdfhm bf16 dcpodp dgh dit flagm i8mm ilrcpc jscvt rng
    sha3 sha512 svebf16 svei8mm uscat asimddp lrcpc asimdhp dcpop fcma fphp sve asimdrdmatomics aes asimd
    cpuid crc32 evtstrm fp pmull sha1 sha2
    """
)

OVERRIDES: tuple[str, ...] = (FORCE_VERSION,)

ALL_VALUES: dict[str, tuple[str, ...]] = {"version": VERSIONS, **dict.fromkeys(FLAGS, ("on",))}


def _parts(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(part for first, last in ranges for part in range(first, last + 1))


# Implementer (MIDR), then the parts whose documents promise a version.
_CEILINGS: dict[int, tuple[tuple[frozenset[int], str], ...]] = {
    0x41: (  # Arm
        (frozenset({0xD0C}), "8.2a"),  # Neoverse N1
        (frozenset({0xD40, 0xD49, 0xD4F, 0xD83}), "8.4a"),  # Neoverse V1, N2, V2, V3AE
    ),
    0x42: ((frozenset({0x516}), "8.1a"),),  # Broadcom ThunderX2
    0x43: ((frozenset({0x0AF}), "8.1a"),),  # Cavium ThunderX2
    0x46: ((frozenset({0x001}), "8.2a"),),  # Fujitsu A64FX
    0x61: (  # Apple M1 to M5
        (
            _parts(
                (0x020, 0x025), (0x028, 0x029), (0x030, 0x035), (0x038, 0x039), (0x042, 0x045),
                (0x048, 0x049), (0x052, 0x055), (0x058, 0x059), (0x062, 0x065), (0x068, 0x069),
            ),
            "8.4a",
        ),
    ),
    0x6D: ((frozenset({0xD49}), "8.4a"),),  # Microsoft Cobalt 100
    0xC0: ((frozenset({0xAC3, 0xAC4}), "8.4a"),),  # Ampere One
}  # fmt: skip

# AT_HWCAP bits that each version needs beyond the one before (Linux, arch/arm64 hwcap.h).
_HWCAP_NEEDED = (
    ("8.1a", (0, 1, 7, 8, 12)),
    ("8.2a", (16,)),
    ("8.3a", (13, 14, 15, 30, 31)),
    ("8.4a", (9, 10, 20, 23, 24, 25, 26, 27)),
)
_AT_HWCAP = 16


def detect(host: Host) -> Detection:
    """Find the version, all lower ones, and (on Linux) the flags; 8a if nothing more can be known."""
    if host.arch != "aarch64":
        return nothing(host, f"the architecture {host.arch}")
    known = re.compile("|".join(map(re.escape, VERSIONS)))
    forced = override(host, FORCE_VERSION, f"one of {', '.join(VERSIONS)}", known)
    if forced:
        # The flags of the real CPU would contradict the version that it shall pretend to have.
        return Detection({"version": _down_from(forced)}, Origin(OriginKind.OVERRIDE, FORCE_VERSION))
    if host.system == "Linux":
        return _linux(host)
    if host.system == "Darwin":
        return _macos(host)
    return baseline(host, {"version": _down_from("8a")})


def _down_from(version: str) -> tuple[str, ...]:
    return VERSIONS[VERSIONS.index(version) :]


def _lower(versions: Iterable[str]) -> str:
    return VERSIONS[max((VERSIONS.index(version) for version in versions), default=len(VERSIONS) - 1)]


def _linux(host: Host) -> Detection:
    text = host.read_text("/proc/cpuinfo", limit=4 << 20) or ""  # hundreds of cores, about 400 bytes each
    implementers = re.findall(r"^CPU implementer\s*:\s*0x([0-9a-f]{1,4})\s*$", text, re.MULTILINE)
    parts = re.findall(r"^CPU part\s*:\s*0x([0-9a-f]{1,4})\s*$", text, re.MULTILINE)
    features = [line.split() for line in re.findall(r"^Features[ \t]*:(.*)$", text, re.MULTILINE)]
    if not (implementers or features):
        return baseline(host, {"version": _down_from("8a")})
    version = "8a"
    if len(implementers) == len(parts):
        cores = set(zip(implementers, parts, strict=True))
        ceilings = [_ceiling(int(implementer, 16), int(part, 16)) for implementer, part in cores]
        version = _lower([*ceilings, _usable(_hwcap(host))])
    common = set(features[0]).intersection(*features) if features else set()
    flags = {flag: ("on",) for flag in FLAGS if flag in common}
    return Detection({"version": _down_from(version), **flags}, Origin(OriginKind.DETECTOR, "/proc/cpuinfo"))


def _ceiling(implementer: int, part: int) -> str:
    for parts, version in _CEILINGS.get(implementer, ()):
        if part in parts:
            return version
    return "8a"


def _hwcap(host: Host) -> int:
    """Read AT_HWCAP from the vector that the kernel gave this process: what `getauxval` reads, too."""
    data = host.read_bytes("/proc/self/auxv", limit=1 << 14) or b""
    whole = data[: len(data) // 16 * 16]
    return next((value for key, value in struct.iter_unpack("=QQ", whole) if key == _AT_HWCAP), 0)


def _usable(hwcap: int) -> str:
    reached = "8a"
    for version, bits in _HWCAP_NEEDED:
        if not all(hwcap >> bit & 1 for bit in bits):
            break
        reached = version
    return reached


def _macos(host: Host) -> Detection:
    answer = host.run(["sysctl", "-n", "machdep.cpu.brand_string"], timeout=5)
    if re.match(r"Apple M[1-5]\b", answer.output.strip()):
        return Detection({"version": _down_from("8.4a")}, Origin(OriginKind.DETECTOR, "sysctl"))
    return baseline(host, {"version": _down_from("8a")})
