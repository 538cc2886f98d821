"""What clients of Upload 2.0 send is read, or refused with words; nothing else happens (PEP 694)."""

import json

import pytest
from hypothesis import given, strategies as st

from rewheel.server.errors import Refused
from rewheel.server.writing.upload2.documents import (
    CONTENT_TYPE,
    FileRequest,
    SessionRequest,
    extension,
    read_document,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200))
def test_any_body(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_document(CONTENT_TYPE, body)
    assert caught.value.status == 400


@given(
    st.dictionaries(st.sampled_from(["name", "version", "filename", "size", "hashes", "mechanism"]), ANYTHING)
)
def test_any_document(document: dict[str, object]) -> None:
    for read in (SessionRequest.read, FileRequest.read, extension):
        try:
            read(document)
        except Refused as refused:
            assert refused.status in {400, 422}
            assert refused.message


@given(st.binary(min_size=32, max_size=32), st.integers(1, 1 << 40))
def test_a_file_is_read_as_it_was_written(digest: bytes, size: int) -> None:
    document = {
        "meta": {"api-version": "2.0"},
        "filename": "foo-1.0.tar.gz",
        "size": size,
        "hashes": {"sha256": digest.hex().upper()},
        "mechanism": "http-post-bytes",
    }
    found = FileRequest.read(read_document(f"{CONTENT_TYPE}; charset=utf-8", json.dumps(document).encode()))
    assert (found.filename, found.size, found.hashes) == ("foo-1.0.tar.gz", size, {"sha256": digest.hex()})
