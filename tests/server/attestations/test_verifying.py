"""Attestations are believed when everything about them is true, and else not at all (PEP 740)."""

import base64
import copy
import hashlib
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rewheel.server.attestations import Verifier
from rewheel.server.attestations.publishers import read_publishers
from rewheel.server.errors import Refused, UnusableStore
from support.sigstore import Identity, Sigstore

TRUSTED = [{"projects": ["foo"], "kind": "GitHub", "repository": "acme/foo", "workflow": "release.yml"}]
Verify = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    return Sigstore()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "foo-1.0-py3-none-any.whl"
    path.write_bytes(b"what was built")
    return path


@pytest.fixture(scope="module")
def verify(sigstore: Sigstore, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Verify:
    root = sigstore.trusted_root(tmp_path_factory.mktemp("root"))

    def verify(
        *attestations: dict[str, Any], publishers: object = TRUSTED, path: Path = file, project: str = "foo"
    ) -> dict[str, Any]:
        verifier = Verifier(root, read_publishers(publishers))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found = verifier.provenance(
            json.dumps(attestations), project=project, filename=path.name, sha256=digest
        )
        provenance: dict[str, Any] = json.loads(found)
        return provenance

    return verify


def refusal(verify: Verify, *attestations: dict[str, Any], **choices: Any) -> str:
    with pytest.raises(Refused) as caught:
        verify(*attestations, **choices)
    assert caught.value.status == 400
    return caught.value.message


def changed(attestation: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    copied = copy.deepcopy(attestation)
    change(copied)
    return copied


def entry_of(attestation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = attestation["verification_material"]["transparency_entries"][0]
    return found


def test_what_is_true_becomes_provenance_without_asking_anybody(
    verify: Verify, sigstore: Sigstore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object, **__: object) -> None:
        raise AssertionError("somebody was to be asked")

    monkeypatch.setattr(socket.socket, "connect", unexpected)
    monkeypatch.setattr(socket, "getaddrinfo", unexpected)
    publish = sigstore.attest(file)
    build = sigstore.attest(file, predicateType="https://slsa.dev/provenance/v1", predicate={"a": 1})
    found = verify(publish, build)
    assert found["version"] == 1
    (bundle,) = found["attestation_bundles"]
    assert bundle["publisher"] == {
        "kind": "GitHub", "claims": {"ref": "refs/tags/v1.0", "sha": "0" * 40}, "repository": "acme/foo",
        "workflow": "release.yml", "environment": None,
    }  # fmt: skip
    assert [each["envelope"] for each in bundle["attestations"]] == [publish["envelope"], build["envelope"]]
    assert verify(*bundle["attestations"]) == found  # what is served can be verified again


def test_nothing_is_served_that_was_not_verified(verify: Verify, sigstore: Sigstore, file: Path) -> None:
    sent = sigstore.attest(file)
    sent["note"] = sent["envelope"]["note"] = sent["verification_material"]["note"] = "unsigned"
    assert "unsigned" not in json.dumps(verify(sent))


def test_names_may_be_written_in_another_way(verify: Verify, sigstore: Sigstore, tmp_path: Path) -> None:
    digest = {"sha256": hashlib.sha256(b"x").hexdigest()}
    for name, other, is_same in (
        ("foo_bar-1.0-py3-none-any.whl", "Foo.Bar-1.0.0-py3-none-any.whl", True),
        ("foo-1.0-py2.py3-none-any.whl", "foo-1.0-py3.py2-none-any.whl", True),
        ("foo_bar-1.0.tar.gz", "foo-bar-1.0.tar.gz", True),
        ("foo-1.0-py3-none-any-cu13.whl", "foo-1.0-py3-none-any-cu13.whl", True),
        ("foo-1.0-py3-none-any-cu13.whl", "foo-1.0-py3-none-any-cu12.whl", False),
        ("foo-1.0-py3-none-any-cu13.whl", "foo-1.0-py3-none-any.whl", False),
        ("foo-1.0-1-py3-none-any.whl", "foo-1.0-2-py3-none-any.whl", False),
        ("foo-1.0.tar.gz", "foo-1.0.zip", False),
        ("foo-1.0.tar.gz", "foo-1.1.tar.gz", False),
        ("foo-1.0.tar.gz", "", False),
    ):
        path = tmp_path / name
        path.write_bytes(b"x")
        attestation = sigstore.attest(path, subject=[{"name": other, "digest": digest}])
        if is_same:
            assert verify(attestation, path=path)
        else:
            assert "of another name" in refusal(verify, attestation, path=path)


@pytest.mark.parametrize(
    "identity",
    [
        Identity(repository="acme/fork"),
        Identity(workflow="other.yml"),
        Identity(issuer="https://issuer.example"),
        Identity(home="https://github.example"),
        Identity(repository="acme/foo/.github/workflows/release.yml@x", workflow=""),
        Identity(email="release@acme.example"),
        Identity(ref=""),
    ],
)
def test_only_publishers_of_the_project_may_attest(
    verify: Verify, sigstore: Sigstore, file: Path, identity: Identity
) -> None:
    if not identity.ref:  # the digest alone does not fit what the workflow says of itself
        identity = replace(identity, folder="/elsewhere/")
    assert "may not attest here" in refusal(verify, sigstore.attest(file, identity))


def test_who_is_trusted_with_one_project_is_not_with_others(
    verify: Verify, sigstore: Sigstore, file: Path
) -> None:
    assert "nobody is known" in refusal(verify, sigstore.attest(file), project="bar")
    assert "nobody is known" in refusal(verify, sigstore.attest(file), publishers=[])
    assert verify(sigstore.attest(file), publishers=[{**TRUSTED[0], "projects": ["f*"]}])


def test_other_services(verify: Verify, sigstore: Sigstore, file: Path) -> None:
    place = {"repository": "acme/group/foo", "workflow": ".gitlab-ci.yml"}
    gitlab = {"projects": ["foo"], "kind": "GitLab", **place}
    google = {"projects": ["foo"], "kind": "Google", "email": "release@acme.example"}
    there = Identity(
        issuer="https://gitlab.com", home="https://gitlab.com", folder="//", **place
    )  # fmt: skip
    account = Identity(issuer="https://accounts.google.com", email="release@acme.example")
    found = verify(sigstore.attest(file, there), sigstore.attest(file, account), publishers=[gitlab, google])
    first, second = (bundle["publisher"] for bundle in found["attestation_bundles"])
    assert (first["kind"], first["workflow_filepath"]) == ("GitLab", ".gitlab-ci.yml")
    assert (second["kind"], second["email"]) == ("Google", "release@acme.example")
    stranger = replace(account, email="other@acme.example")
    assert "may not attest" in refusal(verify, sigstore.attest(file, stranger), publishers=[google])


def test_one_that_is_false_spoils_all(verify: Verify, sigstore: Sigstore, file: Path) -> None:
    good, bad = sigstore.attest(file), sigstore.attest(file, Identity(repository="acme/fork"))
    assert "may not attest" in refusal(verify, good, bad)


class TestForgeries:
    def test_everything_from_another_authority(self, verify: Verify, file: Path) -> None:
        assert "could not be verified" in refusal(verify, Sigstore().attest(file))

    @pytest.mark.parametrize("part", ["authority", "certificate_log", "signature_log"])
    def test_one_key_is_that_of_somebody_else(
        self, verify: Verify, sigstore: Sigstore, file: Path, part: str
    ) -> None:
        forger = replace(sigstore, **{part: getattr(Sigstore(), part)})
        assert "could not be verified" in refusal(verify, forger.attest(file))

    def test_a_certificate_that_had_run_out(self, verify: Verify, sigstore: Sigstore, file: Path) -> None:
        for moment in (timedelta(hours=1), -timedelta(hours=1)):
            attestation = sigstore.attest(file, signed_at=datetime.now(UTC) + moment)
            assert "could not be verified" in refusal(verify, attestation)

    def test_parts_of_two_that_are_good(self, verify: Verify, sigstore: Sigstore, file: Path) -> None:
        one, two = sigstore.attest(file), sigstore.attest(file, predicate={"a": 1})
        for place in (("envelope", "signature"), ("envelope", "statement"), ("verification_material",)):
            mixed = copy.deepcopy(one)
            inner, other = mixed, two
            for name in place[:-1]:
                inner, other = inner[name], other[name]
            inner[place[-1]] = other[place[-1]]
            assert "could not be verified" in refusal(verify, mixed)
        for name in ("certificate", "transparency_entries"):
            mixed = copy.deepcopy(one)
            mixed["verification_material"][name] = two["verification_material"][name]
            assert "could not be verified" in refusal(verify, mixed)

    @pytest.mark.parametrize(
        "change",
        [
            lambda entry: entry.pop("inclusionPromise"),
            lambda entry: entry.pop("inclusionProof"),
            lambda entry: entry.pop("integratedTime"),
            lambda entry: entry.update(integratedTime="1"),
            lambda entry: entry["inclusionProof"].update(checkpoint={"envelope": "x\n1\nx\n\n"}),
            lambda entry: entry["inclusionProof"].update(hashes=["AAAA"]),
            lambda entry: entry["inclusionProof"].update(treeSize="9"),
            lambda entry: entry.update(canonicalizedBody=base64.b64encode(b"{}").decode()),
            lambda entry: entry.update(kindVersion={"kind": "hashedrekord", "version": "0.0.1"}),
            lambda entry: entry.update(kindVersion=7),
            lambda entry: entry.update(logIndex="9" * 5000),
            lambda entry: entry.clear(),
        ],
    )
    def test_log_entries_that_are_not_in_order(
        self, verify: Verify, sigstore: Sigstore, file: Path, change: Callable[[dict[str, Any]], object]
    ) -> None:
        spoilt = changed(sigstore.attest(file), lambda each: change(entry_of(each)))
        assert "could not be verified" in refusal(verify, spoilt)

    @pytest.mark.parametrize("certificate", [b"x", b"0" * 5000, b"\x30\x80" * 2000])
    def test_certificates_that_are_none(
        self, verify: Verify, sigstore: Sigstore, file: Path, certificate: bytes
    ) -> None:
        encoded = base64.b64encode(certificate).decode()
        spoilt = changed(
            sigstore.attest(file), lambda each: each["verification_material"].update(certificate=encoded)
        )
        assert "could not be verified" in refusal(verify, spoilt)


def test_roots_that_cannot_be_used_are_said(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("{}")
    for name in ("empty.json", "none.json"):
        with pytest.raises(UnusableStore, match="the roots of trust for attestations"):
            Verifier(tmp_path / name, []).load()
