"""x86_64: microarchitecture level and CPU flags.

Known from `/proc/cpuinfo` (Linux), sysctl (macOS) or CPUID (Windows). The levels are those of the x86-64
psABI; the flags have Linux's names, in the order in which the provider package prefers them.
"""

import re

from rewheel.machines.detectors.cpuid import flags_of_registers
from rewheel.machines.detectors.detection import Detection, baseline, nothing, override, words
from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind

__all__ = ["ALL_VALUES", "FLAGS", "FORCE_LEVEL", "OVERRIDES", "detect", "flags_of_level"]

FORCE_LEVEL = "X86_64_VARIANT_PROVIDER_FORCE_LEVEL"

FLAGS = words(
    """
    avx_vnni cppc ibrs_enhanced tsc_adjust flush_l1d movdir64b movdiri avx512_bf16 avx512_bitalg
    avx512_vbmi2 avx512_vnni avx512_vp2intersect avx512_vpopcntdq avx512ifma avx512vbmi rdpid sha_ni vaes
    vpclmulqdq clwb clzero avx512bw avx512cd avx512dq avx512f avx512vl clflushopt gfni rdseed xsavec
    xsaveopt adx avx2 avx bmi2 bmi1 abm f16c fma movbe xsave rdrand aes pclmulqdq sse4a fsgsbase sse4_2
    sse4_1 ssse3 sse3 cx16 lahf_lm popcnt sse2 sse mmx
    """
)

_LEVELS = ("v4", "v3", "v2", "v1")
_NEEDED = (
    ("v2", frozenset(words("cx16 lahf_lm popcnt sse3 ssse3 sse4_1 sse4_2"))),
    ("v3", frozenset(words("avx avx2 bmi1 bmi2 f16c fma abm movbe"))),
    ("v4", frozenset(words("avx512f avx512bw avx512cd avx512dq avx512vl"))),
)
_ALIASES = {
    "pni": "sse3",
    "lzcnt": "abm",
    "lahf": "lahf_lm",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "avx1.0": "avx",
    "avx2.0": "avx2",
}

OVERRIDES: tuple[str, ...] = (FORCE_LEVEL,)

ALL_VALUES: dict[str, tuple[str, ...]] = {"level": _LEVELS, **dict.fromkeys(FLAGS, ("on",))}


def detect(host: Host) -> Detection:
    """Find the level, all lower ones, and the flags; level v2 without flags if the CPU cannot be asked."""
    if host.arch != "x86_64":
        return nothing(host, f"the architecture {host.arch}")
    forced = override(host, FORCE_LEVEL, "one of v1, v2, v3, v4", re.compile("v[1-4]"))
    if forced:
        # The flags of the real CPU would contradict the level that it shall pretend to have.
        return Detection({"level": _down_from(forced)}, Origin(OriginKind.OVERRIDE, FORCE_LEVEL))
    source, flags = _flags(host)
    if not flags:
        return baseline(host, {"level": _down_from("v2")})
    features = {"level": _down_from(_level(flags)), **{flag: ("on",) for flag in FLAGS if flag in flags}}
    return Detection(features, Origin(OriginKind.DETECTOR, source))


def flags_of_level(level: str) -> frozenset[str]:
    """Return the flags that every CPU of a level has, from "v1" to "v4"."""
    needed = (flags for name, flags in _NEEDED if name <= level)
    return frozenset({"mmx", "sse", "sse2"}).union(*needed)


def _down_from(level: str) -> tuple[str, ...]:
    return _LEVELS[_LEVELS.index(level) :]


def _level(flags: frozenset[str]) -> str:
    reached = "v1"
    for level, needed in _NEEDED:
        if not needed <= flags:
            break
        reached = level
    return reached


def _flags(host: Host) -> tuple[str, frozenset[str]]:
    """Name the source and give the flags, in Linux's spelling; none if the CPU cannot be asked."""
    if host.system == "Linux":
        return "/proc/cpuinfo", _linux(host)
    if host.system == "Darwin":
        return "sysctl", _macos(host)
    if host.system == "Windows":
        return "CPUID", flags_of_registers(host.probe("cpuid", timeout=5).data or {})
    return "", frozenset()


def _linux(host: Host) -> frozenset[str]:
    # The first CPU's lines are enough, and the kernel composes the rest only when it is read.
    text = host.read_text("/proc/cpuinfo", limit=1 << 14) or ""
    found = re.search(r"^flags[ \t]*:(.*)$", text, re.MULTILINE)
    return _named(found[1].split()) if found else frozenset()


def _macos(host: Host) -> frozenset[str]:
    names = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures")
    # sysctl fails when one name is unknown, but answers for the others.
    answer = host.run(["sysctl", *names, "hw.optional.avx512f"], timeout=5)
    values = dict(re.findall(r"^([\w.]+): ?(.*)$", answer.output, re.MULTILINE))
    flags = _named(" ".join(values.get(name, "") for name in names).lower().split())
    if values.get("hw.optional.avx512f", "").strip() != "1":
        flags = frozenset(flag for flag in flags if not flag.startswith("avx512"))
    return flags


def _named(words: list[str]) -> frozenset[str]:
    flags = {_ALIASES.get(word, word) for word in words}
    if "ssse3" in flags:
        flags.add("sse3")
    return frozenset(flags)
