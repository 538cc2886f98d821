"""CPU flags from the registers that the CPUID instruction fills, as the `cpuid` probe reports them."""

from collections.abc import Mapping

__all__ = ["flags_of_registers"]

_SSE_AND_AVX_STATE = 0x6
_AVX512_STATE = 0xE0

# Leaf, subleaf and register, then the flag at each bit (Intel's and AMD's manuals; Linux's names).
_BITS: dict[str, dict[int, str]] = {
    "1.0.ecx": {
        0: "sse3", 1: "pclmulqdq", 9: "ssse3", 12: "fma", 13: "cx16", 19: "sse4_1", 20: "sse4_2",
        22: "movbe", 23: "popcnt", 25: "aes", 26: "xsave", 28: "avx", 29: "f16c", 30: "rdrand",
    },
    "1.0.edx": {23: "mmx", 25: "sse", 26: "sse2"},
    "7.0.ebx": {
        0: "fsgsbase", 1: "tsc_adjust", 3: "bmi1", 5: "avx2", 8: "bmi2", 16: "avx512f", 17: "avx512dq",
        18: "rdseed", 19: "adx", 21: "avx512ifma", 23: "clflushopt", 24: "clwb", 28: "avx512cd",
        29: "sha_ni", 30: "avx512bw", 31: "avx512vl",
    },
    "7.0.ecx": {
        1: "avx512vbmi", 6: "avx512_vbmi2", 8: "gfni", 9: "vaes", 10: "vpclmulqdq", 11: "avx512_vnni",
        12: "avx512_bitalg", 14: "avx512_vpopcntdq", 22: "rdpid", 27: "movdiri", 28: "movdir64b",
    },
    "7.0.edx": {8: "avx512_vp2intersect", 28: "flush_l1d"},
    "7.1.eax": {4: "avx_vnni", 5: "avx512_bf16"},
    "d.1.eax": {0: "xsaveopt", 1: "xsavec"},
    "80000001.0.ecx": {0: "lahf_lm", 5: "abm", 6: "sse4a"},
    "80000008.0.ebx": {0: "clzero", 27: "cppc"},
}  # fmt: skip

_NEED_AVX_STATE = frozenset({"avx", "avx2", "fma", "f16c", "vaes", "vpclmulqdq", "avx_vnni"})


def flags_of_registers(registers: Mapping[str, object]) -> frozenset[str]:
    """Name the usable flags.

    `registers` maps "leaf.subleaf.register" in hexadecimal, and "xcr0", to numbers. Vector flags count
    only if the operating system saves the vector registers (XCR0).
    """
    state = registers.get("xcr0")
    if not isinstance(state, int):
        state = 0
    has_avx_state = state & _SSE_AND_AVX_STATE == _SSE_AND_AVX_STATE
    has_avx512_state = has_avx_state and state & _AVX512_STATE == _AVX512_STATE
    flags: set[str] = set()
    for register, names in _BITS.items():
        value = registers.get(register)
        if isinstance(value, int):
            flags.update(name for bit, name in names.items() if value >> bit & 1)
    if not has_avx_state:
        flags -= _NEED_AVX_STATE
    if not has_avx512_state:
        flags = {name for name in flags if not name.startswith("avx512")}
    return frozenset(flags)
