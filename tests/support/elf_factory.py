"""Small ELF files for tests: some code, and notes about what it needs."""

import struct

__all__ = ["AVX2", "CPUID", "PLAIN", "make_elf"]

PLAIN = bytes.fromhex("4801f8c3")  # add rax, rdi; ret
AVX2 = bytes.fromhex("c5fdfec1c3")  # vpaddd ymm0, ymm0, ymm1; ret
CPUID = bytes.fromhex("0fa2")


def make_elf(
    code: bytes = PLAIN, *, machine: int = 62, isa_needed: int = 0, ifunc: bool = False, strings: bytes = b""
) -> bytes:
    """Write an ELF file for a 64-bit machine; 62 is x86-64, 183 is AArch64.

    `isa_needed` is the bit mask of x86-64 levels in its GNU property note: 1 is v1, 8 is v4.
    `strings` is the content of a string table.
    """
    contents = [(1, 0x6, code)]
    if isa_needed:
        described = struct.pack("<3I", 0xC0008002, 4, isa_needed) + b"\0" * 4
        contents.append((7, 0x2, struct.pack("<3I", 4, len(described), 5) + b"GNU\0" + described))
    if ifunc:
        contents.append((2, 0, struct.pack("<IBBHQQ", 1, 0x1A, 0, 1, 0, 4)))
    if strings:
        contents.append((3, 0, strings))
    body = b""
    headers = [struct.pack("<2I4Q2I2Q", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    for kind, flags, content in contents:
        headers.append(
            struct.pack("<2I4Q2I2Q", 0, kind, flags, 0x1000, 64 + len(body), len(content), 0, 0, 8, 0)
        )
        body += content
        body += b"\0" * (-len(body) % 8)
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    rest = struct.pack("<2HI3QI6H", 3, machine, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, len(headers), 0)
    return ident + rest + body + b"".join(headers)
