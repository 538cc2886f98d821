"""Project pages: both forms mean the same, and nothing that a page says can do harm."""

import html
import json
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.indexes import DirectorySource, File, InvalidPage, ProjectPage
from rewheel.indexes.links import read_links
from rewheel.indexes.pages import link_files, parse_page

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
URL = "https://index.example/simple/foo/"
SHA = "a" * 64
SOURCE = DirectorySource(Path("somewhere"))


def json_page(*files: Any, url: str = URL, **document: Any) -> ProjectPage:
    content = {"meta": {"api-version": "1.1"}, "name": "foo", "files": list(files), **document}
    return parse_page(json.dumps(content).encode(), JSON, url, "foo", SOURCE)


def html_page(text: str, url: str = URL, content_type: str = "text/html") -> ProjectPage:
    return parse_page(text.encode(), content_type, url, "foo", SOURCE)


def entry(**attributes: Any) -> dict[str, Any]:
    return {
        "filename": "foo-1.0-py3-none-any.whl",
        "url": "foo-1.0-py3-none-any.whl",
        "hashes": {},
        **attributes,
    }


def facts(file: File) -> tuple[Any, ...]:
    return (
        file.filename,
        file.url,
        dict(file.hashes),
        file.requires_python,
        file.yanked,
        file.core_metadata,
        file.source,
    )


def test_both_forms_mean_the_same() -> None:
    filename = "foo-1.0+cpu-py3-none-any-x86_64_v3.whl"
    from_json = json_page(
        {
            "filename": filename,
            "url": "../../files/foo-1.0%2Bcpu-py3-none-any-x86_64_v3.whl",
            "hashes": {"sha256": SHA},
            "requires-python": ">=3.9,<4",
            "yanked": "it was <bad>",
            "core-metadata": {"sha256": "b" * 64},
            "size": 12,
            "upload-time": "2026-01-01T00:00:00Z",
        },
        versions=["1.0+cpu"],
        **{"project-status": {"status": "archived", "reason": "done"}},
    )
    from_html = html_page(
        '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1">'
        '<meta name="pypi:project-status" content="archived">'
        '<meta name="pypi:project-status-reason" content="done"></head><body>'
        f'<a href="../../files/foo-1.0%2Bcpu-py3-none-any-x86_64_v3.whl#sha256={SHA}"'
        ' data-requires-python="&gt;=3.9,&lt;4" data-yanked="it was &lt;bad&gt;"'
        f' data-core-metadata="sha256={"b" * 64}">{filename}</a></body></html>'
    )
    assert [facts(file) for file in from_json.files] == [facts(file) for file in from_html.files]
    file = from_json.files[0]
    assert file.filename == filename
    assert file.url == "https://index.example/files/foo-1.0%2Bcpu-py3-none-any-x86_64_v3.whl"
    assert (file.size, file.upload_time) == (12, "2026-01-01T00:00:00Z")
    assert (from_json.status, from_json.status_reason) == (from_html.status, from_html.status_reason)
    assert from_json.status == "archived"
    assert from_json.versions == ("1.0+cpu",)
    assert from_json.project == "foo"


def test_missing_attributes() -> None:
    (file,) = json_page(entry()).files
    assert (file.requires_python, file.yanked, file.size, file.core_metadata) == ("", None, None, False)
    (file,) = html_page('<a href="foo-1.0-py3-none-any.whl">foo-1.0-py3-none-any.whl</a>').files
    assert (file.requires_python, file.yanked, file.size, file.core_metadata) == ("", None, None, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, ""), (False, None), ("", ""), ("why", "why"), (None, None), ([1], ""), (1, "")],
)
def test_withdrawn_files(value: object, expected: str | None) -> None:
    assert json_page(entry(yanked=value)).files[0].yanked == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [("data-yanked", ""), ('data-yanked=""', ""), ("data-yanked=why", "why"), ("", None)],
)
def test_withdrawn_files_in_html(attributes: str, expected: str | None) -> None:
    assert html_page(f"<a href=foo-1.0.zip {attributes}>foo-1.0.zip</a>").files[0].yanked == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"core-metadata": True}, True),
        ({"core-metadata": {"sha256": SHA}}, {"sha256": SHA}),
        ({"core-metadata": {}}, True),
        ({"core-metadata": False, "dist-info-metadata": True}, False),
        ({"dist-info-metadata": {"sha256": SHA}}, {"sha256": SHA}),
        ({"core-metadata": "yes"}, False),
        ({"core-metadata": {"sha256": 7}}, True),
    ],
)
def test_metadata_beside_the_file(attributes: dict[str, Any], expected: object) -> None:
    assert json_page(entry(**attributes)).files[0].core_metadata == expected


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("data-core-metadata=true", True),
        (f"data-dist-info-metadata='sha256={SHA}'", {"sha256": SHA}),
        ("data-core-metadata=false data-dist-info-metadata=true", False),
        ("", False),
    ],
)
def test_metadata_beside_the_file_in_html(attribute: str, expected: object) -> None:
    assert html_page(f"<a href=foo-1.0.zip {attribute}>foo-1.0.zip</a>").files[0].core_metadata == expected


def test_index_files_have_no_attributes() -> None:
    attributes = {
        "requires-python": ">=4",
        "yanked": True,
        "core-metadata": True,
        "upload-time": "x",
        "size": 3,
    }
    page = json_page(
        entry(filename="foo-1.0-variants.json", url="foo-1.0-variants.json", **attributes),
        entry(filename="foo-1.0-something.json"),
        entry(filename="variants.json"),
        entry(filename="foo-1.0-1-variants.json"),
        entry(filename="-1.0-variants.json"),
    )
    from_html = html_page(
        '<a href="get?id=7" data-requires-python="&gt;=4" data-yanked data-core-metadata=true>'
        "foo-1.0-variants.json</a>"
        '<a href="other.json">other.json</a>'
    )
    for file in (*page.files, *from_html.files):
        assert file.filename == "foo-1.0-variants.json"
        assert (file.requires_python, file.yanked, file.size, file.upload_time) == ("", None, None, "")
        assert file.core_metadata is False
    assert len(page.files) == len(from_html.files) == 1


@pytest.mark.parametrize(
    ("link", "filename"),
    [
        (
            '<a href="/f/foo-1.0%2Bcpu-py3-none-any.whl">foo-1.0+cpu-py3-none-any.whl</a>',
            "foo-1.0+cpu-py3-none-any.whl",
        ),
        ('<a href="/f/foo-1.0%2Bcpu-py3-none-any.whl">download</a>', "foo-1.0+cpu-py3-none-any.whl"),
        ('<a href="foo-1.0-py3-none-any.whl"> foo-1.0-py3-no..&gt; </a>', "foo-1.0-py3-none-any.whl"),
        ('<a href="foo-1.0-py3-none-any.whl?sig=a/b.whl#sha256=x">get</a>', "foo-1.0-py3-none-any.whl"),
        ("<A HREF=foo-1.0.tar.gz><b>foo-1.0</b>.tar.gz</A>", "foo-1.0.tar.gz"),
        ("<a\n href\n =\n 'foo-1.0.zip'\n>\nfoo-1.0.zip\n</a\n>", "foo-1.0.zip"),
        ('<a href="api/123">foo-1.0%2Bcpu.tar.gz</a>', "foo-1.0+cpu.tar.gz"),
        ('<a href="foo-1.0.zip">', "foo-1.0.zip"),
        ('<title><a href="x.zip">x.zip</a></title><a href="foo-1.0.zip">', "foo-1.0.zip"),
        ('<!-- <a href="x.zip">x.zip</a> --><a href="foo-1.0.zip">', "foo-1.0.zip"),
    ],
)
def test_names_of_links(link: str, filename: str) -> None:
    assert [file.filename for file in html_page(link).files] == [filename]


def test_links_start_from_the_base() -> None:
    page = html_page(
        '<base href="https://cdn.example/x/"><base href="/no/"><a href="foo-1.0.zip">foo-1.0.zip</a>'
    )
    assert page.files[0].url == "https://cdn.example/x/foo-1.0.zip"


def test_all_hashes_of_a_fragment() -> None:
    page = html_page(f'<a href="foo-1.0.zip#egg=foo&md5=AB&sha256={SHA}">foo-1.0.zip</a>')
    assert page.files[0].hashes == {"md5": "AB", "sha256": SHA}
    assert page.files[0].url.endswith("foo-1.0.zip")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)//foo-1.0-py3-none-any.whl",
        "data:text/plain,foo-1.0-py3-none-any.whl",
        "file:///etc/foo-1.0-py3-none-any.whl",
        "FILE:///etc/foo-1.0-py3-none-any.whl",
        "ftp://example.com/foo-1.0-py3-none-any.whl",
        "http://plain.example/foo-1.0-py3-none-any.whl",
        "http://[::1/foo-1.0-py3-none-any.whl",
        "\ud800/foo-1.0-py3-none-any.whl",
        "",
        None,
        7,
    ],
)
def test_links_that_are_not_followed(url: object) -> None:
    assert json_page(entry(url=url)).files == ()
    if isinstance(url, str) and "\ud800" not in url:
        assert html_page(f'<a href="{url}">foo-1.0-py3-none-any.whl</a>').files == ()


def test_links_that_are_followed() -> None:
    plain = "http://plain.example/foo-1.0-py3-none-any.whl"
    assert json_page(entry(url=plain, hashes={"sha256": SHA})).files[0].url == plain, (
        "a hash makes up for TLS"
    )
    assert json_page(entry(url=plain), url="http://index.example/foo/").files[0].url == plain
    assert json_page(entry(url="//cdn.example/a b.whl")).files[0].url == "https://cdn.example/a%20b.whl"
    local = json_page(entry(url="../f/foo-1.0.zip"), url="file:///simple/foo/").files[0]
    assert local.url == "file:///simple/f/foo-1.0.zip"


@pytest.mark.parametrize("base", ["file:///etc/", "http://plain.example/", "javascript:x", "http://[::1/"])
def test_a_base_leads_nowhere_else(base: str) -> None:
    with pytest.raises(InvalidPage, match="base"):
        html_page(f'<base href="{base}"><a href="foo-1.0.zip">foo-1.0.zip</a>')


@pytest.mark.parametrize(
    "filename", ["../foo.whl", "a\\b.whl", "..", "", "C:foo.whl", "a\nb.whl", "\ud800.whl", "ö", None, 3]
)
def test_names_that_are_no_file_names(filename: object) -> None:
    assert json_page(entry(filename=filename)).files == ()


def test_encoded_names_stay_in_their_folder() -> None:
    page = json_page(entry(filename="..%2F..%2Fetc%2Ffoo.whl", url="x.whl"))
    assert all("/" not in file.filename for file in page.files)
    page = html_page('<a href="x/..%2F..%2Fetc%2Ffoo.whl">get</a>')
    assert page.files == ()


def test_strange_attributes_are_missing_ones() -> None:
    page = json_page(
        entry(size=-1), entry(size=True), entry(size="7"), entry(hashes=[]), entry(hashes={"a": 1, "b": "x"}),
        entry(**{"requires-python": 3, "upload-time": {}}), "text", None, [], {}, {"filename": "foo.whl"},
    )  # fmt: skip
    assert [file.size for file in page.files] == [None] * 6
    assert [dict(file.hashes) for file in page.files] == [{}, {}, {}, {}, {"b": "x"}, {}]


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON, "only 1.x can be read"),
        (b'{"meta": {"api-version": "one"}, "files": []}', JSON, "no version"),
        (b'{"meta": {"api-version": 1.0}, "files": []}', JSON, "no version"),
        (b'{"meta": {"api-version": "99999999999999999999.0"}, "files": []}', JSON, "only 1.x"),
        (b'{"meta": {"api-version": "1.0"}}', JSON, "no list"),
        (b'{"files": {}}', JSON, "no list"),
        (b"[]", JSON, "no JSON object"),
        (b"{", JSON, "no JSON document"),
        (b"\xff\xfe", JSON, "no JSON document"),
        (b"[" * 100_000, JSON, "no JSON document"),
        (b'{"files": [], "x": ' + b"9" * 10_000 + b"}", JSON, "no JSON document"),
        (b'<meta name="pypi:repository-version" content="2.0">', HTML, "only 1.x can be read"),
        (b'<meta name="pypi:repository-version" content="new">', HTML, "no version"),
        (b"{}", "application/vnd.pypi.simple.v2+json", "newer"),
        (b"\x7fELF", "application/octet-stream", "content type"),
        (b"", "", "content type"),
        (b"\0\0", "text/html", "no text"),
    ],
)
def test_pages_that_are_none(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(InvalidPage, match=message) as caught:
        parse_page(body, content_type, "https://me:secret@index.example/", "foo", SOURCE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b' {"files": []}', "application/octet-stream"),
        (b'\xef\xbb\xbf{"meta": null, "files": []}', ""),
        (b'{"meta": {"api-version": "1.99"}, "files": []}', "application/json; charset=utf-8"),
        (b"<html></html>", "application/octet-stream"),
        (b"no links here", "text/html; charset=nobody-knows"),
        (b"\xff", "text/html; charset=utf-16"),
        (b"", "text/html; charset=rot13"),
    ],
)
def test_forms_are_told_apart(body: bytes, content_type: str) -> None:
    assert parse_page(body, content_type, URL, "foo", SOURCE).files == ()


class Oracle(HTMLParser):
    """The standard library's idea of the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str]] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(({name: value or "" for name, value in reversed(attrs)}, ""))
            self.open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            attributes, text = self.found[-1]
            self.found[-1] = (attributes, text + data)


names = st.sampled_from(["href", "data-yanked", "Data-Requires-Python", "rel", "x"])
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
attribute = st.one_of(
    names.map(lambda name: f" {name}"),
    st.builds(
        lambda n, v, q, s: f"{s}{n}={q}{html.escape(v)}{q}",
        names,
        words,
        st.sampled_from("\"'"),
        st.sampled_from(" \n\t"),
    ),
)
anchors = st.builds(
    lambda tag, attributes, text, end: f"<{tag}{''.join(attributes)}>{html.escape(text)}{end}",
    st.sampled_from(["a", "A", "b", "abbr", "div"]),
    st.lists(attribute, max_size=4),
    words,
    st.sampled_from(["</a>", "</A >", "<br/>", "</a><br />\n", "<!-- x > -->", "</div></a>"]),
)


@given(st.lists(anchors, max_size=6).map("".join))
def test_sound_markup_means_what_it_means_to_the_standard_library(text: str) -> None:
    oracle = Oracle()
    oracle.feed(text)
    oracle.close()
    assert [(dict(a.attributes), a.text) for a in read_links(text).anchors] == oracle.found


pieces = st.sampled_from(
    [
        *"<>=/ &\n\0é\"'",
        *(
            "<a",
            "<a href=",
            "</a>",
            "<!--",
            "-->",
            "<![CDATA[",
            "<?",
            "</",
            "&amp;",
            "foo-1.0.zip",
            "#sha256=",
        ),
        *("<script>", "</script", "<title>", "<base href=", "<meta name=x content="),
    ]
)


@given(st.lists(pieces, max_size=30).map("".join))
def test_any_markup_is_read(text: str) -> None:
    with suppress(InvalidPage):
        link_files(text.encode(), "text/html", URL, SOURCE)


@pytest.mark.parametrize(
    "unit",
    ["<!--", "<", "<a", '<a x="', "<a x='\"", "<![CDATA[", "<?", "</a", "<script>", "<a =", "a ", "<a x = "],
)
def test_endless_markup_takes_no_longer_than_a_page_does(unit: str) -> None:
    # A quadratic reader would need hours for these few bytes; the suite's own time limit would tell.
    read_links(unit * (300_000 // len(unit)))
    read_links("<a>" + unit * (300_000 // len(unit)))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "filename",
        "url",
        "hashes",
        "requires-python",
        "yanked",
        "size",
        "core-metadata",
        "dist-info-metadata",
        "upload-time",
    ]
)
entries = st.dictionaries(keys, values | st.just("foo-1.0.zip") | st.just({"sha256": SHA}), max_size=9)
documents = st.dictionaries(
    st.sampled_from(["meta", "files", "versions", "project-status", "name"]),
    values | st.lists(entries | values, max_size=4) | st.just({"api-version": "1.0"}),
)


@settings(max_examples=200)
@given(documents, st.sampled_from([URL, "file:///simple/foo/", "http://127.0.0.1/"]))
def test_any_document_is_a_page_or_none(document: dict[str, Any], url: str) -> None:
    try:
        page = parse_page(json.dumps(document).encode(), JSON, url, "foo", SOURCE)
    except InvalidPage:
        return
    for file in page.files:
        assert isinstance(file.filename, str) and "/" not in file.filename
        assert file.url.startswith(("http://", "https://", "file:///"))
        assert all(
            isinstance(text, str) for text in (file.requires_python, file.upload_time, *file.hashes.values())
        )


@given(st.binary(max_size=200), st.sampled_from([JSON, HTML, "", "text/html; charset=utf-16"]))
def test_any_bytes_are_a_page_or_none(body: bytes, content_type: str) -> None:
    with suppress(InvalidPage):
        parse_page(body, content_type, URL, "foo", SOURCE)


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["foo-1.0", ".whl", "-variants.json", ".", " ", "/", "%2e", "ä", "\n", "C:"]),
                max_size=4,
            ).map("".join),
            st.lists(
                st.sampled_from(
                    ["https://", "http://", "a.example/", "x", " ", "#", "ä", "\x7f", "file:", "//"]
                ),
                max_size=4,
            ).map("".join),
        ),
        max_size=4,
    ),
    st.sampled_from([URL, "http://127.0.0.1/", "file:///simple/foo/"]),
)
def test_entries_mean_the_same_together_and_each_by_itself(entries: list[tuple[str, str]], url: str) -> None:
    """An entry that makes no sense, which is left out, makes all others be looked at one by one."""
    files = [entry(filename=filename, url=location) for filename, location in entries]
    together = json_page(*files, url=url)
    assert list(map(facts, together.files)) == list(map(facts, json_page(*files, 7, url=url).files))
