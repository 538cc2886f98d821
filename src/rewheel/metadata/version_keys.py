"""Versions as texts that sort as versions do (PEP 440), so that thousands of them need no objects.

A key is made of the epoch and the numbers of the release, without zeros at its end, then of what follows:
pre-release, post-release, development release, local version. Every number is written after a character that
says how many digits it has, so longer numbers come after shorter ones. What may stand in the place of a
number of the release, but is none, is a character below all of those. So the versions of one release, and
those whose release begins with the same numbers, each lie between two texts that are no keys.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = [
    "PUBLIC_END",
    "Written",
    "has_local",
    "is_early",
    "key_of",
    "lowest_of",
    "normalized",
    "of_release",
    "parse_version",
    "read",
]

_ZERO = ord("0")
_LONGEST = 100
"""Characters of a version that is read here; longer ones are left to `packaging`."""
_FIRST, _LAST = "!", "&"
"""What comes before, and after, anything that may be said of a pre-release."""
_PRE = {"a": "#", "b": "$", "rc": "%"}
_NONE, _SOME = "!", '"'
_FINAL = f"{_LAST}{_NONE}{_SOME}{_NONE}"
"""What follows the numbers of a final version."""
_END = " "
_MARKS = {
    "a": (_PRE["a"], _NONE + _SOME + _NONE),
    "b": (_PRE["b"], _NONE + _SOME + _NONE),
    "rc": (_PRE["rc"], _NONE + _SOME + _NONE),
    ".post": (_LAST + _SOME, _SOME + _NONE),
    ".dev": (_FIRST + _NONE + _NONE, _NONE),
}
"""What keys have before and after the number of a suffix that stands alone."""
PUBLIC_END = _NONE
"""The last character of the key of a version without a local part."""


class Written(NamedTuple):
    """A version as it is written: what its key is made of."""

    epoch: int
    release: tuple[int, ...]
    """Every number, also the zeros at the end."""
    suffix: str
    """What follows the numbers in its key."""
    text: str
    """As PEP 440 normalises it."""

    @property
    def key(self) -> str:
        """The text to sort by."""
        return of_release(self.epoch, self.release) + self.suffix

    @property
    def is_early(self) -> bool:
        """Whether it is a pre-release or a development release."""
        return self.suffix is not _FINAL and is_early(self.text)

    @property
    def is_final(self) -> bool:
        """Whether it is nothing but a release: neither early nor a post-release, without a local part."""
        return self.suffix is _FINAL


@lru_cache(maxsize=1 << 16)
def read(text: str) -> Written | None:
    """Read a version; None for text that is none (PEP 440)."""
    if len(text) <= _LONGEST and text.isascii() and (written := _read_plain(text)) is not None:
        return written
    version = parse_version(text)
    if version is None:
        return None
    return Written(version.epoch, version.release, _suffix(version), str(version))


def _read_plain(text: str) -> Written | None:
    """Read what nearly all versions are: numbers, with at most one suffix, which is written as usual."""
    release = _release(text)
    if release is not None:
        return Written(0, release, _FINAL, ".".join(map(str, release)))
    head = text.rstrip("0123456789")
    if head == text:
        return None
    number = int(text[len(head) :])
    for mark, (before, after) in _MARKS.items():
        if head.endswith(mark) and (release := _release(head[: -len(mark)])) is not None:
            return Written(
                0,
                release,
                before + _number(number) + after,
                f"{'.'.join(map(str, release))}{mark}{number}",
            )
    return None


def _release(text: str) -> tuple[int, ...] | None:
    numbers = text.split(".")
    return tuple(map(int, numbers)) if all(map(str.isdecimal, numbers)) else None


@lru_cache(maxsize=1 << 12)
def parse_version(text: str) -> "Version | None":
    """Return the PEP 440 version as an object, or `None` for text that is none."""
    from packaging.version import Version

    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return None


def key_of(text: str) -> str | None:
    """Return the text that a version sorts by; equal versions have the same. None for text that is none."""
    written = read(text)
    return written.key if written is not None else None


def normalized(text: str) -> str:
    """Write a version as PEP 440 does; text that is none stays as it is."""
    written = read(text)
    return written.text if written is not None else text


def of_release(epoch: int, release: Sequence[int]) -> str:
    """Return what the keys of all versions of a release begin with."""
    last = len(release)
    while last and not release[last - 1]:
        last -= 1
    return _number(epoch) + "".join(map(_number, release[:last]))


def lowest_of(epoch: int, release: Sequence[int]) -> str:
    """Return a text below the keys of all versions of a release and above those of any earlier one."""
    return of_release(epoch, release) + _END


def is_early(text: str) -> bool:
    """Tell whether a normalised version is a pre-release or a development release."""
    public = text.partition("+")[0]
    return "a" in public or "b" in public or "c" in public or "d" in public


def has_local(key: str) -> bool:
    """Tell whether a key is that of a version with a local part."""
    return not key.endswith(PUBLIC_END)


def _number(number: int) -> str:
    digits = str(number)
    return chr(_ZERO + len(digits)) + digits


def _suffix(version: "Version") -> str:
    if version.pre is not None:
        pre = _PRE[version.pre[0]] + _number(version.pre[1])
    else:
        pre = _FIRST if version.dev is not None and version.post is None else _LAST
    post = _NONE if version.post is None else _SOME + _number(version.post)
    dev = _SOME if version.dev is None else _NONE + _number(version.dev)
    suffix = pre + post + dev + _local(version.local)
    return _FINAL if suffix == _FINAL else suffix


def _local(local: str | None) -> str:
    if local is None:
        return PUBLIC_END
    parts = (
        _SOME + _number(int(part)) if part.isdecimal() else f"{_NONE}{part}{_END}"
        for part in local.split(".")
    )
    return _SOME + "".join(parts) + _END
