"""METADATA with other dependencies and default extras, and not one byte changed besides."""

import pytest
from hypothesis import given, strategies as st

from rewheel.metadata import CoreMetadata, InvalidCoreMetadata, edit_metadata

METADATA = b"""Metadata-Version: 2.1
Name: foo
Version: 1.0
Requires-Dist: Bar-Baz>=1; python_version < "4"
Requires-Dist: bar.baz[x]
Requires-Dist: other
Provides-Extra: Fast_Path
Classifier: folded
        line

Requires-Dist: bar_baz in the description
Default-Extra: none
"""


def test_nothing_asked_is_nothing_changed() -> None:
    assert edit_metadata(METADATA) == METADATA
    assert edit_metadata(b"") == b""


def test_dependencies_come_and_go() -> None:
    edited = edit_metadata(METADATA, add=["new>=2; extra == 'x'"], drop={"bar-baz"})
    assert CoreMetadata.parse(edited).requires == ("other", "new>=2; extra == 'x'")
    assert edited.endswith(METADATA.partition(b"\n\n")[2])
    assert edited.partition(b"\n\n")[2] == METADATA.partition(b"\n\n")[2]


def test_without_dependencies_new_ones_end_the_headers() -> None:
    assert edit_metadata(b"Name: foo\r\n\r\nBody", add=["x"]) == b"Name: foo\r\nRequires-Dist: x\r\n\r\nBody"
    assert edit_metadata(b"Name: foo", add=["x"]) == b"Name: foo\nRequires-Dist: x\n"


def test_default_extras_are_spelled_as_they_are_provided() -> None:
    edited = edit_metadata(METADATA, default_extras=["fast.path"])
    metadata = CoreMetadata.parse(edited)
    assert metadata.default_extras == ("Fast_Path",)
    assert metadata.metadata_version == "2.5"
    assert edit_metadata(edited, default_extras=["fast-path"]) == edited
    without = edit_metadata(edited, default_extras=[])
    assert CoreMetadata.parse(without).default_extras == ()


def test_a_newer_version_stays() -> None:
    newer = METADATA.replace(b"2.1", b"2.6")
    assert CoreMetadata.parse(edit_metadata(newer, default_extras=["fast-path"])).metadata_version == "2.6"


def test_a_default_extra_must_be_provided() -> None:
    with pytest.raises(InvalidCoreMetadata, match="slow is not among those that are provided: Fast_Path"):
        edit_metadata(METADATA, default_extras=["slow"])


@given(st.binary(max_size=300))
def test_any_bytes_are_kept_when_nothing_matches(data: bytes) -> None:
    assert edit_metadata(data) in {data, data + b"\n", data + b"\r", data + b"\r\n"}
    assert edit_metadata(edit_metadata(data), drop={"nothing-like-it"}) == edit_metadata(data)
