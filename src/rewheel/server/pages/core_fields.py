"""What the core metadata of a release says to people: fields of strangers, cut to size and checked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from rewheel.server.pages.project_page import Dependency, Extra, Link
from rewheel.variants import normalize_project

__all__ = [
    "author_of",
    "classifier_groups",
    "dependencies_of",
    "extras_of",
    "is_web_link",
    "keywords_of",
    "licence_of",
    "links_of",
    "name_of",
    "needed_names",
]

_MOST_DEPENDENCIES = 200

_MOST_LINKS = 30


def links_of(metadata: Mapping[str, Sequence[str]]) -> tuple[Link, ...]:
    """Return the links of the core metadata; what is no link to the web is left out."""
    found: dict[str, Link] = {}
    for entry in metadata.get("project-url", ()):
        words, comma, url = entry.partition(",")
        if comma:
            _add_link(found, words.strip(), url.strip())
    for url in metadata.get("home-page", ()):
        _add_link(found, "Homepage", url.strip())
    return tuple(found.values())[:_MOST_LINKS]


def _add_link(found: dict[str, Link], words: str, url: str) -> None:
    if is_web_link(url) and url not in found:
        found[url] = Link(words[:100] or url, url)


def is_web_link(url: str) -> bool:
    """Tell whether a URL leads to the web, whatever browsers make of it."""
    if len(url) > 2000 or not url.isprintable() or any(character in url for character in ' "<>\\'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def classifier_groups(classifiers: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Group trove classifiers by what they are about."""
    groups: dict[str, list[str]] = {}
    for classifier in classifiers:
        group, separator, rest = classifier.partition(" :: ")
        groups.setdefault(group if separator else "Other", []).append(rest or classifier)
    return tuple((group, tuple(dict.fromkeys(items))) for group, items in sorted(groups.items()))


def _one(fields: Mapping[str, Any], name: str) -> str:
    values = fields.get(name, ())
    return " ".join(values[0].split())[:300] if values else ""


def licence_of(fields: Mapping[str, Any]) -> str:
    """Return the licence in one line."""
    licence = _one(fields, "license-expression") or _one(fields, "license")
    # some projects put the whole text here
    return licence if len(licence) <= 120 else f"{licence[:117]}…"


def keywords_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keywords."""
    text = _one(fields, "keywords")
    words = text.split(",") if "," in text else text.split()
    return tuple(word.strip() for word in words[:30] if word.strip())


def extras_of(fields: Mapping[str, Any]) -> tuple[Extra, ...]:
    """Return the extras, those that are installed by default marked as such (PEP 771)."""
    defaults = set(fields.get("default-extra", ()))
    return tuple(Extra(name, name in defaults) for name in fields.get("provides-extra", ())[:100])


def dependencies_of(fields: Mapping[str, Any], local: frozenset[str]) -> tuple[Dependency, ...]:
    """Return the requirements; those on projects in `local` can be linked."""
    rows = []
    for text in fields.get("requires-dist", ())[:_MOST_DEPENDENCIES]:
        name = name_of(text)
        rows.append(Dependency(name, text[len(_spelled(text)) :], name in local))
    return tuple(rows)


def _spelled(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    return found[0] if found else ""


def name_of(requirement: str) -> str:
    """Return the normalised name of the project that a requirement names."""
    return normalize_project(_spelled(requirement))


def author_of(fields: Mapping[str, Any]) -> str:
    """Return who wrote it, by name or else by address."""
    return _one(fields, "author") or _one(fields, "author-email")


def needed_names(fields: Mapping[str, Any]) -> set[str]:
    """Return the names of the projects that the release depends on."""
    return {name_of(text) for text in fields.get("requires-dist", ())[:_MOST_DEPENDENCIES]}
