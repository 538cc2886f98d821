"""A Sigstore of one's own: an authority, a log of certificates and a log of signatures, all in a few keys.

What it signs is verified by Sigstore's own library with `trusted_root`, exactly as what the public one signs.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

__all__ = ["PUBLISH", "Identity", "Sigstore"]

PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
_PAYLOAD = "application/vnd.in-toto+json"
_GITHUB = "https://token.actions.githubusercontent.com"
_CLAIM = "1.3.6.1.4.1.57264.1."
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _text(value: str) -> bytes:
    """Encode a text of less than 64 KiB in DER."""
    content = value.encode()
    if len(content) < 0x80:
        return bytes([0x0C, len(content)]) + content
    size = bytes([0x81, len(content)]) if len(content) < 0x100 else b"\x82" + struct.pack(">H", len(content))
    return b"\x0c" + size + content


def _octets(content: bytes) -> bytes:
    size = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return b"\x04" + size + content


@dataclass(frozen=True)
class Identity:
    """Whom a certificate is given to, as a workflow of GitHub would be."""

    repository: str = "acme/foo"
    workflow: str = "release.yml"
    ref: str = "refs/tags/v1.0"
    issuer: str = _GITHUB
    home: str = "https://github.com"
    folder: str = "/.github/workflows/"
    email: str = ""

    @property
    def claims(self) -> Mapping[str, str]:
        """The extensions that say so."""
        if self.email:
            return {"8": self.issuer}
        home = f"{self.home}/{self.repository}"
        return {
            "8": self.issuer,
            "12": home,
            "13": "0" * 40,
            "14": self.ref,
            "18": f"{home}{self.folder}{self.workflow}@{self.ref}",
        }


@dataclass
class Sigstore:
    """Issues certificates for a moment, signs with them, and writes it all into its log."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    signature_log: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.since = now - timedelta(days=1)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
        key = self.authority.public_key()
        self.root = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key)
            .serial_number(1)
            .not_valid_before(self.since)
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def trusted_root(self, folder: Path) -> Path:
        """Write the roots of trust."""
        path = folder / "trusted_root.json"
        path.write_text(
            json.dumps(
                {
                    "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                    "tlogs": [self._log(self.signature_log)],
                    "ctlogs": [self._log(self.certificate_log)],
                    "certificateAuthorities": [
                        {
                            "subject": {"organization": "tests", "commonName": "authority of the tests"},
                            "uri": "https://fulcio.example",
                            "certChain": {
                                "certificates": [
                                    {"rawBytes": _b64(self.root.public_bytes(serialization.Encoding.DER))}
                                ]
                            },
                            "validFor": {"start": _moment(self.since)},
                        }
                    ],
                    "timestampAuthorities": [],
                }
            )
        )
        return path

    def _log(self, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        return {
            "baseUrl": "https://log.example",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(_spki(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": _moment(self.since)},
            },
            "logId": {"keyId": _b64(hashlib.sha256(_spki(key)).digest())},
        }

    def attest(
        self,
        path: Path,
        identity: Identity | None = None,
        *,
        signed_at: datetime | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """Attest a file as its publisher does; `changes` replace parts of the statement."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": path.name, "digest": {"sha256": digest}}],
            "predicateType": PUBLISH,
            "predicate": None,
            **changes,
        }
        return self.attest_statement(json.dumps(statement).encode(), identity, signed_at=signed_at)

    def attest_statement(
        self, statement: bytes, identity: Identity | None = None, *, signed_at: datetime | None = None
    ) -> dict[str, Any]:
        """Sign whatever is said."""
        key = _new_key()
        certificate = self._certificate(key, identity or Identity())
        sealed = f"DSSEv1 {len(_PAYLOAD)} {_PAYLOAD} {len(statement)} ".encode() + statement
        signature = key.sign(sealed, ec.ECDSA(hashes.SHA256()))
        der = certificate.public_bytes(serialization.Encoding.DER)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        entry = self._entry(statement, signature, pem, signed_at or datetime.now(UTC))
        return {
            "version": 1,
            "verification_material": {"certificate": _b64(der), "transparency_entries": [entry]},
            "envelope": {"statement": _b64(statement), "signature": _b64(signature)},
        }

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: Identity) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0)
        issuer = self.authority.public_key()
        name: x509.GeneralName = x509.UniformResourceIdentifier("https://machine.example/")
        if identity.email:
            name = x509.RFC822Name(identity.email)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(minutes=9))
            .add_extension(_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        )
        for number, value in identity.claims.items():
            claim = x509.UnrecognizedExtension(ObjectIdentifier(_CLAIM + number), _text(value))
            builder = builder.add_extension(claim, critical=False)
        logged = self._logged(builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes)
        return builder.add_extension(x509.UnrecognizedExtension(_SCTS, logged), critical=False).sign(
            self.authority, hashes.SHA256()
        )

    def _logged(self, certificate: bytes) -> bytes:
        """Return that a certificate stands in the log (RFC 6962, signed certificate timestamps)."""
        at = int(datetime.now(UTC).timestamp() * 1000)
        issuer = hashlib.sha256(_spki(self.authority)).digest()
        entry = struct.pack(">BBQH", 0, 0, at, 1) + issuer + len(certificate).to_bytes(3) + certificate
        signature = self.certificate_log.sign(entry + b"\0\0", ec.ECDSA(hashes.SHA256()))
        log = hashlib.sha256(_spki(self.certificate_log)).digest()
        timestamp = b"\0" + log + struct.pack(">QH", at, 0) + b"\x04\x03" + _sized(signature)
        return _octets(_sized(_sized(timestamp)))

    def _entry(self, statement: bytes, signature: bytes, certificate: bytes, at: datetime) -> dict[str, Any]:
        """Return that a signature stands in the log, which has nothing else in it."""
        body = json.dumps(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                    "payloadHash": {
                        "algorithm": "sha256",
                        "value": hashlib.sha256(statement).hexdigest(),
                    },
                    "signatures": [{"signature": _b64(signature), "verifier": _b64(certificate)}],
                },
            }
        ).encode()
        log = hashlib.sha256(_spki(self.signature_log)).digest()
        seconds, root = int(at.timestamp()), hashlib.sha256(b"\0" + body).digest()
        promised = {
            "body": _b64(body),
            "integratedTime": seconds,
            "logID": log.hex(),
            "logIndex": 0,
        }
        canonical = json.dumps(promised, separators=(",", ":"), sort_keys=True).encode()
        note = f"log.example - 1\n1\n{_b64(root)}\n"
        signed = log[:4] + self.signature_log.sign(note.encode(), ec.ECDSA(hashes.SHA256()))
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(self.signature_log.sign(canonical, ec.ECDSA(hashes.SHA256())))
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {_b64(signed)}\n"},
            },
            "canonicalizedBody": _b64(body),
        }


def _sized(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=certificates, crl_sign=certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
