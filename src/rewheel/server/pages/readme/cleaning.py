"""What is left of HTML that strangers wrote: text and its structure, links to the web, and nothing else."""

import html
import re
from html.parser import HTMLParser

__all__ = ["clean"]

_PREFIX = "readme-"
"""Names of places in a description get this prefix, so that they never are those of our own page."""

_INLINE = {
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "br",
    "cite",
    "code",
    "del",
    "dfn",
    "em",
    "i",
    "ins",
    "kbd",
    "mark",
}
_INLINE |= {
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "tt",
    "u",
    "var",
    "wbr",
}
_BLOCKS = {
    "blockquote",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
}
_BLOCKS |= {"h6", "hr", "li", "ol", "p", "pre", "section", "summary", "ul"}
_TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_TAGS = _INLINE | _BLOCKS | _TABLES

_ATTRIBUTES = {
    "*": {"id", "lang", "dir", "title"},
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"alt", "src"},
    "ol": {"start", "type", "reversed"},
    "pre": {"class"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
}
_SCHEMES = {"http", "https", "mailto"}
_WEB = re.compile(r"(?:https?://|mailto:)[^\s]+\Z", re.IGNORECASE)
_SPAN = re.compile(r"[0-9]{1,3}\Z")
_HEADING = re.compile(r"h([1-6])\Z")


def clean(markup: str) -> str:
    """Reduce HTML to what a description may have.

    Scripts, styles, forms, frames and everything that is loaded from elsewhere are gone; images become links
    to them, because a page that loads them tells strangers who reads it. Headings come below those of our
    page. Relative links lead nowhere on an index, so they become text.
    """
    return _sanitize(_soften(_sanitize(markup, _TAGS | {"img"})), _TAGS)


def _sanitize(markup: str, tags: set[str]) -> str:
    import nh3

    return nh3.clean(
        markup,
        tags=tags,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        clean_content_tags={
            "script",
            "style",
            "title",
            "template",
            "iframe",
            "object",
            "noscript",
            "svg",
            "math",
        },
        link_rel="nofollow noopener noreferrer",
        set_tag_attribute_values={"pre": {"tabindex": "0"}},  # the keyboard can scroll what is wide
        url_schemes=_SCHEMES,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    match name:
        case "href" if value.startswith("#"):
            return value if value.startswith(f"#{_PREFIX}") else f"#{_PREFIX}{value[1:]}"
        case "href" | "src":
            return value if _WEB.match(value) else None
        case "id":
            return value if value.startswith(_PREFIX) else f"{_PREFIX}{value}"
        case "class":
            return value if tag == "pre" and value == "plain" else None
        case "colspan" | "rowspan" | "span" | "start":
            return value if _SPAN.match(value) else None
        case "align":
            return value if value in {"left", "right", "center"} else None
        case _:
            return value[:1000]


class _Softener(HTMLParser):
    """Writes clean HTML once more, with images as links and headings two levels lower."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._in_link = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self._image(dict(attrs))
            return
        self._in_link += tag == "a"
        written = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs)
        self.parts.append(f"<{_lowered(tag)}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = max(0, self._in_link - 1)
        self.parts.append(f"</{_lowered(tag)}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(html.escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")

    def _image(self, attributes: dict[str, str | None]) -> None:
        source = attributes.get("src") or ""
        words = html.escape((attributes.get("alt") or "").strip() or ("image" if source else ""))
        if source and not self._in_link:
            self.parts.append(f'<a href="{html.escape(source)}">{words}</a>')
        else:
            self.parts.append(words)


def _lowered(tag: str) -> str:
    found = _HEADING.match(tag)
    return f"h{min(6, int(found[1]) + 2)}" if found else tag


def _soften(markup: str) -> str:
    softener = _Softener()
    softener.feed(markup)
    softener.close()
    return "".join(softener.parts)
