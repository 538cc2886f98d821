"""RECORD: the list of a distribution's files with their hashes, in wheels and in environments."""

import binascii
import csv
import hashlib
import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from rewheel.wheels.errors import InvalidRecord

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = [
    "SIGNATURES",
    "STRONG",
    "RecordEntry",
    "digest_of",
    "encode_digest",
    "format_record",
    "parse_record",
]

STRONG = frozenset({"blake2b", "blake2s", "sha256", "sha384", "sha3_256", "sha3_384", "sha3_512", "sha512"})
"""The algorithms that may vouch for a file: SHA-256 or better (binary distribution format)."""

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Files beside RECORD that sign it and are not listed in it with a hash."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_USUAL_ROW = re.compile(
    r"^([^\"\r\n,]{1,4096}),(?:(sha256)=([^\"\r\n,=]{1,99})=*)?,([0-9]{1,19})?\r?\n", re.MULTILINE
)
"""A row that needs no quotes, with our own kind of hash or none."""


class RecordEntry(NamedTuple):
    """One row: a path, the hash of its content in URL-safe base64 without padding, its size in bytes.

    Hash and size are missing (empty, None) for RECORD itself and for files made after installation.
    """

    path: str
    hash_algorithm: str = ""
    digest: str = ""
    size: int | None = None

    @classmethod
    def of(cls, path: str, content: bytes) -> "RecordEntry":
        """Return the row for a file with this content."""
        return cls(path, "sha256", digest_of(content), len(content))

    @property
    def is_strong(self) -> bool:
        """Whether the hash is of an algorithm that can be trusted."""
        return bool(self.digest) and self.hash_algorithm in STRONG

    def hasher(self) -> "_Hash":
        """Return an empty hash object of this row's algorithm, which must be strong."""
        # usedforsecurity would only matter to algorithms that are not strong.
        return hashlib.sha256() if self.hash_algorithm == "sha256" else hashlib.new(self.hash_algorithm)

    def disagreement(self, digest: bytes, size: int) -> str:
        """Say how content with this raw `digest` and `size` differs from the row; empty if it does not."""
        if self.size is not None and self.size != size:
            return f"has {size} bytes instead of {self.size}"
        if encode_digest(digest) != self.digest:
            return f"does not have its {self.hash_algorithm} hash"
        return ""


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of `content` as RECORD writes it."""
    return encode_digest(hashlib.sha256(content).digest())


def encode_digest(digest: bytes) -> str:
    """Write a raw digest as RECORD does: URL-safe base64 without padding."""
    return binascii.b2a_base64(digest, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def parse_record(text: str | bytes, name: str = "RECORD") -> list[RecordEntry]:
    """Read RECORD, of a wheel or of an installed distribution; `name` is what errors call it.

    Only the form is checked: whether paths and hashes are acceptable depends on where the file comes from.
    Raises `InvalidRecord`.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRecord(name, "RECORD is not UTF-8") from error
    text = text.removeprefix("\ufeff")
    usual = _USUAL_ROW.findall(text)
    if len(usual) == text.count("\n") and text.endswith("\n"):  # then every line is one
        return [
            RecordEntry(path, algorithm, digest, int(size) if size else None)
            for path, algorithm, digest, size in usual
        ]
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        return [_entry(row) for row in rows if row]
    except (csv.Error, ValueError) as error:
        raise InvalidRecord(name, f"RECORD, line {rows.line_num}: {error}") from error


def _entry(row: list[str]) -> RecordEntry:
    """Turn one row into an entry; raises `ValueError` with a sentence fragment."""
    if len(row) != 3:
        raise ValueError(f"{len(row)} columns instead of three")
    path, value, size = row
    algorithm, separator, digest = value.partition("=")
    if not path:
        raise ValueError("the path is missing")
    if value and not (separator and algorithm and digest):
        raise ValueError(f"{value[:100]!r} is not a hash")
    if size and not (size.isascii() and size.isdecimal() and len(size) < 20):
        raise ValueError(f"{size[:100]!r} is not a size")
    return RecordEntry(path, algorithm.lower(), digest.rstrip("="), int(size) if size else None)


def format_record(entries: Iterable[RecordEntry]) -> str:
    """Write RECORD: one row per entry, in the given order."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(
        (
            entry.path,
            f"{entry.hash_algorithm}={entry.digest}" if entry.digest else "",
            "" if entry.size is None else entry.size,
        )
        for entry in entries
    )
    return stream.getvalue()
