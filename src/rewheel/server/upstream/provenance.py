"""Where upstream indexes say that the attestations of their files are (PEP 740): passed on as they say it.

Installers do not read this, and so neither does their reader of pages.
"""

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

__all__ = ["read_provenance"]

_LONGEST = 2000


def read_provenance(body: bytes, content_type: str) -> Mapping[str, str]:
    """Return the provenance URLs of a project's page by file name: those that are complete, and secure."""
    if b"provenance" not in body:
        return {}
    found = _of_json(body) if "json" in content_type else _of_html(body)
    return {name: url for name, url in found.items() if _is_fit(url)}


def _of_json(body: bytes) -> dict[str, str]:
    try:
        listed = json.loads(body).get("files", [])
        files = [file for file in listed if isinstance(file, dict)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return {}
    return {
        file["filename"]: file["provenance"]
        for file in files
        if isinstance(file.get("filename"), str) and isinstance(file.get("provenance"), str)
    }


def _of_html(body: bytes) -> dict[str, str]:
    anchors = _Anchors()
    anchors.feed(body.decode("utf-8", "replace"))
    return anchors.found


class _Anchors(HTMLParser):
    """Collects `data-provenance` by the file name of the link."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("data-provenance"):
            path = (values.get("href") or "").partition("#")[0].partition("?")[0]
            self.found[unquote(path.rpartition("/")[2])] = values["data-provenance"] or ""


def _is_fit(url: str) -> bool:
    """Tell whether a URL can be shown to everybody: PEP 740 wants it complete and over https."""
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
