"""Sizes, moments and wheel tags in the words of people."""

import re
from datetime import datetime
from typing import Self

__all__ = ["Platform", "count", "day", "platform_of", "python_key", "python_of", "sentence", "size"]

_MANYLINUX = re.compile(r"manylinux_([0-9]+)_([0-9]+)_(\w+)\Z")
_OLD_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_MUSLLINUX = re.compile(r"musllinux_([0-9]+)_([0-9]+)_(\w+)\Z")
_MACOS = re.compile(r"macosx_([0-9]+)_([0-9]+)_(\w+)\Z")
_WINDOWS = {"win32": "32-bit", "win_amd64": "x86_64", "win_arm64": "arm64"}
_PYTHON = re.compile(r"(cp|pp|py)([0-9])([0-9]*)\Z")


class Platform(str):
    """A platform such as "Linux x86_64", with `detail` such as "glibc 2.17 or newer"."""

    __slots__ = ("detail",)

    detail: str

    def __new__(cls, name: str, detail: str = "") -> Self:
        """Make one; two of the same name are equal, whatever their details."""
        made = super().__new__(cls, name)
        made.detail = detail
        return made


def size(number: int) -> str:
    """Say a number of bytes, in powers of ten: "17.6 MB"."""
    if number < 1000:
        return "1 byte" if number == 1 else f"{number} bytes"
    value = float(number)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def count(number: int, one: str, many: str = "") -> str:
    """Say how many there are: "1 wheel", "1,200 wheels"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def day(moment: datetime) -> str:
    """Say a day: "25 Nov 2026"."""
    return f"{moment.day} {moment:%b %Y}"


def platform_of(tag: str) -> Platform:
    """Say what a compressed platform tag is for; the oldest system of several counts."""
    found = [_one_platform(part) for part in tag.split(".")]
    return min(found, key=lambda platform: (platform, len(platform.detail), platform.detail))


def _one_platform(tag: str) -> Platform:
    tag = tag.lower()
    if tag == "any":
        return Platform("any platform")
    if match := _MANYLINUX.match(tag):
        return Platform(f"Linux {match[3]}", f"glibc {match[1]}.{match[2]} or newer")
    name, _, arch = tag.partition("_")
    if name in _OLD_MANYLINUX:
        return Platform(f"Linux {arch}", "glibc {}.{} or newer".format(*_OLD_MANYLINUX[name]))
    if match := _MUSLLINUX.match(tag):
        return Platform(f"Linux {match[3]} (musl)", f"musl {match[1]}.{match[2]} or newer")
    if match := _MACOS.match(tag):
        release = match[1] if match[2] == "0" else f"{match[1]}.{match[2]}"
        return Platform(f"macOS {match[3]}", f"macOS {release} or newer")
    if tag in _WINDOWS:
        return Platform(f"Windows {_WINDOWS[tag]}")
    if name == "linux":
        return Platform(f"Linux {arch}", "built without a promise about the C library")
    return Platform(tag)


def python_of(python: str, abi: str) -> str:
    """Say which Pythons a pair of tags is for: "3.11", "3.9+", "3.13t", "PyPy 3.10", "3"."""
    return ", ".join(dict.fromkeys(_one_python(part, abi) for part in python.split(".")))


def _one_python(python: str, abi: str) -> str:
    match = _PYTHON.match(python.lower())
    if not match:
        return python
    version = f"{match[2]}.{match[3]}" if match[3] else match[2]
    if match[1] == "pp":
        return f"PyPy {version}"
    if match[1] == "cp" and "abi3" in abi.lower().split("."):
        return f"{version}+"
    if match[1] == "cp" and re.search(r"cp[0-9]+[a-z]*t", abi.lower()):
        return f"{version}t"
    return version


def python_key(text: str) -> tuple[int, tuple[int, ...], str]:
    """Sort what `python_of` says: CPython by version, then the others."""
    numbers = tuple(int(part) for part in re.findall(r"[0-9]{1,6}", text))
    return (0 if text[:1].isdigit() else 1, numbers, text)


def sentence(words: str) -> str:
    """Make a sentence of a message as our errors have them."""
    return f"{words[:1].upper()}{words[1:]}{'' if words[-1:] in {'', '.', '!', '?'} else '.'}"
