"""Attestations of uploaded files (PEP 740): read strictly, verified, and served as provenance."""

from rewheel.server.attestations.documents import Attestation, read_attestations
from rewheel.server.attestations.publishers import Publisher
from rewheel.server.attestations.verifying import Verifier

__all__ = ["Attestation", "Publisher", "Verifier", "read_attestations"]
