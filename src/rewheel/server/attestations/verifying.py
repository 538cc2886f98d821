"""Whether attestations are true: signatures, certificates and log entries, by Sigstore's own library.

Nothing is asked of anybody: the operator gives the roots of trust in a file, and each attestation brings the
rest. The library is large and an extra of its own, so that only who wants this has it; it is loaded when it
is first needed.
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.server.attestations.documents import Attestation, read_attestations, refused
from rewheel.server.attestations.publishers import CLAIMS, Publisher
from rewheel.server.errors import UnusableStore

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.verify import Verifier as SigstoreVerifier

__all__ = ["Verifier"]

_LOG = logging.getLogger("rewheel.server.attestations")
_UTF8 = 0x0C
"""The tag of a text in DER."""


class Verifier:
    """Verifies the attestations of uploads. May be used by several threads at once."""

    def __init__(self, root: Path, publishers: Sequence[Publisher]) -> None:
        """Take the roots of trust from a file, which is not read yet."""
        from rewheel.indexes import NamePattern

        self._root = root
        self._verifier: SigstoreVerifier | None = None
        self._guard = threading.Lock()
        self._publishers = [
            (publisher, [NamePattern.parse(pattern) for pattern in publisher.projects])
            for publisher in publishers
        ]

    def load(self) -> "SigstoreVerifier":
        """Read the roots of trust; raises UnusableStore when they, or the library, cannot be used."""
        with self._guard:
            if self._verifier is None:
                self._verifier = _opened(self._root)
            return self._verifier

    def provenance(self, text: str, *, project: str, filename: str, sha256: str) -> str:
        """Verify the attestations of a file, and return its provenance object as JSON.

        Raises Refused (400) if any of them cannot be verified (PEP 740, upload endpoint changes).
        """
        attestations = read_attestations(text, filename=filename, sha256=sha256)
        trusted = [
            publisher
            for publisher, patterns in self._publishers
            if any(pattern.matches(project) for pattern in patterns)
        ]
        if not trusted:
            raise refused(filename, f"nobody is known here who may attest for {project}")
        bundles: dict[str, dict[str, Any]] = {}
        for attestation in attestations:
            publisher, document = self._verified(attestation, filename, trusted)
            key = json.dumps(publisher, sort_keys=True)
            bundle = bundles.setdefault(key, {"publisher": publisher, "attestations": []})
            bundle["attestations"].append(document)
        return json.dumps({"version": 1, "attestation_bundles": list(bundles.values())})

    def _verified(
        self, attestation: Attestation, filename: str, trusted: Sequence[Publisher]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return who has made an attestation, and itself, as provenance has them; raises Refused."""
        from sigstore.errors import Error
        from sigstore.models import Bundle

        identity, verifier = _OneOf(trusted), self.load()
        try:
            bundle = Bundle.from_json(attestation.bundle())
            with self._guard:
                kind, payload = verifier.verify_dsse(bundle, identity)
            (entry,) = json.loads(bundle.to_json())["verificationMaterial"]["tlogEntries"]
        except Exception as error:  # whatever a stranger's bytes do to the library: they are not verified
            if not isinstance(error, Error | ValueError):
                _LOG.warning("attestations of %s: %s: %s", filename, type(error).__name__, error)
            raise refused(filename, f"one could not be verified: {_first_line(error)}") from error
        is_same = kind == "application/vnd.in-toto+json" and payload == attestation.statement
        if not is_same or identity.found is None:
            raise refused(filename, "one could not be verified: it says something else than it seems to")
        publisher, claims = identity.found
        return publisher.document(claims), attestation.document(entry)


class _OneOf:
    """Accepts the certificates of trusted publishers, and notes whose it was (a policy of Sigstore)."""

    def __init__(self, publishers: Sequence[Publisher]) -> None:
        self._publishers = publishers
        self.found: tuple[Publisher, Mapping[str, str]] | None = None

    def verify(self, cert: "Certificate") -> None:
        """Raise VerificationError unless one of them has this certificate."""
        from sigstore.errors import VerificationError

        claims = _claims(cert)
        for publisher in self._publishers:
            if publisher.vouches(claims):
                self.found = publisher, claims
                return
        said = claims.get("config") or claims.get("email") or claims.get("repository") or "nobody known"
        raise VerificationError(f"its certificate is that of {said[:200]}, who may not attest here")


def _claims(certificate: "Certificate") -> Mapping[str, str]:
    """Read what a certificate says of its holder; what comes in another form than it should says nothing."""
    from cryptography.x509 import (
        ExtensionNotFound,
        RFC822Name,
        SubjectAlternativeName,
        UnrecognizedExtension,
    )

    claims = {}
    for extension in certificate.extensions:
        name, value = CLAIMS.get(extension.oid.dotted_string), extension.value
        if name is not None and isinstance(value, UnrecognizedExtension):
            text = _utf8(value.value)
            if text is not None:
                claims[name] = text
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return claims
    emails = names.get_values_for_type(RFC822Name)
    return {**claims, "email": emails[0]} if len(emails) == 1 else claims


def _utf8(der: bytes) -> str | None:
    """Read a DER-encoded text of less than 64 KiB; None if it is not exactly that."""
    if len(der) < 2 or der[0] != _UTF8:
        return None
    if der[1] < 0x80:
        size, start = der[1], 2
    elif der[1] == 0x81 and len(der) > 2 and der[2] >= 0x80:
        size, start = der[2], 3
    elif der[1] == 0x82 and len(der) > 3 and der[2]:
        size, start = int.from_bytes(der[2:4]), 4
    else:
        return None
    try:
        return der[start:].decode() if len(der) == start + size else None
    except UnicodeDecodeError:
        return None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__


def _opened(root: Path) -> "SigstoreVerifier":
    try:
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier as SigstoreVerifier
    except ImportError as error:
        raise UnusableStore(
            f"attestations cannot be verified without {error.name or error}, which is not installed",
            hint="`pip install 'rewheel[server-attestations]'` installs it; or leave `attestations-root` out",
        ) from error
    try:
        return SigstoreVerifier(trusted_root=TrustedRoot.from_file(str(root)))
    except Exception as error:
        raise UnusableStore(
            f"the roots of trust for attestations, {root}, cannot be used: {_first_line(error)}",
            hint="a `trusted_root.json` of Sigstore is expected, such as `gh attestation trusted-root` gives",
        ) from error
