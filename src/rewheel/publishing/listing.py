"""What a page says of the index files that it lists, word for word: clients have to ignore most of it."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser

from rewheel.indexes import Client, IndexesError, ProjectPage
from rewheel.indexes.pages import ACCEPT, PAGE_LIMIT

__all__ = ["forbidden_attributes"]

_SUFFIX = "-variants.json"
_FORBIDDEN = ("requires-python", "yanked", "core-metadata", "dist-info-metadata", "gpg-sig", "provenance")


def forbidden_attributes(page: ProjectPage, client: Client) -> dict[str, list[str]]:
    """Return by file name what a page says of index files and must not (PEP 825), as far as known."""
    if not page.url.startswith(("http:", "https:")):
        return {}
    try:
        document = client.document(page.url, accept=ACCEPT, limit=PAGE_LIMIT)
        text = document.body.decode("utf-8")
    except (IndexesError, UnicodeDecodeError):
        return {}
    entries = _of_json(text) if "json" in document.content_type else _of_html(text)
    return {name: said for name, said in entries if said}


def _of_json(text: str) -> Iterator[tuple[str, list[str]]]:
    try:
        files = json.loads(text)["files"]
        for entry in files:
            name = entry["filename"]
            if name.endswith(_SUFFIX):
                yield name, [key for key in _FORBIDDEN if entry.get(key)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return


def _of_html(text: str) -> Iterator[tuple[str, list[str]]]:
    links = _Links()
    links.feed(text)
    for address, attributes in links.found:
        name = address.partition("#")[0].rpartition("/")[2]
        if name.endswith(_SUFFIX):
            yield name, [key for key in _FORBIDDEN if f"data-{key}" in attributes]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append((dict(attrs).get("href") or "", {name for name, _ in attrs}))
