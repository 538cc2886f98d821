"""Which of the advertised hashes is believed, and whether bytes have it."""

import hashlib
from collections.abc import Mapping
from typing import Protocol

from rewheel.rows import NamedTuple

__all__ = ["STRONG", "Digest", "Hasher", "best_digest"]

STRONG = ("sha256", "sha512", "sha384")
"""Good enough to prove that a file is the one meant, the preferred one first."""
_WEAK = ("sha224", "sha1", "md5")
"""Believed only where an index offers nothing better; they find accidents, not attacks."""


class Hasher(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """Give the digest of all bytes so far."""
        ...


class Digest(NamedTuple):
    """One advertised hash: the name of its algorithm and its lower-case hexadecimal value."""

    algorithm: str
    value: str

    @property
    def is_strong(self) -> bool:
        """Whether bytes with this hash are certainly those that were meant."""
        return self.algorithm in STRONG

    def new_hasher(self) -> Hasher:
        """Start to compute a hash of this kind."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def of(self, data: bytes) -> str:
        """Compute this kind of hash over bytes."""
        hasher = self.new_hasher()
        hasher.update(data)
        return hasher.hexdigest()


def best_digest(hashes: Mapping[str, str]) -> Digest | None:
    """Choose the hash to verify; weak ones count only where there is no other, unknown ones never."""
    for algorithm in (*STRONG, *_WEAK):
        if value := hashes.get(algorithm, ""):
            return Digest(algorithm, value.lower())
    return None
