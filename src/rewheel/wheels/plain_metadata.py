"""Dependencies for a plain wheel: variant markers settled, since other tools refuse what they do not know."""

import re

from rewheel.variants import InvalidMarker, Marker
from rewheel.wheels.errors import InvalidWheel

__all__ = ["settle_variant_markers"]

_HEADER = re.compile(rb"(?P<head>(?i:requires-dist)[ \t]*:)(?P<value>.*(?:(?:\r\n|\r|\n)[ \t].*)*)")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)(?:[ \t][^\r\n]*(?:\r\n|\r|\n|\Z))*")
_END = re.compile(rb"(?:\r\n|\r|\n)\Z")
_DIRECT = re.compile(r"\s*[A-Za-z0-9._-]+\s*(?:\[[^\]]*\]\s*)?@")
_DIRECT_MARKER = re.compile(r"\s;")


def settle_variant_markers(content: bytes, wheel: str) -> tuple[bytes, list[str]]:
    """Evaluate the variant markers of METADATA as they are for a plain wheel (PEP 825, environment markers).

    Returns METADATA, in which nothing but such dependencies has changed or gone, and the dependencies that
    had variant markers, as they were. Raises `InvalidWheel` if one of them cannot be read.
    """
    settled: list[bytes] = []
    found: list[str] = []
    position = 0
    while position < len(content):
        match = _LINE.match(content, position)
        line = match[0] if match else b""
        if not line.strip():  # the end of the headers
            break
        position += len(line)
        header = _HEADER.match(line) if b"variant_" in line else None
        if header is None:
            settled.append(line)
            continue
        text, uses_variants = _settled(header["value"], wheel)
        if not uses_variants:
            settled.append(line)
            continue
        found.append(" ".join(header["value"].decode("utf-8").split()))
        if text:
            end = _END.search(line)
            settled.append(header["head"] + b" " + text.encode("utf-8") + (end[0] if end else b""))
    return b"".join(settled) + content[position:], found


def _settled(value: bytes, wheel: str) -> tuple[str, bool]:
    """Return a dependency without variant markers, empty if it is void, and whether it had one."""
    try:
        text = " ".join(value.decode("utf-8").split())
    except UnicodeDecodeError as error:
        raise InvalidWheel(wheel, "METADATA is not UTF-8") from error
    is_direct = _DIRECT.match(text) is not None
    separator = _DIRECT_MARKER.search(text) if is_direct else re.search(";", text)
    if separator is None:
        return text, False
    requirement, marker_text = text[: separator.start()].rstrip(), text[separator.end() :]
    try:
        marker = Marker.parse(marker_text.strip())
    except InvalidMarker as error:
        if "variant_" not in marker_text:
            return text, False
        raise InvalidWheel(wheel, f"a dependency has an invalid marker: {error.message}") from error
    if not marker.uses_variants:
        return text, False
    rest = marker.without_variants()
    if isinstance(rest, bool):
        return (requirement if rest else ""), True
    return f"{requirement}{' ' if is_direct else ''}; {rest}", True
