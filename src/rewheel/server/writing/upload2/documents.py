"""What clients of Upload 2.0 send, read strictly (PEP 694, requests)."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from packaging.version import InvalidVersion, Version

from rewheel.server.errors import Refused
from rewheel.variants import normalize_project

__all__ = ["CONTENT_TYPE", "MECHANISM", "FileRequest", "SessionRequest", "extension", "read_document"]

CONTENT_TYPE = "application/vnd.pypi.upload.v2+json"
API_VERSION = "2.0"
MECHANISM = "http-post-bytes"
"""The one way in which files are uploaded here: the bytes as the body of a POST."""

DOCUMENT_LIMIT = 64 * 1024
"""Bytes of a request that is not a file."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_SECURE = frozenset({"blake2b", "blake2s", "sha256", "sha384", "sha3_256", "sha3_384", "sha3_512", "sha512"})
_MOST_HASHES = 8


def read_document(content_type: str, body: bytes) -> Mapping[str, Any]:
    """Read the JSON of a request; raises Refused (415, 400)."""
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise Refused(415, f"requests are sent here as {CONTENT_TYPE}", kind="content-type")
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the request is no JSON document", kind="invalid-request") from error
    if not isinstance(document, dict):
        raise Refused(400, "the request is no JSON object", kind="invalid-request")
    meta = document.get("meta")
    version = meta.get("api-version") if isinstance(meta, dict) else None
    if version != API_VERSION:
        raise Refused(
            400,
            "meta.api-version is missing" if version is None else "meta.api-version is not known here",
            hint=f"this is version {API_VERSION}",
            kind="api-version",
        )
    return document


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A release that somebody wants to put together."""

    display_name: str
    name: str
    """Normalised."""
    version: Version

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Take it from a document; raises Refused (400)."""
        name, version = _text(document, "name"), _text(document, "version")
        if not _NAME.fullmatch(name):
            raise Refused(400, "'name' is not a valid project name", kind="invalid-name")
        if len(version) > 200:
            raise Refused(400, "'version' is too long", kind="invalid-version")
        try:
            return cls(name, normalize_project(name), Version(version))
        except (InvalidVersion, ValueError) as error:
            raise Refused(
                400, "'version' is not a valid version (PEP 440)", kind="invalid-version"
            ) from error


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A file that somebody wants to add."""

    filename: str
    size: int
    hashes: Mapping[str, str]
    """Lowercase hexadecimal digests by algorithm, one of them secure."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Take it from a document; raises Refused (400, 422 for an unknown mechanism)."""
        filename, mechanism = _text(document, "filename"), _text(document, "mechanism")
        size = document.get("size")
        if type(size) is not int or not 0 < size < 1 << 50:
            raise Refused(400, "'size' is not a number of bytes", kind="invalid-request")
        hashes = _hashes(document.get("hashes"))
        if mechanism != MECHANISM:
            raise Refused(
                422, "the mechanism is not supported here", hint=f"use {MECHANISM}", kind="unknown-mechanism"
            )
        return cls(filename, size, hashes)


def extension(document: Mapping[str, Any]) -> int:
    """Return for how many more seconds a session is wanted; raises Refused (400)."""
    seconds = document.get("extend-for")
    if type(seconds) is not int or not -(1 << 40) < seconds < 1 << 40:
        raise Refused(400, "'extend-for' is not a number of seconds", kind="invalid-request")
    return seconds


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value or len(value) > 1000:
        raise Refused(400, f"{key!r} is missing or is no text", kind="invalid-request")
    return value


def _hashes(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not 0 < len(value) <= _MOST_HASHES:
        raise Refused(400, "'hashes' does not map algorithms to digests", kind="invalid-hashes")
    for algorithm, digest in value.items():
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake_"):
            raise Refused(400, f"{algorithm[:40]!r} is no hash algorithm", kind="invalid-hashes")
        length = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
        if not isinstance(digest, str) or len(digest) != length or not _HEX.fullmatch(digest):
            raise Refused(
                400, f"the {algorithm} digest is not {length} hexadecimal digits", kind="invalid-hashes"
            )
    if not _SECURE & value.keys():
        raise Refused(400, "none of the hashes is secure", hint="send sha256", kind="invalid-hashes")
    return {algorithm: digest.lower() for algorithm, digest in value.items()}
