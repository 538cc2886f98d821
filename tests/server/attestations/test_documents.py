"""What comes as attestations is read strictly, whatever it is."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.server.attestations import read_attestations
from rewheel.server.attestations.publishers import read_publishers
from rewheel.server.errors import Refused

NAME, SHA256 = "foo-1.0-py3-none-any.whl", "0" * 64


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": SHA256}}],
        "predicateType": "https://docs.pypi.org/attestations/publish/v1",
        "predicate": None,
        **changes,
    }


def attestation(said: object = None, **changes: Any) -> dict[str, Any]:
    text = said if isinstance(said, str) else json.dumps(statement() if said is None else said)
    return {
        "version": 1,
        "verification_material": {"certificate": encoded(b"c"), "transparency_entries": [{"logIndex": "1"}]},
        "envelope": {"statement": encoded(text.encode()), "signature": encoded(b"s")},
        **changes,
    }


def read(value: object) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_attestations(text, filename=NAME, sha256=SHA256)


def test_what_is_in_order() -> None:
    (found,) = read([attestation()])
    assert (found.certificate, found.signature, found.entry) == (b"c", b"s", {"logIndex": "1"})
    assert json.loads(found.statement) == statement()
    slsa = statement(predicateType="https://slsa.dev/provenance/v1", predicate={"builder": 1})
    assert len(read([attestation(), attestation(slsa)])) == 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[NaN]", "not JSON"),
        ('[{"version": 1, "version": 1}]', "not JSON"),
        (" " * (1 << 20) + "[]", "characters"),
        ([], "a list of one to 4"),
        ({}, "a list of one to 4"),
        ([attestation()] * 5, "a list of one to 4"),
        ([1], "an object with"),
        ([attestation(version=2)], "only version 1"),
        ([attestation(version=True)], "only version 1"),
        ([attestation(version="1")], "only version 1"),
        ([attestation(envelope=None)], "its envelope has to be an object"),
        ([attestation(envelope={"statement": "e30="})], "its envelope has to be an object"),
        ([attestation(verification_material={"certificate": "eA=="})], "its material has to be"),
        (
            [attestation(verification_material={"certificate": "eA==", "transparency_entries": []})],
            "one transparency log entry",
        ),
        (
            [attestation(verification_material={"certificate": "eA==", "transparency_entries": [{}, {}]})],
            "one transparency log entry",
        ),
        (
            [attestation(verification_material={"certificate": "e A==", "transparency_entries": [{}]})],
            "base64",
        ),
        ([attestation(verification_material={"certificate": 7, "transparency_entries": [{}]})], "base64"),
        ([attestation(verification_material={"certificate": "", "transparency_entries": [{}]})], "base64"),
        ([attestation("no JSON")], "a statement is not JSON"),
        ([attestation('{"_type": 1, "_type": 2}')], "a statement is not JSON"),
        ([attestation([])], "a statement has to be an object"),
        ([attestation(statement(_type="https://in-toto.io/Statement/v0.1"))], "in-toto's version 1"),
        ([attestation(statement(predicateType="https://other.example/"))], "of a kind"),
        ([attestation(statement(predicateType=[]))], "of a kind"),
        ([attestation(statement(predicate=[]))], "the predicate"),
        ([attestation(statement(subject=[]))], "one subject"),
        ([attestation(statement(subject=statement()["subject"] * 2))], "one subject"),
        ([attestation(statement(subject=[{"name": NAME, "digest": {"sha256": "1" * 64}}]))], "other content"),
        ([attestation(statement(subject=[{"name": NAME, "digest": {"sha512": SHA256}}]))], "a digest has"),
        ([attestation(statement(subject=[{"name": 7, "digest": {"sha256": SHA256}}]))], "another name"),
        ([attestation(statement(subject=[{"name": "../x", "digest": {"sha256": SHA256}}]))], "another name"),
    ],
)
def test_what_is_not_in_order_is_refused_in_words(value: object, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        read(value)
    assert caught.value.status == 400
    assert reason in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


STATEMENTS = st.builds(lambda key, part: statement(**{key: part}), st.sampled_from(sorted(statement())), JSON)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_part_may_be_anything(data: st.DataObject) -> None:
    value: Any = [attestation(data.draw(st.none() | STATEMENTS))]
    place = data.draw(st.sampled_from(["version", "verification_material", "envelope", "whole", "none"]))
    if place == "whole":
        value = data.draw(JSON)
    elif place != "none":
        value[0][place] = data.draw(JSON)
    try:
        assert read(value)
    except Refused as refused:
        assert refused.status == 400


@pytest.mark.parametrize(
    "value",
    [
        "acme/foo",
        [1],
        [{}],
        [{"kind": "GitHub"}],
        [{"kind": "Other", "projects": ["foo"], "repository": "a/b", "workflow": "c"}],
        [{"kind": "GitHub", "projects": [], "repository": "a/b", "workflow": "c"}],
        [{"kind": "GitHub", "projects": ["foo"], "repository": "b", "workflow": "c"}],
        [{"kind": "GitHub", "projects": ["foo"], "repository": "a/b", "workflow": ""}],
        [{"kind": "GitHub", "projects": ["foo"], "repository": "a/b", "workflow": "c", "x": 1}],
        [{"kind": "Google", "projects": ["foo"], "email": 7}],
        [{"kind": "Google", "projects": ["a b"], "email": "a@b"}],
    ],
)
def test_publishers_that_make_no_sense(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_publishers(value)
