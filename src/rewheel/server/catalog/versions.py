"""Versions as text that sorts as they do, so that a database can put them in order."""

from packaging.version import Version

__all__ = ["sort_key"]


def sort_key(version: Version) -> str:
    """Return a text whose order, character by character, is PEP 440's order of versions.

    Equal versions have equal keys, so that 1.0 and 1.0.0 are one release.
    """
    release = list(version.release)
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    numbers = "".join(f"1{_number(part)}" for part in release) + "0"
    return "".join((_number(version.epoch), numbers, _phase(version), _local(version.local)))


def _phase(version: Version) -> str:
    """Order development releases, pre-releases, the release itself, and post-releases."""
    if version.pre is None and version.post is None and version.dev is not None:
        pre = "0"  # 1.0.dev1 comes before 1.0a1
    elif version.pre is None:
        pre = "2"
    else:
        letter, number = version.pre
        pre = f"1{letter[0]}{_number(number)}"  # a, b and rc sort as letters
    post = "0" if version.post is None else f"1{_number(version.post)}"
    dev = "1" if version.dev is None else f"0{_number(version.dev)}"
    return pre + post + dev


def _local(local: str | None) -> str:
    """Order local parts: none first, words before numbers, shorter before longer.

    A dot ends a word, because it sorts before everything that a word can have.
    """
    if local is None:
        return "0"
    parts = (f"3{_number(int(part))}" if part.isdigit() else f"2{part}." for part in local.split("."))
    return "1" + "".join(parts) + "1"


def _number(number: int) -> str:
    """Write a number after its length, so that texts of numbers sort as the numbers do."""
    digits = str(number)
    length = str(len(digits))
    return f"{len(length)}{length}{digits}"
