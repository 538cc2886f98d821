"""Which parts of a file a client asks for (RFC 9110, range requests)."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

__all__ = ["MOST_PARTS", "ByteRanges", "Part", "Unsatisfiable", "parse_ranges"]

MOST_PARTS = 50
"""Parts of one answer; who asks for more gets the whole file."""

_SPEC = re.compile(r"(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` up to and without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes that are."""
        return self.end - self.start

    def content_range(self, size: int) -> str:
        """Say which part of `size` bytes this is."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


class ByteRanges:
    """Several parts as one body (RFC 9110, multipart/byteranges): what goes between and after them."""

    def __init__(self, content_type: str, size: int, parts: Sequence[Part]) -> None:
        boundary = token_hex(16)
        self.pieces = [
            (
                f"\r\n--{boundary}\r\ncontent-type: {content_type}\r\n"
                f"content-range: {part.content_range(size)}\r\n\r\n".encode(),
                part,
            )
            for part in parts
        ]
        self.end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(len(head) + part.length for head, part in self.pieces) + len(self.end)
        self.headers = [
            (b"content-type", f"multipart/byteranges; boundary={boundary}".encode()),
            (b"content-length", str(length).encode()),
        ]


class Unsatisfiable(Exception):  # noqa: N818 - says what is the case
    """All parts lie beyond the end of the file."""


def parse_ranges(header: str, size: int) -> Sequence[Part]:
    """Return the parts that `Range` asks for; none means that the whole file is the answer.

    What is malformed is ignored, as the standard wants it; so are sets of parts that would cost more than
    the file: too many, or overlapping. Raises Unsatisfiable (416).
    """
    unit, found, text = header.partition("=")
    if not found or unit.strip().lower() != "bytes":
        return ()
    specs = [spec.strip() for spec in text.split(",") if spec.strip()]
    if not specs or len(specs) > MOST_PARTS:
        return ()
    parts: list[Part] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or spec == "-":
            return ()
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return ()
        part = _part(first, last, size)
        if part.length > 0:
            parts.append(part)
    if not parts:
        raise Unsatisfiable
    ordered = sorted(parts, key=lambda part: part.start)
    if any(one.end > other.start for one, other in itertools.pairwise(ordered)):
        return ()
    return parts


def _part(first: str, last: str, size: int) -> Part:
    if not first:
        return Part(max(0, size - int(last)), size)
    return Part(int(first), min(int(last) + 1, size) if last else size)
