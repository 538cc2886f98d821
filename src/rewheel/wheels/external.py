"""Where a wheel lies that its index does not hold: `EXTERNAL-HOSTING.json` (PEP 759)."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from rewheel.values import frozen
from rewheel.wheels.record import STRONG

__all__ = ["HOSTING_FILE", "ExternalHosting", "uri_problem"]

HOSTING_FILE = "EXTERNAL-HOSTING.json"
"""The file of the dist-info directory that only a `.rim` has."""

HOSTING_LIMIT = 64 * 1024
"""Bytes of that file above which it is not read."""

_VERSION = "1.0"
_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_URI = re.compile(r"[A-Za-z0-9:/?\[\]@!$&'()*+,;=._~%-]{1,2048}")  # RFC 3986, without "#"
_HEX = re.compile(r"[0-9A-Fa-f]+")
_LARGEST = 1 << 50
_MOST_HASHES = 16


@frozen
class ExternalHosting:
    """The place, size and hashes of a wheel elsewhere, and the organisation that answers for it."""

    owner: str
    """The name of an organisation of the index."""
    uri: str
    """Where the wheel can be fetched; its last part is the wheel's file name."""
    size: int
    """Bytes of the wheel."""
    hashes: Mapping[str, str]
    """Lowercase hexadecimal digests of the wheel by algorithm, at least one of them strong."""

    @classmethod
    def parse(cls, content: bytes, filename: str, *, allow_http: bool = False) -> Self:
        """Read the file; `filename` is the wheel's. Raises `ValueError` with a sentence fragment."""
        try:
            document = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8") from None
        except (ValueError, RecursionError) as error:  # also numbers too long, and keys that are there twice
            raise ValueError(f"is no JSON that can be read: {error}") from None
        if not isinstance(document, dict):
            raise ValueError("is no JSON object")  # noqa: TRY004 - it is the document that is wrong
        lacking = [key for key in ("version", "owner", "uri", "size", "hashes") if key not in document]
        if lacking:
            raise ValueError(f"has no {lacking[0]!r}")
        if document["version"] != _VERSION:
            raise ValueError(f"is of version {document['version']!r:.40}, only {_VERSION!r} is known")
        hosting = cls(
            _text(document, "owner"), _text(document, "uri"), _size(document), _hashes(document["hashes"])
        )
        hosting.check(filename, allow_http=allow_http)
        return hosting

    def check(self, filename: str, *, allow_http: bool = False) -> None:
        """Make sure that installers can use it for the wheel `filename`; raises `ValueError`."""
        if not _OWNER.fullmatch(self.owner):
            raise ValueError(f"has the owner {self.owner[:60]!r}, which cannot be an organisation's name")
        if problem := uri_problem(self.uri, filename, allow_http=allow_http):
            raise ValueError(f"has the uri {self.uri[:200]!r}, which {problem}")

    def as_json(self) -> bytes:
        """Write the file; the same values give the same bytes."""
        document = {
            "version": _VERSION,
            "owner": self.owner,
            "uri": self.uri,
            "size": self.size,
            "hashes": dict(self.hashes),
        }
        return (json.dumps(document, indent=2, ensure_ascii=True) + "\n").encode()


def uri_problem(uri: str, filename: str, *, allow_http: bool = False) -> str:
    """Say why installers must not, or cannot, fetch the wheel `filename` from there; empty if they can."""
    if not _URI.fullmatch(uri):
        return "is no URL without a fragment: other characters are percent-encoded, at most 2048 in all"
    try:
        parts = urlsplit(uri)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return "is no URL"
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        return "is not an https URL"
    if not parts.hostname or not has_port:
        return "names no host"
    if "@" in parts.netloc:
        return "holds a login, which everybody would see"
    if unquote(parts.path.rpartition("/")[2]) != filename:
        return f"does not end in the wheel's name, {filename}: installers take the name from there"
    return ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; readers would disagree about one that has a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("has a key twice")
    return found


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str):
        raise ValueError(f"has a {key!r} that is no text")  # noqa: TRY004 - it is the document that is wrong
    return value


def _size(document: Mapping[str, Any]) -> int:
    value = document["size"]
    if type(value) is not int or not 0 < value <= _LARGEST:
        raise ValueError("has a 'size' that is no number of bytes")
    return value


def _hashes(value: object) -> dict[str, str]:
    """Read hexadecimal digests (PEP 694); those of `RECORD` are base64, which installers would not read."""
    if not isinstance(value, dict) or not 0 < len(value) <= _MOST_HASHES:
        raise ValueError("has 'hashes' that are no object with digests by algorithm")
    for algorithm, digest in value.items():
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake_"):
            raise ValueError(f"has a hash by {algorithm[:40]!r}, which is no algorithm of hashlib")
        length = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
        if not isinstance(digest, str) or len(digest) != length or not _HEX.fullmatch(digest):
            raise ValueError(f"has a {algorithm} hash that is not {length} hexadecimal digits")
    if not STRONG & value.keys():
        raise ValueError("has no hash by sha256 or another strong algorithm")
    return {algorithm: digest.lower() for algorithm, digest in value.items()}
