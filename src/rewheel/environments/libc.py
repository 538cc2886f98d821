"""Which C library and which ABI a Linux executable uses, read from the file itself."""

import re
import struct
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Elf", "add_libc", "musl_version", "read_elf"]

_ARM, _I386 = 40, 3
_ARM_ABI_MASK, _ARM_ABI_5, _ARM_HARD_FLOAT = 0xFF000000, 0x05000000, 0x00000400
_INTERPRETER_SEGMENT = 3


class Elf(NamedTuple):
    """The few facts of an ELF file that wheel tags depend on."""

    bits: int
    little_endian: bool
    machine: int
    flags: int
    interpreter: str
    """The dynamic loader, such as "/lib/ld-musl-x86_64.so.1"; "" for a static executable."""

    @property
    def is_known_32_bit(self) -> bool:
        """Whether wheels exist for this kind of 32-bit executable: i686, or Arm with hard floats."""
        if self.bits != 32 or not self.little_endian:
            return False
        if self.machine == _ARM:
            return self.flags & _ARM_ABI_MASK == _ARM_ABI_5 and bool(self.flags & _ARM_HARD_FLOAT)
        return self.machine == _I386


def read_elf(path: Path) -> Elf | None:
    """Return the facts of the executable, or None if it is no readable ELF file."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if head[:4] != b"\x7fELF" or len(head) < 52:
                return None
            bits = {1: 32, 2: 64}[head[4]]
            order = {1: "<", 2: ">"}[head[5]]
            layout = "HHIIIIIHHH" if bits == 32 else "HHIQQQIHHH"
            fields = struct.unpack_from(order + layout, head, 16)
            machine, table, flags, size, count = fields[1], fields[4], fields[6], fields[8], fields[9]
            interpreter = ""
            segment = order + ("IIIIIIII" if bits == 32 else "IIQQQQQQ")
            kind, offset, length = (0, 1, 4) if bits == 32 else (0, 2, 5)
            for index in range(min(count, 256)):
                file.seek(table + index * size)
                header = struct.unpack(segment, file.read(struct.calcsize(segment)))
                if header[kind] == _INTERPRETER_SEGMENT:
                    file.seek(header[offset])
                    interpreter = (
                        file.read(min(header[length], 4096)).rstrip(b"\0").decode("utf-8", "replace")
                    )
                    break
    except (OSError, KeyError, ValueError, OverflowError, struct.error):
        return None
    return Elf(bits, order == "<", machine, flags, interpreter)


def musl_version(loader_output: str) -> str:
    """Return "1.2" from what musl's loader prints when it is run without arguments, else ""."""
    lines = [line.strip() for line in loader_output.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].startswith("musl"):
        return ""
    found = re.match(r"Version (\d+)\.(\d+)", lines[1])
    return ".".join(found.groups()) if found else ""


def add_libc(facts: dict[str, Any]) -> None:
    """Add to an interpreter's facts what only its file tells; leaves them alone where that is nothing."""
    build = facts.get("build")
    if not isinstance(build, dict) or not str(build.get("platform", "")).startswith("linux"):
        return
    if build.get("glibc") and build.get("bits") != 32:
        return
    elf = read_elf(Path(str(facts.get("executable", ""))))
    if elf is None:
        return
    build["hard_float"] = elf.is_known_32_bit
    if not build.get("glibc") and "musl" in elf.interpreter:
        import subprocess

        try:
            loader = subprocess.run(
                [elf.interpreter],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
            )
        except (OSError, subprocess.SubprocessError):
            return
        build["musl"] = musl_version(loader.stderr.decode("utf-8", "replace"))
