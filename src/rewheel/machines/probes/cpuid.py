"""Ask an x86_64 CPU what it can do, with the CPUID and XGETBV instructions.

A stand-alone script, run in its own process: `python -I -S cpuid.py`. Prints one marked line of JSON that
maps "leaf.subleaf.register" in hexadecimal, and "xcr0", to numbers. Windows offers no other way to learn
this; elsewhere the script serves the tests.
"""

import ctypes
import json
import sys
from typing import Any

# void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]); arguments in Windows' registers ecx, edx, r8,
# after a prologue that moves the System V ones (edi, esi, rdx) there.
SYSTEM_V = bytes.fromhex("89f9 4989d0 89f2")
CPUID = bytes.fromhex(
    "53"  # push rbx
    "89c8"  # mov eax, ecx
    "89d1"  # mov ecx, edx
    "0fa2"  # cpuid
    "418900"  # mov [r8], eax
    "41895804"  # mov [r8+4], ebx
    "41894808"  # mov [r8+8], ecx
    "4189500c"  # mov [r8+12], edx
    "5b"  # pop rbx
    "c3"  # ret
)
XGETBV = bytes.fromhex("31c9 0f01d0 c3")  # uint32_t xgetbv(void): the low half of XCR0
OSXSAVE = 1 << 27
LEAVES = ((0x1, 0), (0x7, 0), (0x7, 1), (0xD, 1), (0x80000001, 0), (0x80000008, 0))
REGISTERS = ("eax", "ebx", "ecx", "edx")


def executable(code: bytes) -> int:
    """Put machine code where it may be run and return its address."""
    if sys.platform == "win32":
        allocate: Any = ctypes.windll.kernel32.VirtualAlloc
        allocate.restype = ctypes.c_void_p
        allocate.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_uint32)
        address = int(allocate(None, len(code), 0x3000, 0x40))
    else:
        import mmap

        memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        KEPT.append(memory)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.memmove(address, code, len(code))
    return address


KEPT: list[object] = []
"""Keeps the code's memory alive for as long as the process."""


def main() -> None:
    """Ask and print."""
    convention = b"" if sys.platform == "win32" else SYSTEM_V
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
    cpuid = prototype(executable(convention + CPUID))
    answer: dict[str, int] = {}
    out = (ctypes.c_uint32 * 4)()

    def ask(leaf: int, subleaf: int) -> list[int]:
        cpuid(leaf, subleaf, ctypes.addressof(out))
        return list(out)

    last = {0: ask(0, 0)[0], 0x80000000: ask(0x80000000, 0)[0]}
    last_subleaf_of_7 = ask(7, 0)[0] if last[0] >= 7 else 0
    for leaf, subleaf in LEAVES:
        if leaf <= last[leaf & 0x80000000] and not (leaf == 7 and subleaf > last_subleaf_of_7):
            values = ask(leaf, subleaf)
            answer |= {
                f"{leaf:x}.{subleaf:x}.{name}": value for name, value in zip(REGISTERS, values, strict=True)
            }
    if answer.get("1.0.ecx", 0) & OSXSAVE:
        answer["xcr0"] = ctypes.CFUNCTYPE(ctypes.c_uint32)(executable(XGETBV))()
    sys.stdout.write(f"\nrewheel-probe:{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
