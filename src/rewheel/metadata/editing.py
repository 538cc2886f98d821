"""Changing what METADATA declares, and nothing else of it: dependencies and default extras."""

import re
from collections.abc import Collection, Iterator, Sequence

from rewheel.errors import RewheelError
from rewheel.metadata.errors import InvalidCoreMetadata
from rewheel.metadata.requirements import Requirement
from rewheel.variants import normalize_project

__all__ = ["DEFAULT_EXTRA_VERSION", "edit_metadata"]

DEFAULT_EXTRA_VERSION = (2, 5)
"""The metadata version from which Default-Extra may be there (PEP 771)."""

_HEADER = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)(?:[ \t][^\r\n]*(?:\r\n|\r|\n|\Z))*")
_END = re.compile(rb"(?:\r\n|\r|\n)\Z")


def edit_metadata(
    content: bytes,
    *,
    add: Sequence[str] = (),
    drop: Collection[str] = (),
    default_extras: Sequence[str] | None = None,
) -> bytes:
    """Return METADATA or PKG-INFO with changed dependencies and default extras.

    Dependencies on the projects in `drop` (normalised names) go, whatever their markers; those in `add`
    follow the others. `default_extras` replace those that are there; `None` leaves them. All other lines
    stay as they are. Raises `InvalidCoreMetadata` for a default extra that is not provided (PEP 771).
    """
    headers = list(_headers(content))
    body = content[sum(map(len, headers)) :]
    first = _END.search(headers[0]) if headers else None
    end = first[0] if first else b"\n"
    if headers and not _END.search(headers[-1]):
        headers[-1] += end
    if drop:
        headers = [line for line in headers if _dependency(line) not in drop]
    if add:
        lines = [b"Requires-Dist: " + text.encode() + end for text in add]
        _insert(headers, lines, after=("requires-dist",))
    if default_extras is not None:
        headers = [line for line in headers if _name(line) != "default-extra"]
        names = _provided(headers, default_extras)
        if names:
            lines = [b"Default-Extra: " + name.encode() + end for name in names]
            _insert(headers, lines, after=("provides-extra",))
            _raise_version(headers, end)
    return b"".join(headers) + body


def _headers(content: bytes) -> Iterator[bytes]:
    """Yield the headers, folded lines with the first, up to the first empty line."""
    position = 0
    while position < len(content):
        match = _HEADER.match(content, position)
        line = match[0] if match else b""
        if not line.strip() or b":" not in line:
            return
        position += len(line)
        yield line


def _name(line: bytes) -> str:
    return line.partition(b":")[0].strip().lower().decode("ascii", "replace")


def _value(line: bytes) -> str:
    return " ".join(line.partition(b":")[2].decode("utf-8", "replace").split())


def _dependency(line: bytes) -> str | None:
    """Return the project that a header is a dependency on."""
    if _name(line) != "requires-dist":
        return None
    try:
        return Requirement.parse(_value(line)).project
    except RewheelError:
        return None


def _insert(headers: list[bytes], lines: list[bytes], *, after: Collection[str]) -> None:
    places = [index for index, line in enumerate(headers) if _name(line) in after]
    position = places[-1] + 1 if places else len(headers)
    headers[position:position] = lines


def _provided(headers: list[bytes], wanted: Sequence[str]) -> list[str]:
    """Return the extras as the metadata spell them."""
    spelled = {normalize_project(text): text for text in map(_value, _headers_of(headers, "provides-extra"))}
    found: dict[str, None] = {}
    for name in wanted:
        if normalize_project(name) not in spelled:
            known = ", ".join(sorted(spelled.values())) or "none"
            raise InvalidCoreMetadata(
                f"the default extra {name} is not among those that are provided: {known}"
            )
        found[spelled[normalize_project(name)]] = None
    return list(found)


def _headers_of(headers: Sequence[bytes], name: str) -> list[bytes]:
    return [line for line in headers if _name(line) == name]


def _raise_version(headers: list[bytes], end: bytes) -> None:
    for index, line in enumerate(headers):
        if _name(line) == "metadata-version":
            major, _, minor = _value(line).partition(".")
            if major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) < DEFAULT_EXTRA_VERSION:
                headers[index] = b"Metadata-Version: %d.%d" % DEFAULT_EXTRA_VERSION + end
