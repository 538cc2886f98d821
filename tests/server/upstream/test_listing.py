"""What is believed of an upstream index's page."""

import json
from html import escape
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rewheel.indexes import InvalidPage
from rewheel.server.upstream import Listed, Listing
from rewheel.server.upstream.listing import read_listing

JSON = "application/vnd.pypi.simple.v1+json"
URL = "https://index.example/simple/foo/"


def listing(*files: dict[str, Any], url: str = URL, **more: Any) -> Listing:
    document = {"meta": {"api-version": "1.4"}, "name": "foo", "files": list(files), **more}
    return read_listing(json.dumps(document).encode(), JSON, url, "foo")


def entry(filename: str = "foo-1.0-py3-none-any.whl", **more: Any) -> dict[str, Any]:
    return {"filename": filename, "url": f"https://files.example/{filename}", "hashes": {}, **more}


def test_a_file_keeps_what_installers_need() -> None:
    found = listing(
        entry(
            hashes={"sha256": "A" * 64},
            size=5,
            yanked="bad",
            **{
                "requires-python": ">=3.11",
                "core-metadata": {"sha256": "b" * 64},
                "upload-time": "2026-01-01",
            },
        ),
        **{"project-status": {"status": "archived", "reason": "moved"}},
    )
    assert found == Listing(
        (
            Listed(
                "foo-1.0-py3-none-any.whl",
                "https://files.example/foo-1.0-py3-none-any.whl",
                "a" * 64,
                5,
                ">=3.11",
                "bad",
                "2026-01-01",
                "b" * 64,
            ),
        ),
        ("1.0",),
        "archived",
        "moved",
    )


@pytest.mark.parametrize(
    "bad",
    [
        entry("bar-1.0-py3-none-any.whl"),
        entry(url="file:///etc/passwd"),
        entry(url="http://files.example/foo-1.0-py3-none-any.whl"),
        entry(url="gopher://files.example/"),
        entry("../foo-1.0-py3-none-any.whl"),
        entry("foo\x00-1.0-py3-none-any.whl"),
    ],
    ids=lambda bad: bad["filename"] + bad["url"],
)
def test_what_no_page_may_say_is_left_out(bad: dict[str, Any]) -> None:
    assert listing(bad, entry()).files == listing(entry()).files


@pytest.mark.parametrize("value", ["abc", "g" * 64, "a" * 63, "", "A" * 64 + "\n"])
def test_a_hash_that_is_none_is_not_believed(value: str) -> None:
    assert listing(entry(hashes={"sha256": value})).files[0].sha256 == ""


def test_metadata_may_be_offered_without_a_hash() -> None:
    assert listing(entry(**{"core-metadata": True})).files[0].metadata_sha256 == ""
    assert listing(entry()).files[0].metadata_sha256 is None


def test_versions_are_gathered_from_files_where_the_page_lists_none() -> None:
    files = [entry(f"foo-{version}-py3-none-any.whl") for version in ("1.10", "1.9", "what")]
    assert listing(*files, entry("foo-0.1.tar.gz"), entry("foo-1.9-variants.json")).versions == (
        "0.1",
        "1.9",
        "1.10",
    )


def test_a_page_of_html_says_the_same() -> None:
    html = b'<a href="foo-1.0.tar.gz#sha256=' + b"c" * 64 + b'" data-yanked="">foo-1.0.tar.gz</a>'
    (file,) = read_listing(html, "text/html", URL, "foo").files
    assert (file.url, file.sha256, file.yanked) == (f"{URL}foo-1.0.tar.gz", "c" * 64, "")


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(InvalidPage):
        read_listing(b"{}", JSON, URL, "foo")


texts = st.text(max_size=10)


@given(
    st.lists(
        st.builds(
            Listed,
            texts,
            texts,
            texts,
            st.none() | st.integers(0, 1 << 50),
            texts,
            st.none() | texts,
            texts,
            st.none() | texts,
        ),
        max_size=4,
    ),
    st.lists(texts, max_size=3),
)
def test_a_listing_survives_being_kept(files: list[Listed], versions: list[str]) -> None:
    kept = Listing(tuple(files), tuple(versions), "deprecated", "why")
    assert Listing.from_text(kept.to_text()) == kept


PROVENANCE = "https://pypi.example/integrity/foo/1.0/foo-1.0.tar.gz/provenance"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (PROVENANCE, PROVENANCE),
        ("http://pypi.example/provenance", ""),
        ("https://me:secret@pypi.example/provenance", ""),
        ("../provenance", ""),
        ("https://pypi.example/a b", ""),
        ("https://pypi.example/\n", ""),
        ("https://[x/", ""),
        ("https://pypi.example/" + "x" * 3000, ""),
        ("", ""),
    ],
)
def test_740_provenance_is_kept_where_it_is_complete_and_secure(url: str, kept: str) -> None:
    page = {
        "meta": {"api-version": "1.3"},
        "name": "foo",
        "files": [{"filename": "foo-1.0.tar.gz", "url": "foo-1.0.tar.gz", "hashes": {}, "provenance": url}],
    }
    html = f'<a href="/files/foo-1.0.tar.gz#x" data-provenance="{escape(url)}">foo-1.0.tar.gz</a>'
    for body, kind in ((json.dumps(page), JSON), (html, "text/html")):
        (file,) = read_listing(body.encode(), kind, "https://pypi.example/simple/foo/", "foo").files
        assert file.provenance == kept
        assert Listing.from_text(Listing((file,)).to_text()).files == (file,)
