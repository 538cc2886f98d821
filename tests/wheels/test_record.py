"""RECORD is parsed by form alone, written as it was read, and its rows judge content."""

import contextlib
import hashlib

import pytest
from hypothesis import given, strategies as st

from rewheel.wheels.errors import InvalidRecord
from rewheel.wheels.record import RecordEntry, digest_of, encode_digest, format_record, parse_record

PATHS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), min_size=1, max_size=20
)
ENTRIES = st.builds(
    RecordEntry,
    PATHS,
    st.just("sha256"),
    st.binary(min_size=32, max_size=32).map(encode_digest),
    st.integers(0, 10**12),
)


def test_a_record_as_wheels_have_it() -> None:
    rows = parse_record('a.py,sha256=abc_-=,12\n"b,c.py",sha512=xyz,0\r\nd/RECORD,,\n')
    assert rows == [
        RecordEntry("a.py", "sha256", "abc_-", 12),
        RecordEntry("b,c.py", "sha512", "xyz", 0),
        RecordEntry("d/RECORD"),
    ]


def test_installed_records_may_have_any_path_and_hash() -> None:
    rows = parse_record(b"../../bin/foo,md5=aa,1\n/abs/x,,\n\n__pycache__/a.pyc,,\n")
    assert [row.path for row in rows] == ["../../bin/foo", "/abs/x", "__pycache__/a.pyc"]
    assert not rows[0].is_strong


@given(
    st.lists(ENTRIES, max_size=5).filter(lambda rows: not any(row.path.startswith("\ufeff") for row in rows))
)
def test_what_is_written_reads_back(rows: list[RecordEntry]) -> None:
    assert parse_record(format_record(rows)) == rows


@given(
    st.lists(
        st.sampled_from(
            [
                "a.py",
                "ä b",
                ",",
                '"',
                '""',
                "\n",
                "\r",
                "\r\n",
                "sha256=",
                "SHA256=",
                "md5=",
                "=",
                "x_-",
                "7",
                "\0",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_usual_rows_are_read_as_any_others(text: str) -> None:
    """A row in quotes makes all be read by the csv module."""
    quoted = '"q",,\n'
    outcomes: list[object] = []
    for document in (f"q,,\n{text}", f"{quoted}{text}"):
        try:
            outcomes.append(parse_record(document))
        except InvalidRecord as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.py\n", "line 1: 1 columns"),
        ("a.py,,\nb,,,\n", "line 2: 4 columns"),
        (",sha256=a,1\n", "path is missing"),
        ("a,sha256,1\n", "'sha256' is not a hash"),
        ("a,=x,1\n", "not a hash"),
        ("a,sha256=x,-1\n", "'-1' is not a size"),
        ("a,sha256=x,٣\n", "is not a size"),
        (f"a,sha256=x,{'9' * 30}\n", "is not a size"),
        (f"{'x' * 200_000},,\n", "field larger"),
        (b"\xff,,\n", "not UTF-8"),
    ],
)
def test_broken_records(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        parse_record(text, "foo.whl")


@given(st.one_of(st.text(max_size=50), st.binary(max_size=50)))
def test_noise_never_escapes_the_family(noise: str | bytes) -> None:
    with contextlib.suppress(InvalidRecord):
        parse_record(noise)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512", "blake2b"])
def test_a_row_judges_content(algorithm: str) -> None:
    content = b"content"
    entry = RecordEntry("a", algorithm, encode_digest(hashlib.new(algorithm, content).digest()), 7)
    hasher = entry.hasher()
    hasher.update(content)
    assert entry.is_strong
    assert entry.disagreement(hasher.digest(), 7) == ""
    assert "8 bytes instead of 7" in entry.disagreement(hasher.digest(), 8)
    assert "hash" in entry.disagreement(b"x", 7)


def test_a_row_for_content() -> None:
    assert RecordEntry.of("a", b"") == RecordEntry(
        "a", "sha256", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", 0
    )
    assert digest_of(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
