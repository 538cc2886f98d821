"""The links of an HTML page, found in one pass whose time grows with the page and no faster.

The standard library's parser is held up for minutes by a hundred kilobytes of unclosed quotes, and a page
is a stranger's text. A page of links needs only anchors, `<base>` and `<meta>`, so only these are told from
the rest; where markup is broken, this follows the HTML standard.
"""

import re
from collections.abc import Mapping
from html import unescape

from rewheel.values import field, mutable

__all__ = ["Anchor", "Links", "read_links"]

_SPACE = r" \t\n\r\f"
_TAG = re.compile(rf"<(/?)([A-Za-z][^{_SPACE}/>]*+)")
_ATTRIBUTE = re.compile(rf"[{_SPACE}/]*+([^{_SPACE}/>][^{_SPACE}/>=]*+)(?:[{_SPACE}]*+(=)[{_SPACE}]*+)?")
_UNQUOTED = re.compile(rf"[^{_SPACE}>]*+")
_TAG_END = re.compile(rf"[{_SPACE}/]*+>")
_RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
"""Elements whose content is text, whatever it looks like."""
_LOCATIONS = frozenset({"pypi:tracks", "pypi:alternate-locations"})


@mutable
class Anchor:
    """One `<a>`: its attributes, names in lower case, and the text inside."""

    attributes: Mapping[str, str]
    text: str = ""


@mutable
class Links:
    """What a page of links says."""

    base: str = ""
    """Where relative links start from, if the page says so."""
    meta: dict[str, str] = field(default_factory=dict)
    """Content by name of the `<meta>` elements; of several with one name the first."""
    locations: dict[str, list[str]] = field(default_factory=dict)
    """All contents of the `<meta>` elements that name other places of a project (PEP 708), by name."""
    anchors: list[Anchor] = field(default_factory=list)


def read_links(text: str) -> Links:
    """Read a page. Any text is a page, if only one without links."""
    return _Scanner(text).scan()


class _Scanner:
    """Walks over the text once; `_position` never goes back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._links = Links()
        self._open: Anchor | None = None
        self._texts: list[str] = []

    def scan(self) -> Links:
        text = self._text
        while True:
            start = text.find("<", self._position)
            if start < 0:
                self._say(text[self._position :])
                self._close()
                return self._links
            self._say(text[self._position : start])
            if tag := _TAG.match(text, start):
                self._position = tag.end()
                self._tag(tag[2].lower(), closing=bool(tag[1]))
            elif text.startswith("<!--", start):
                self._skip_to("-->", start + 4)
            elif text.startswith(("<!", "<?", "</"), start):
                self._skip_to(">", start + 2)
            else:
                self._say("<")
                self._position = start + 1

    def _say(self, text: str) -> None:
        if self._open is not None and text:
            self._texts.append(unescape(text) if "&" in text else text)

    def _close(self) -> None:
        if self._open is not None:
            self._open.text = "".join(self._texts)
            self._open = None
            self._texts.clear()

    def _skip_to(self, end: str, start: int) -> None:
        found = self._text.find(end, start)
        self._position = found + len(end) if found >= 0 else len(self._text)

    def _tag(self, name: str, *, closing: bool) -> None:
        attributes = self._attributes()
        if name == "a":
            self._close()
            if not closing:
                self._open = Anchor(attributes)
                self._links.anchors.append(self._open)
        elif closing:
            return
        elif name == "base":
            self._links.base = self._links.base or attributes.get("href", "")
        elif name == "meta":
            self._meta(attributes.get("name", "").lower(), attributes.get("content", ""))
        elif name in _RAW:
            end = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(self._text, self._position)
            self._position = end.start() if end else len(self._text)

    def _meta(self, name: str, content: str) -> None:
        self._links.meta.setdefault(name, content)
        if name in _LOCATIONS:
            self._links.locations.setdefault(name, []).append(content)

    def _attributes(self) -> dict[str, str]:
        """Read up to the end of the tag; of equal attributes the first counts, as browsers have it."""
        text = self._text
        attributes: dict[str, str] = {}
        while True:
            match = _ATTRIBUTE.match(text, self._position)
            if match is None:
                end = _TAG_END.match(text, self._position)
                self._position = end.end() if end else len(text)
                return attributes
            self._position = match.end()
            value = self._value() if match[2] else ""
            name = match[1].lower()
            if name not in attributes:
                attributes[name] = unescape(value) if "&" in value else value

    def _value(self) -> str:
        text, start = self._text, self._position
        quote = text[start : start + 1]
        if quote in {'"', "'"}:
            end = text.find(quote, start + 1)
            if end < 0:  # the quote, and with it the tag, never ends
                end = len(text)
            self._position = end + 1
            return text[start + 1 : end]
        match = _UNQUOTED.match(text, start)
        self._position = match.end() if match else start
        return match[0] if match else ""
