"""The few header lines that say which release a wheel is and how it was made."""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["WheelInfo", "header_fields", "parse_wheel_info"]


class WheelInfo(NamedTuple):
    """What the WHEEL file says (binary distribution format, "File contents")."""

    version: tuple[int, int]
    root_is_purelib: bool
    tags: tuple[str, ...] = ()
    build: str = ""
    generator: str = ""


def header_fields(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the lowercase names and the values of the headers before the first empty line.

    Raises `ValueError` with a sentence fragment when they are not UTF-8. Continuation lines are dropped: no
    field that this room reads may have any.
    """
    head = content.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    for line in text.split("\n"):
        name, separator, value = line.partition(":")
        if separator and name and not line[0].isspace():
            yield name.lower(), value.strip()


def parse_wheel_info(content: bytes) -> WheelInfo:
    """Read a WHEEL file; raises `ValueError` with a sentence fragment when it is broken."""
    values: dict[str, list[str]] = {}
    for name, value in header_fields(content):
        values.setdefault(name, []).append(value)
    major, separator, minor = _single(values, "wheel-version").partition(".")
    if not separator or not _is_number(major) or not _is_number(minor):
        raise ValueError("has no valid Wheel-Version")
    return WheelInfo(
        version=(int(major), int(minor)),
        root_is_purelib=_single(values, "root-is-purelib").lower() == "true",
        tags=tuple(values.get("tag", ())),
        build=_single(values, "build"),
        generator=(values.get("generator") or [""])[0],
    )


def _single(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name, [])
    if len(set(found)) > 1:
        raise ValueError(f"has {name} twice, with different values")
    return found[0] if found else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6
