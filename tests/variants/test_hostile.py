"""Documents that mean harm, or are simply broken."""

import json

import pytest
from hypothesis import given, strategies as st

from rewheel.variants import InvalidMetadata, VariantsError, check_metadata, read_metadata

DOCUMENT = json.dumps(
    {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["gpu"]},
        "variants": {"fast": {"gpu": {"arch": ["x1"]}}},
    }
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-json"),
        (b"   ", "not-json"),
        (b"{", "not-json"),
        (b'{"a": 1,}', "not-json"),
        (b"{'a': 1}", "not-json"),
        (b"// comment\n{}", "not-json"),
        (b"<html></html>", "not-json"),
        (DOCUMENT.encode() + b"garbage", "not-json"),
        (b"\xff\xfe{}", "not-utf8"),
        ("{}".encode("utf-16"), "not-utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not-utf8"),
        ("{}".encode("utf-32"), "not-utf8"),
        (b'{"a": NaN}', "not-json"),
        (b'{"a": -Infinity}', "not-json"),
        (b'{"a": 1e999}', "number-too-large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number-too-large"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"null", "not-an-object"),
        (b"3", "not-an-object"),
        (b"true", "not-an-object"),
        (b"[" * 200_000, "too-deep"),
        (b'{"a":' * 200_000, "too-deep"),
        (b'{"a": 1, "a": 2}', "duplicate-key"),
        (b'{"x": {"\\u0061": 1, "a": 2}}', "duplicate-key"),
        (b" " * (16 * 1024 * 1024 + 1), "too-large"),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_what_is_not_strict_json_is_refused(data: bytes, code: str) -> None:
    found = check_metadata(data)
    assert [finding.code for finding in found if finding.fatal] == [code]
    with pytest.raises(InvalidMetadata):
        read_metadata(data)


def test_the_size_limit_can_be_set() -> None:
    assert read_metadata(DOCUMENT, limit=len(DOCUMENT)).labels == ("fast",)
    assert check_metadata(DOCUMENT, limit=len(DOCUMENT) - 1)[0].code == "too-large"


def test_a_byte_order_mark_is_tolerated() -> None:
    data = b"\xef\xbb\xbf" + DOCUMENT.encode()
    assert [finding.code for finding in check_metadata(data)] == ["byte-order-mark"]
    assert read_metadata(data) == read_metadata(DOCUMENT)


def test_lone_surrogates_and_control_characters_never_reach_a_message() -> None:
    data = (
        '{"$schema": "\\ud800", "\\udfff\\u0007": {}, "variants": {"\\ud800\\n\\u001b[31m": {"\\ud801": {}}}}'
    )
    found = check_metadata(data)
    later = check_metadata(data.replace('"\\ud800",', '"v0.1.1.json",'))
    assert len(later) > len(found)
    for finding in [*found, *later]:
        assert str(finding).isprintable()
        str(finding).encode()


def test_thousands_of_problems_are_not_all_listed() -> None:
    variants = {f"L{number}": {} for number in range(5000)}
    found = check_metadata(DOCUMENT.replace('{"fast": {"gpu": {"arch": ["x1"]}}}', json.dumps(variants)))
    assert len(found) <= 501
    assert found[-1].code == "too-many-findings"
    assert any(finding.fatal for finding in found)


def test_a_fatal_problem_is_found_behind_many_harmless_ones() -> None:
    variants = {f"a{number}": {} for number in range(5000)} | {"B": {}}
    document = DOCUMENT.replace('{"fast": {"gpu": {"arch": ["x1"]}}}', json.dumps(variants))
    with pytest.raises(InvalidMetadata):
        read_metadata(document)


def test_long_names_are_clipped_in_messages() -> None:
    document = DOCUMENT.replace('"fast"', '"' + "F" * 100_000 + '"')
    assert all(len(str(finding)) < 500 for finding in check_metadata(document))


def test_mappings_with_strange_keys_are_refused() -> None:
    assert check_metadata({1: 2})[0].code == "not-an-object"  # type: ignore[dict-item]
    document = json.loads(DOCUMENT)
    document["variants"][None] = {}
    with pytest.raises(InvalidMetadata):
        read_metadata(document)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_calmly(data: bytes) -> None:
    assert check_metadata(data)
    with pytest.raises(VariantsError):
        read_metadata(data)


@given(st.integers(0, len(DOCUMENT) - 1), st.binary(max_size=3))
def test_a_corrupted_document_never_crashes_the_reader(place: int, junk: bytes) -> None:
    data = DOCUMENT.encode()
    corrupted = data[:place] + junk + data[place + 1 :]
    is_fatal = any(finding.fatal for finding in check_metadata(corrupted))
    try:
        read_metadata(corrupted)
    except VariantsError:
        assert is_fatal
    else:
        assert not is_fatal
