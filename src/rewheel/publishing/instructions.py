"""Which extensions of x86-64 the instructions of a file belong to: the one module that knows iced-x86."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewheel.publishing.elf import Elf

__all__ = ["Needs", "can_disassemble", "needs_of"]

_FLAGS = {
    "SSE3": "sse3", "SSSE3": "ssse3", "SSE4_1": "sse4_1", "SSE4_2": "sse4_2", "SSE4A": "sse4a",
    "POPCNT": "popcnt", "CMPXCHG16B": "cx16", "AVX": "avx", "AVX2": "avx2", "BMI1": "bmi1", "BMI2": "bmi2",
    "F16C": "f16c", "FMA": "fma", "LZCNT": "abm", "MOVBE": "movbe", "AVX512F": "avx512f",
    "AVX512BW": "avx512bw", "AVX512CD": "avx512cd", "AVX512DQ": "avx512dq", "AVX512VL": "avx512vl",
    "AVX512_IFMA": "avx512ifma", "AVX512_VBMI": "avx512vbmi", "AVX512_VBMI2": "avx512_vbmi2",
    "AVX512_VNNI": "avx512_vnni", "AVX512_BITALG": "avx512_bitalg", "AVX512_BF16": "avx512_bf16",
    "AVX512_VPOPCNTDQ": "avx512_vpopcntdq", "AVX512_VP2INTERSECT": "avx512_vp2intersect",
    "AVX_VNNI": "avx_vnni", "AVX512_FP16": "avx512_fp16", "AMX_TILE": "amx_tile", "AES": "aes",
    "PCLMULQDQ": "pclmulqdq", "VAES": "vaes", "VPCLMULQDQ": "vpclmulqdq", "GFNI": "gfni", "SHA": "sha_ni",
    "ADX": "adx",
}  # fmt: skip
"""Names of iced-x86, and the features of the namespace x86_64 that they are."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the code of a file uses, as far as it was read."""

    flags: "Mapping[str, int]" = field(default_factory=dict)
    """How many instructions need each feature of the namespace x86_64."""
    asks_cpu: bool = False
    """Whether there is a CPUID instruction, as where code chooses at run time."""
    read: int = 0
    """Bytes of code that were read."""


@cache
def can_disassemble() -> bool:
    """Tell whether iced-x86 is installed (the extra `check`)."""
    try:
        import iced_x86  # noqa: F401
    except ImportError:
        return False
    return True


def needs_of(elf: "Elf", *, limit: int) -> Needs:
    """Disassemble at most `limit` bytes of code from the beginning of each section to its end.

    Compilers put nothing but code into these sections, so reading straight on finds what is there. TZCNT is
    passed over: older processors run it as BSF, and compilers use it for that.
    """
    from iced_x86 import Decoder, Mnemonic

    found: Counter[int] = Counter()
    read = 0
    for address, code in elf.code():
        piece = bytes(code[: limit - read])
        read += len(piece)
        found.update(instruction.code for instruction in Decoder(64, piece, ip=address))
        if read >= limit:
            break
    flags: Counter[str] = Counter()
    asks_cpu = False
    for code_value, count in found.items():
        mnemonic, features = _about(code_value)
        asks_cpu = asks_cpu or mnemonic == Mnemonic.CPUID
        if mnemonic != Mnemonic.TZCNT:
            for feature in features:
                flags[feature] += count
    return Needs(dict(flags), asks_cpu, read)


@cache
def _about(code: int) -> tuple[int, tuple[str, ...]]:
    """Return mnemonic and features of a form of instruction."""
    from iced_x86 import Instruction

    instruction = Instruction()
    instruction.code = code  # type: ignore[assignment]
    names = (_names().get(feature, "") for feature in instruction.cpuid_features())
    return instruction.mnemonic, tuple(_FLAGS[name] for name in names if name in _FLAGS)


@cache
def _names() -> "Mapping[int, str]":
    from iced_x86 import CpuidFeature

    return {value: name for name, value in vars(CpuidFeature).items() if isinstance(value, int)}
