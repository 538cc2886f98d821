"""Whether the compiled code of a wheel runs where its name and its properties say."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from rewheel.machines.detectors.x86_64 import FLAGS, flags_of_level
from rewheel.publishing.binaries import HEAD, Binary, architectures_of_platform, identify, is_named_compiled
from rewheel.publishing.elf import BrokenElfError, Elf, read_elf
from rewheel.publishing.findings import Collector, Severity
from rewheel.publishing.instructions import can_disassemble, needs_of
from rewheel.wheels import InvalidArchive

if TYPE_CHECKING:
    from rewheel.variants import VariantMetadata
    from rewheel.wheels import Wheel

__all__ = ["check_code"]

_LARGEST = 1 << 30
"""Bytes of a file that is examined."""

_MOST_CODE = 64 << 20
"""Bytes of instructions of one wheel that are read; that takes a few seconds."""

_LEVELS = ("v1", "v2", "v3", "v4")


def check_code(wheel: "Wheel", variants: "VariantMetadata | None", found: Collector) -> None:
    """Compare every compiled file of a wheel with the platform tag and the x86_64 properties."""
    with suppress(InvalidArchive):  # damaged files are told of elsewhere
        compiled = dict(_compiled(wheel))
        _check_architecture(wheel, compiled, found)
        granted = _granted(wheel, variants)
        left = _MOST_CODE
        for name, binary in compiled.items():
            if binary.format == "ELF" and binary.architectures == {"x86_64"}:
                left -= _check_level(wheel, name, granted, left, found)


def _compiled(wheel: "Wheel") -> Iterator[tuple[str, Binary]]:
    for name, member in wheel.archive.members.items():
        if member.size >= 64 and (is_named_compiled(name) or member.is_executable):
            binary = identify(wheel.archive.beginning(name, HEAD))
            if binary is not None:
                yield name, binary


def _check_architecture(wheel: "Wheel", compiled: dict[str, Binary], found: Collector) -> None:
    platforms = wheel.filename.platform.split(".")
    if platforms == ["any"]:
        for name in compiled:
            found.add("RW144", "is compiled code, and the platform tag is any", name)
        return
    promised = [known for known in map(architectures_of_platform, platforms) if known is not None]
    if not promised:
        return
    formats = {kind for kind, _ in promised}
    wanted = frozenset().union(*(architectures for _, architectures in promised))
    own = {name: binary for name, binary in compiled.items() if binary.format in formats}
    if any(binary.architectures & wanted for binary in own.values()):
        return  # files for other machines may lie beside those that fit, as data
    for name, binary in own.items():
        there = ", ".join(sorted(binary.architectures))
        found.add("RW143", f"is for {there}, the platform tag is {wheel.filename.platform}", name)


class _Granted:
    """What a machine that gets the wheel has for certain."""

    def __init__(self, level: str, flags: frozenset[str], *, is_declared: bool) -> None:
        self.level = level
        self.flags = flags
        self.is_declared = is_declared
        """Whether the label says so; otherwise it is the least that any machine has."""

    def __str__(self) -> str:
        return f"x86-64-{self.level}" if self.is_declared else "every x86-64 machine has"


def _granted(wheel: "Wheel", variants: "VariantMetadata | None") -> _Granted:
    properties = variants.properties_of(wheel.label) if variants is not None else None
    own = properties.table.get("x86_64", {}) if properties is not None else {}
    levels = [value for value in own.get("level", ()) if value in _LEVELS]
    flags = frozenset(feature for feature in own if feature in FLAGS)
    level = min(levels, default="v1")
    return _Granted(level, flags | flags_of_level(level), is_declared=bool(own))


def _check_level(wheel: "Wheel", name: str, granted: _Granted, left: int, found: Collector) -> int:
    """Check one file; returns how many bytes of code were read."""
    if wheel.archive.members[name].size > _LARGEST:
        found.add("RW145", f"is larger than {_LARGEST >> 20} MiB", name)
        return 0
    try:
        elf = read_elf(wheel.archive.read(name))
    except BrokenElfError as error:
        found.add("RW145", str(error), name)
        return 0
    noted = elf.level_needed()
    if noted and noted > granted.level:
        _tell(name, f"says itself that it needs x86-64-{noted}", granted, found)
        return 0
    return _check_instructions(name, elf, granted, left, found)


def _check_instructions(name: str, elf: Elf, granted: _Granted, left: int, found: Collector) -> int:
    if not can_disassemble():
        if granted.is_declared:
            remedy = "install `rewheel[check]`, and the instructions are examined"
            found.add("RW145", "its instructions were not examined", name, remedy=remedy)
        return 0
    if left <= 0:
        found.add("RW145", f"was not examined: {_MOST_CODE >> 20} MiB of code were read before it", name)
        return 0
    needs = needs_of(elf, limit=left)
    missing = {flag: count for flag, count in needs.flags.items() if flag not in granted.flags}
    if missing:
        shown = _shown(missing)
        if needs.asks_cpu or elf.has_ifuncs() or elf.has_cpu_model():
            found.add("RW142", f"has instructions of {shown}, but asks the processor first", name)
        else:
            _tell(name, f"has instructions of {shown}", granted, found)
    return needs.read


def _tell(name: str, what: str, granted: _Granted, found: Collector) -> None:
    if granted.is_declared:
        found.add("RW141", f"{what}; the variant promises {granted}", name)
    else:
        message = f"{what}, which is more than {granted}, and no property of the wheel says so"
        found.add("RW141", message, name, severity=Severity.WARNING)


def _shown(missing: dict[str, int]) -> str:
    """Name the extensions, the most used first, and the level that has them all."""
    names = sorted(missing, key=lambda flag: (-missing[flag], flag))
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    level = next((level for level in _LEVELS if missing.keys() <= flags_of_level(level)), "")
    return f"{listed} (x86-64-{level})" if level else listed
