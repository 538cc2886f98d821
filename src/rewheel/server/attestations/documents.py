"""The field `attestations` of an upload: strangers' JSON, of which only what is known gets on (PEP 740)."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewheel.server.errors import Refused

__all__ = ["Attestation", "read_attestations"]

_LONGEST = 1 << 20
"""Characters of the whole field."""
_MOST = 4
"""Attestations of one file; there are two kinds."""
_PREDICATES = frozenset({"https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"})
_STATEMENT = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestation, whose statement fits the file; nothing of it is verified yet."""

    certificate: bytes
    entry: Mapping[str, Any]
    """The transparency log entry, as it came."""
    statement: bytes
    signature: bytes

    def document(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return it as provenance has it: with the log entry as it was verified, and nothing besides."""
        return {
            "version": 1,
            "verification_material": {
                "certificate": _encoded(self.certificate),
                "transparency_entries": [entry],
            },
            "envelope": {"statement": _encoded(self.statement), "signature": _encoded(self.signature)},
        }

    def bundle(self) -> str:
        """Return it as a bundle of Sigstore, whose DSSE envelope it is."""
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {
                    "certificate": {"rawBytes": _encoded(self.certificate)},
                    "tlogEntries": [self.entry],
                },
                "dsseEnvelope": {
                    "payload": _encoded(self.statement),
                    "payloadType": "application/vnd.in-toto+json",
                    "signatures": [{"sig": _encoded(self.signature)}],
                },
            }
        )


def read_attestations(text: str, *, filename: str, sha256: str) -> Sequence[Attestation]:
    """Read the attestations of a file; raises Refused (400) for whatever is not exactly as it should be."""
    if len(text) > _LONGEST:
        raise refused(filename, f"they have more than {_LONGEST:,} characters")
    items = _parsed(filename, text, "the field")
    if not isinstance(items, list) or not 1 <= len(items) <= _MOST:
        raise refused(filename, f"the field has to be a list of one to {_MOST} of them")
    return [_attestation(item, filename, sha256) for item in items]


def refused(filename: str, reason: str) -> Refused:
    """Say why attestations are not accepted; the file is not either (PEP 740, upload endpoint changes)."""
    return Refused(
        400,
        f"the attestations of {filename} are not accepted: {reason}",
        hint="upload it without them, or with others",
        kind="invalid-attestations",
    )


def _attestation(item: object, filename: str, sha256: str) -> Attestation:
    found = _table(filename, item, "an attestation", {"version", "verification_material", "envelope"})
    if found["version"] != 1 or isinstance(found["version"], bool):
        raise refused(filename, "only version 1 is known")
    material = _table(
        filename, found["verification_material"], "its material", {"certificate", "transparency_entries"}
    )
    envelope = _table(filename, found["envelope"], "its envelope", {"statement", "signature"})
    entries = material["transparency_entries"]
    if not isinstance(entries, list) or len(entries) != 1:
        raise refused(filename, "each has to have one transparency log entry")
    entry = _table(filename, entries[0], "its transparency log entry", set())
    statement = _decoded(filename, envelope["statement"])
    _check_statement(statement, filename, sha256)
    return Attestation(
        _decoded(filename, material["certificate"]),
        entry,
        statement,
        _decoded(filename, envelope["signature"]),
    )


def _check_statement(statement: bytes, filename: str, sha256: str) -> None:
    """Make sure that a statement is about this very file (PEP 740, attestation statement)."""
    try:
        text = statement.decode()
    except UnicodeDecodeError:
        raise refused(filename, "a statement is not UTF-8") from None
    needed = {"_type", "subject", "predicateType"}
    found = _table(filename, _parsed(filename, text, "a statement"), "a statement", needed)
    if found["_type"] != _STATEMENT:
        raise refused(filename, "a statement is not of in-toto's version 1")
    if not isinstance(found["predicateType"], str) or found["predicateType"] not in _PREDICATES:
        raise refused(filename, "a statement is of a kind that is not known")
    if not isinstance(found.get("predicate"), dict | None):
        raise refused(filename, "the predicate of a statement is no object")
    subjects = found["subject"]
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise refused(filename, "a statement has to have one subject")
    subject = _table(filename, subjects[0], "a subject", {"name", "digest"})
    digests = _table(filename, subject["digest"], "a digest", {"sha256"})
    if digests["sha256"] != sha256:
        raise refused(filename, "a statement is about other content")
    if not isinstance(subject["name"], str) or _parts(subject["name"]) != _parts(filename):
        raise refused(filename, "a statement is about a file of another name")


def _parts(filename: str) -> tuple[object, ...]:
    """Take a name apart: names are equal if their parts are, however they are written."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion

    from rewheel.variants import InvalidFilename, WheelFilename

    try:
        if not filename.isascii() or len(filename) > 255:
            return ("",)
        if filename.endswith((".tar.gz", ".zip")):
            return (filename.rpartition(".")[2], *parse_sdist_filename(filename))
        label = WheelFilename.parse(filename).label
        plain = filename.removesuffix(f"-{label}.whl") + ".whl" if label else filename
        return (label, *parse_wheel_filename(plain))
    except (
        InvalidFilename,
        InvalidSdistFilename,
        InvalidVersion,
        InvalidWheelFilename,
        ValueError,
    ):
        return ("",)


def _table(filename: str, value: object, what: str, needed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not needed <= value.keys():
        names = f" with {', '.join(sorted(needed))}" if needed else ""
        raise refused(filename, f"{what} has to be an object{names}")
    return value


def _parsed(filename: str, text: str, what: str) -> object:
    """Parse JSON in which no key comes twice: others might read another one of the two."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key comes twice")
        return found

    def never(constant: str) -> object:
        raise ValueError(f"{constant} is no JSON")

    try:
        parsed: object = json.loads(text, object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError):
        raise refused(filename, f"{what} is not JSON") from None
    return parsed


def _decoded(filename: str, value: object) -> bytes:
    try:
        found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise refused(filename, "what should be base64 is not")
    return found


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
