"""Core metadata: what METADATA or PKG-INFO says about a distribution."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Self

from rewheel.metadata.errors import InvalidCoreMetadata
from rewheel.values import field, frozen

__all__ = ["CoreMetadata"]

_NEWEST_MAJOR = 2
_LIMIT = 16 << 20
_LINE_END = rb"\r\n|\r|\n"
_HEAD_END = rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)"
_NAME = r"[!-9;-~]+\Z"  # RFC 5322, field names
_PROJECT = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z"
_VERSION = r"[0-9]+\.[0-9]+\Z"
_ONCE = ("metadata-version", "name", "version", "requires-python")


@frozen
class CoreMetadata:
    """The fields that installing needs, as they are written (core metadata specifications).

    `requires` holds dependency specifiers in their order, unparsed: one broken specifier must not make a
    release unusable that is not even wanted. `headers` has every field by lowercase name.
    """

    name: str
    version: str
    metadata_version: str = ""
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    default_extras: tuple[str, ...] = ()  # PEP 771: installed unless extras are given
    headers: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, hash=False
    )
    body: bytes = field(default=b"", repr=False, compare=False)
    """What follows the headers, unread."""

    @classmethod
    def parse(cls, data: bytes, *, limit: int = _LIMIT) -> Self:
        """Read the headers of METADATA or PKG-INFO; what follows the first empty line is only kept.

        Raises `InvalidCoreMetadata` when there are more than `limit` bytes, when the headers are not UTF-8 or
        are of a newer major version, and when name or version are missing, malformed or contradictory.
        """
        if len(data) > limit:
            raise InvalidCoreMetadata(f"it has {len(data)} bytes, at most {limit} are read")
        found: dict[str, list[str]] = {}
        for name, value in _headers(data):
            found.setdefault(name, []).append(value)
        single = {name: _single(found, name) for name in _ONCE}
        _check(single)
        return cls(
            name=single["name"],
            version=single["version"],
            metadata_version=single["metadata-version"],
            requires_python=single["requires-python"],
            requires=tuple(found.get("requires-dist", ())),
            extras=tuple(found.get("provides-extra", ())),
            default_extras=tuple(found.get("default-extra", ())),
            headers=MappingProxyType({name: tuple(values) for name, values in found.items()}),
            body=_body(data),
        )

    @property
    def description(self) -> str:
        """The long description, if it stands in the body, as it does since Metadata-Version 2.1."""
        return self.body.decode("utf-8", "replace")

    def field(self, name: str) -> str:
        """Return the first value of a field such as `summary`, empty if there is none."""
        return self.headers.get(name.lower(), ("",))[0]


def _headers(data: bytes) -> list[tuple[str, str]]:
    """Return lowercase names and values; a folded value keeps its line breaks, without the indentation."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data[:1] in (b"\n", b"\r"):
        return []
    end = re.search(_HEAD_END, data)
    try:
        text = (data[: end.start()] if end else data).decode("utf-8")
    except UnicodeDecodeError as error:
        number = len(re.compile(_LINE_END).findall(data, 0, error.start)) + 1
        raise InvalidCoreMetadata(f"line {number} is not UTF-8") from error
    headers: list[tuple[str, str]] = []
    lines = text.split("\n") if "\r" not in text else re.split(r"\r\n|\r|\n", text)
    for line in lines:
        if line[:1] in (" ", "\t"):
            if headers:
                name, value = headers[-1]
                headers[-1] = (name, f"{value}\n{line.strip()}")
            continue
        name, separator, value = line.partition(":")
        field_name = _field_name(name) if separator else ""
        if not field_name:
            break  # email readers, and so every installer, take this for the beginning of the body
        headers.append((field_name, value.strip()))
    return headers


def _body(data: bytes) -> bytes:
    end = re.search(_HEAD_END, data)
    return data[end.end() :] if end is not None else b""


@lru_cache(maxsize=256)
def _field_name(name: str) -> str:
    """Return the lowercase name of a field, empty if no field can be called so."""
    return name.lower() if re.match(_NAME, name) else ""


def _single(found: Mapping[str, list[str]], name: str) -> str:
    values = found.get(name, [])
    if len(set(values)) > 1:
        raise InvalidCoreMetadata(f"it has several different values for {name.title()}")
    return values[0] if values else ""


def _check(single: Mapping[str, str]) -> None:
    version = single["metadata-version"]
    if version and not re.match(_VERSION, version):
        raise InvalidCoreMetadata(f"{version[:40]!a} is not a metadata version")
    if version and int(version.partition(".")[0][:9]) > _NEWEST_MAJOR:
        raise InvalidCoreMetadata(
            f"it is of version {version[:40]}, this tool knows version {_NEWEST_MAJOR}",
            hint="it needs a newer tool",
        )
    for name in ("name", "version"):
        if not single[name]:
            raise InvalidCoreMetadata(f"it has no {name.title()}")
    if not re.match(_PROJECT, single["name"]):
        raise InvalidCoreMetadata(f"{single['name'][:100]!a} is not a project name")
    if not single["version"].isprintable():
        raise InvalidCoreMetadata(f"{single['version'][:100]!a} is not a version")
