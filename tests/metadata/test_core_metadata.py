"""Core metadata reads like packaging reads it, only faster, and refuses in one sentence."""

import pytest
from hypothesis import given, strategies as st
from packaging.metadata import parse_email

from rewheel.metadata import CoreMetadata, InvalidCoreMetadata

FULL = """\
Metadata-Version: 2.4
Name: Foo.Bar
Version: 1.0rc1
Summary: äöü: with a colon
Requires-Python: >=3.9
License: first line
        second line
Requires-Dist: a>=1
requires-dist: b ; extra == "x"
Provides-Extra: x
Provides-Extra: Y_z
Default-Extra: x

Requires-Dist: not-this-one
Version: 7
"""


def test_the_fields_that_installing_needs() -> None:
    core = CoreMetadata.parse(FULL.encode())
    assert (core.name, core.version, core.metadata_version) == ("Foo.Bar", "1.0rc1", "2.4")
    assert core.requires_python == ">=3.9"
    assert core.requires == ("a>=1", 'b ; extra == "x"')
    assert core.extras == ("x", "Y_z")
    assert core.default_extras == ("x",)
    assert core.field("Summary") == "äöü: with a colon"
    assert core.field("license") == "first line\nsecond line"
    assert core.field("author") == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ending(end: str) -> None:
    core = CoreMetadata.parse(FULL.replace("\n", end).encode())
    assert core.version == "1.0rc1"
    assert len(core.requires) == 2


def test_metadata_without_a_body_and_with_a_byte_order_mark() -> None:
    assert CoreMetadata.parse(b"\xef\xbb\xbfName: a\nVersion: 1").name == "a"


def test_the_same_name_twice_is_no_contradiction() -> None:
    assert CoreMetadata.parse(b"Name: a\nName: a\nVersion: 1\n").name == "a"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no Name"),
        (b"\nName: a\nVersion: 1\n", "no Name"),
        (b"Name: a\n", "no Version"),
        (b"Name:\nVersion: 1\n", "no Name"),
        (b"Name: a\nName: b\nVersion: 1\n", "several different values for Name"),
        (b"Name: a\nVersion: 1\nVersion: 2\n", "several different values for Version"),
        (b"Name: a/../b\nVersion: 1\n", "not a project name"),
        (b"Name: a\nVersion: 1\x1b[2J\n", "not a version"),
        (b"Metadata-Version: 3.0\nName: a\nVersion: 1\n", "version 3.0, this tool knows version 2"),
        (b"Metadata-Version: new\nName: a\nVersion: 1\n", "not a metadata version"),
        (b"Metadata-Version: " + b"9" * 5000 + b".0\nName: a\n", "this tool knows version 2"),
        (b"Name: a\nVersion: 1\nSummary: \xff\n", "line 3 is not UTF-8"),
        (b"Name: a\nVersion: 1\nnot a header\nRequires-Python: >=3\n\xff", "line 5 is not UTF-8"),
        (b"x" * 2000, "2000 bytes, at most 1000"),
    ],
)
def test_what_cannot_be_used(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidCoreMetadata, match=reason):
        CoreMetadata.parse(data, limit=1000 if len(data) == 2000 else 1 << 20)


def test_a_description_may_be_anything() -> None:
    assert CoreMetadata.parse(b"Name: a\nVersion: 1\n\n\xff\xfe").version == "1"


def test_headers_end_where_email_readers_end_them() -> None:
    core = CoreMetadata.parse(b"Name: a\nVersion: 1\nLicense text without indentation\nRequires-Dist: b\n")
    assert core.requires == ()


WORD = st.from_regex(r"[a-zé><=.;0-9]([a-zé >=.;\"'0-9]{0,12}[a-zé\"0-9])?", fullmatch=True)
FIELD = st.sampled_from(["Requires-Dist", "Provides-Extra", "Classifier", "requires-DIST"])


@given(st.lists(st.tuples(FIELD, WORD), max_size=8), WORD, st.text(max_size=60))
def test_packaging_reads_the_same(fields: list[tuple[str, str]], summary: str, body: str) -> None:
    lines = ["Metadata-Version: 2.1", "Name: foo", f"Summary: {summary}", "Version: 1.0"]
    lines += [f"{name}: {value}" for name, value in fields]
    data = ("\n".join(lines) + f"\n\n{body}").encode("utf-8", "surrogatepass")
    core = CoreMetadata.parse(data)
    raw, _ = parse_email(data)
    assert list(core.requires) == raw.get("requires_dist", [])
    assert list(core.extras) == raw.get("provides_extra", [])
    assert list(core.headers.get("classifier", ())) == raw.get("classifiers", [])
    assert core.field("summary") == raw["summary"]
    assert (core.name, core.version) == (raw["name"], raw["version"])


@given(st.binary(max_size=200), st.booleans())
def test_noise_never_escapes_the_family(noise: bytes, named: bool) -> None:
    try:
        core = CoreMetadata.parse((b"Name: a\nVersion: 1\n" if named else b"") + noise)
    except InvalidCoreMetadata as error:
        assert "\n" not in str(error)
    else:
        assert core.name
        assert core.version
