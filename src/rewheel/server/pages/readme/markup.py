"""From Markdown, reStructuredText or plain text to HTML, which nobody may trust yet."""

import html
from enum import StrEnum

__all__ = ["Form", "UnreadableMarkup", "form_of", "to_html"]


class Form(StrEnum):
    """The forms that a description may have (core metadata, Description-Content-Type)."""

    MARKDOWN = "text/markdown"
    RST = "text/x-rst"
    PLAIN = "text/plain"


class UnreadableMarkup(Exception):  # noqa: N818 - it says what is the case
    """The text is not what its form says; it is shown as it was written."""


def form_of(content_type: str) -> Form:
    """Read a Description-Content-Type; without one it is reStructuredText, an unknown one is plain text."""
    kind = content_type.partition(";")[0].strip().lower()
    if not kind:
        return Form.RST
    return next((form for form in Form if form.value == kind), Form.PLAIN)


def to_html(text: str, form: Form, content_type: str = "") -> str:
    """Convert a description; raises UnreadableMarkup if it does not follow the rules of its form."""
    match form:
        case Form.MARKDOWN:
            return _markdown(text, commonmark="variant=commonmark" in content_type.lower().replace(" ", ""))
        case Form.RST:
            return _rst(text)
        case _:
            return plain(text)


def plain(text: str) -> str:
    """Show a text as it was written."""
    return f'<pre class="plain">{html.escape(text)}</pre>'


def _markdown(text: str, *, commonmark: bool) -> str:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 20})
    if not commonmark:  # GFM is the default (core metadata, Description-Content-Type)
        parser.enable(["table", "strikethrough"])
    rendered: str = parser.render(text)
    return rendered


_RST_SETTINGS = {
    "_disable_config": True,  # no docutils.conf of whoever runs the server
    "file_insertion_enabled": False,  # no include, no csv-table from a file or a URL
    "raw_enabled": False,
    "cloak_email_addresses": True,
    "doctitle_xform": False,
    "embed_stylesheet": False,
    "halt_level": 3,
    "initial_header_level": "1",
    "input_encoding": "unicode",
    "line_length_limit": 10_000,
    "math_output": "LaTeX",
    "report_level": 5,
    "smart_quotes": False,
    "stylesheet_path": None,
    "syntax_highlight": "none",
    "traceback": True,  # let problems be raised instead of ending the process
    "warning_stream": False,
}


def _rst(text: str) -> str:
    from docutils.core import publish_parts
    from docutils.utils import SystemMessage

    try:
        parts = publish_parts(text, writer="html5", settings_overrides=dict(_RST_SETTINGS))
    except SystemMessage as error:
        raise UnreadableMarkup(str(error)) from error
    return f"{parts['body_pre_docinfo']}{parts['docinfo']}{parts['body']}"
