"""ELF files of strangers: their code, and what their notes say that it needs; never more than asked for."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BrokenElfError", "Elf", "read_elf"]

_MOST_SECTIONS = 0xFF00  # more have their number elsewhere, which no wheel needs
_MOST_SYMBOLS = 1 << 20
_PROGBITS, _NOTE = 1, 7
_SYMBOL_TABLES = (2, 11)
_EXECUTABLE = 4
_GNU_PROPERTY = 5
_ISA_NEEDED = 0xC0008002
_LEVELS = ((8, "v4"), (4, "v3"), (2, "v2"), (1, "v1"))
_IFUNC = 10
_STRINGS = 3
_CPU_MODEL = (b"\0__cpu_model\0", b"\0__cpu_indicator_init\0")
"""What GCC and Clang make of `__builtin_cpu_supports`: libgcc asks the processor for such a file."""


class BrokenElfError(ValueError):
    """The file is no ELF file for 64-bit little-endian machines, or lies about itself."""


@dataclass(frozen=True, slots=True)
class _Section:
    kind: int
    flags: int
    address: int
    offset: int
    size: int


class Elf:
    """A 64-bit little-endian ELF file in memory (System V ABI; x86-64 psABI, program properties)."""

    def __init__(self, data: bytes, sections: tuple[_Section, ...]) -> None:
        self._data = memoryview(data)
        self._sections = sections

    def code(self) -> Iterator[tuple[int, memoryview]]:
        """Yield address and bytes of every section with instructions."""
        for section in self._sections:
            if section.kind == _PROGBITS and section.flags & _EXECUTABLE:
                yield section.address, self._content(section)

    def level_needed(self) -> str:
        """Return the x86-64 level that the file itself claims to need, such as "v3", or an empty text."""
        needed = 0
        for section in self._sections:
            if section.kind == _NOTE:
                for kind, value in _properties(self._content(section)):
                    if kind == _ISA_NEEDED and len(value) >= 4:
                        needed |= struct.unpack_from("<I", value)[0]
        return next((level for bit, level in _LEVELS if needed & bit), "")

    def has_ifuncs(self) -> bool:
        """Tell whether the loader picks implementations of functions (STT_GNU_IFUNC)."""
        for section in self._sections:
            if section.kind in _SYMBOL_TABLES:
                table = self._content(section)
                count = min(len(table) // 24, _MOST_SYMBOLS)
                if any(table[place * 24 + 4] & 0xF == _IFUNC for place in range(count)):
                    return True
        return False

    def has_cpu_model(self) -> bool:
        """Tell whether it looks up what the compiler's library knows of the processor."""
        return any(
            name in bytes(self._content(section))
            for section in self._sections
            if section.kind == _STRINGS
            for name in _CPU_MODEL
        )

    def _content(self, section: _Section) -> memoryview:
        return self._data[section.offset : section.offset + section.size]


def read_elf(data: bytes) -> Elf:
    """Read the section headers; raises BrokenElfError."""
    if len(data) < 64 or data[:6] != b"\x7fELF\x02\x01":
        raise BrokenElfError("it is no ELF file for 64-bit little-endian machines")
    (table,) = struct.unpack_from("<Q", data, 0x28)
    entry, count = struct.unpack_from("<2H", data, 0x3A)
    if not count or entry != 64:
        raise BrokenElfError("it has no section headers")
    if count > _MOST_SECTIONS or table + count * entry > len(data):
        raise BrokenElfError("its section headers are damaged")
    sections = []
    for place in range(count):
        _, kind, flags, address, offset, size = struct.unpack_from("<2I4Q", data, table + place * entry)
        if kind != 8 and offset + size > len(data):  # 8 has no content in the file
            raise BrokenElfError("a section lies outside the file")
        sections.append(_Section(kind, flags, address, offset, size))
    return Elf(data, tuple(sections))


def _properties(notes: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the GNU program properties among some notes; stops where they make no sense."""
    position = 0
    while position + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from("<3I", notes, position)
        start = position + 12 + _aligned(name_size, 4)
        if start + size > len(notes):
            return
        if kind == _GNU_PROPERTY and bytes(notes[position + 12 : position + 16]) == b"GNU\0":
            inner = start
            while inner + 8 <= start + size:
                property_kind, length = struct.unpack_from("<2I", notes, inner)
                yield property_kind, notes[inner + 8 : inner + 8 + length]
                inner += 8 + _aligned(length, 8)
        position = start + _aligned(size, 8)


def _aligned(size: int, to: int) -> int:
    return (size + to - 1) // to * to
