"""Generations of the format: what `$schema` says and how a document of that version is read.

Every version is of one of four shapes. A newer minor or patch version of a known major is read like the
newest shape that we know; another major version must not be read (PEP 825, variant metadata).
"""

import re
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Dialect", "DocumentKind", "SchemaVersion", "Shape"]

_HOST = "https://variants-schema.wheelnext.dev"
_KNOWN_HOSTS = (f"{_HOST}/", "https://packaging.python.org/")
_KNOWN_MAJORS = (0, 1)
_MOST_DIGITS = 9


class Dialect(StrEnum):
    """What we write; the value is the `$schema` of such a document."""

    PEP825 = f"{_HOST}/peps/825/v0.1.1.json"
    PEP850 = f"{_HOST}/peps/850/v0.2.0.json"


class DocumentKind(StrEnum):
    """Where metadata comes from, which decides what it must contain."""

    INDEX = "index"  # {name}-{version}-variants.json: every label of a release
    WHEEL = "wheel"  # variant.json in a wheel: exactly the label of its file name
    PYPROJECT = "pyproject"  # the table [variant]: $schema and variants may be missing
    LOCK = "lock"  # [packages.variants-json] of pylock.toml: labels and namespaces may be left out


class Shape(StrEnum):
    """How a document is laid out."""

    PLUGIN_USE = "v0.0.2"  # providers with `plugin-use`; override lists double as static lists
    INSTALL_TIME = "v0.0.3"  # providers with `install-time`; `static-properties` at the top
    PLAIN = "v0.1"  # no providers; v0.1.0 alone has override lists
    PROVIDERS = "v0.2"  # providers of exactly one kind

    @property
    def is_legacy(self) -> bool:
        """Whether this is a shape from before the metadata was split over two standards."""
        return self in {Shape.PLUGIN_USE, Shape.INSTALL_TIME}


class SchemaVersion(NamedTuple):
    """The version that a document claims to be of."""

    url: str
    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, url: str) -> "SchemaVersion | None":
        """Find the version in a `$schema`; None if it has none.

        The bare address of the schema host is what v0.0.2 documents had before versions were introduced.
        """
        if url in {_HOST, f"{_HOST}/"}:
            return cls(url, 0, 0, 2)
        match = re.search(r"v([0-9]+)\.([0-9]+)\.([0-9]+)\.json\Z", url)
        if match is None:
            return None
        major, minor, patch = (_number(digits) for digits in match.groups())
        return cls(url, major, minor, patch)

    @classmethod
    def of(cls, dialect: Dialect) -> "SchemaVersion":
        """Return the version of something that we write."""
        version = cls.parse(dialect.value)
        assert version is not None
        return version

    @property
    def release(self) -> tuple[int, int, int]:
        """The three numbers, to compare versions by."""
        return (self.major, self.minor, self.patch)

    @property
    def is_supported(self) -> bool:
        """Whether the major version may be read at all."""
        return self.major in _KNOWN_MAJORS

    @property
    def is_known_host(self) -> bool:
        """Whether the address is one where schemas are, or are expected to be, published."""
        return self.url == _HOST or self.url.startswith(_KNOWN_HOSTS)

    @property
    def is_newer_than_ours(self) -> bool:
        """Whether the document may hold things that we do not know yet."""
        return self.release > SchemaVersion.of(Dialect.PEP850).release

    @property
    def shape(self) -> Shape:
        """How to read a document of this version."""
        if (self.major, self.minor) == (0, 0):
            return Shape.PLUGIN_USE if self.patch <= 2 else Shape.INSTALL_TIME
        return Shape.PLAIN if (self.major, self.minor) == (0, 1) else Shape.PROVIDERS

    @property
    def has_overrides(self) -> bool:
        """Whether `default-priorities` may hold `feature` and `property` lists that reorder the supported.

        Of the plain shape only v0.1.0 had them; PEP 825 dropped them in v0.1.1.
        """
        return self.shape is not Shape.PLAIN or self.patch == 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def _number(digits: str) -> int:
    """Read a number from a stranger; anything absurdly long is just very large."""
    stripped = digits.lstrip("0")
    return int(stripped or "0") if len(stripped) <= _MOST_DIGITS else 10**_MOST_DIGITS
