"""From what the user names as indexes and places with links to the sources that stand for them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewheel.indexes.errors import InvalidSource
from rewheel.indexes.fetching import Client
from rewheel.indexes.policy import IndexPolicy, NamePattern, Pin, Strategy
from rewheel.indexes.source import (
    DirectorySource,
    DirectSource,
    FileIndexSource,
    IndexSource,
    LinksSource,
    Source,
)
from rewheel.indexes.urls import is_url, local_path, split_credentials
from rewheel.rows import NamedTuple
from rewheel.values import replace

__all__ = ["IndexEntry", "NamedUrl", "index_sources", "links_sources", "parse_named_index"]

_NAME = r"(?s)([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)"
_FILE_EXTENSIONS = (".whl", ".whlx", ".tar.gz", ".zip", ".tar.bz2", ".tgz")


class NamedUrl(NamedTuple):
    """An index and the name that the user gave it; the name may be empty."""

    name: str
    url: str


class IndexEntry(NamedTuple):
    """An index with all that the user may say of it."""

    name: str
    url: str
    group: str = ""
    """Indexes of one group are mirrors of each other; empty for an index that stands alone."""
    deny: Sequence[str] = ()
    """Names and patterns of projects that it is not asked for."""


def parse_named_index(text: str) -> NamedUrl:
    """Read `NAME=URL`, or a URL alone."""
    match = re.fullmatch(_NAME, text)
    return NamedUrl(match[1], match[2]) if match else NamedUrl("", text)


def links_sources(locations: Sequence[str], client: Client, folder: Path) -> list[Source]:
    """Make the sources for places with links; relative paths start from `folder`. Raises InvalidSource."""
    found = (_find_links(location, client, folder) for location in dict.fromkeys(locations))
    return [source for source in found if source is not None]


def index_sources(
    entries: Sequence[Sequence[Any]],
    client: Client,
    folder: Path,
    *,
    policy: IndexPolicy,
    groups: Sequence[tuple[str, Strategy]],
    pins: Mapping[str, str],
) -> tuple[list[Source], IndexPolicy]:
    """Make the sources for indexes, tuples in the form of IndexEntry whose end may be missing.

    Also completes the policy with what is said of single indexes and groups, now that their names are those
    of sources. An index that is named twice counts where it is named first. Raises InvalidSource.
    """
    unique: dict[str, IndexEntry] = {}
    named: set[str] = set()
    for entry in (IndexEntry(*parts) for parts in entries):
        url = entry.url.rstrip("/")
        if url and url not in named:  # nor named before with the login that it is without here
            unique[url] = entry
            named |= {url, split_credentials(url)[0]}
    sources: list[Source] = []
    numbers: dict[object, int] = {}
    denied: dict[str, tuple[NamePattern, ...]] = {}
    members: dict[str, list[str]] = {}
    for url, entry in unique.items():
        # A group stands where its first member stands.
        number = numbers.setdefault(("group", entry.group) if entry.group else url, len(numbers) + 1)
        source = _index(entry.url, client, folder, name=entry.name, group=number)
        if any(source.name == other.name for other in sources):  # they differ only in what is not shown
            source.name += f" ({number})"
        sources.append(source)
        if entry.deny:
            denied[source.name] = tuple(_pattern(text) for text in entry.deny)
        if entry.group:
            members.setdefault(entry.group, []).append(source.name)
    inside = {numbers["group", name]: strategy for name, strategy in groups if ("group", name) in numbers}
    pinned = tuple(
        Pin(_pattern(text), target, frozenset(members.get(target, [target]))) for text, target in pins.items()
    )
    return sources, replace(policy, inside=inside, denied=denied, pins=pinned)


def _index(location: str, client: Client, folder: Path, *, name: str, group: int) -> Source:
    if not is_url(location) or location.startswith("file:"):
        return FileIndexSource(_path(location, folder), name=name, group=group)
    if not location.startswith(("https://", "http://")):
        raise InvalidSource(location, "an index is an http, https or file URL, or a folder")
    return IndexSource(location, client, name=name, group=group)


def _pattern(text: str) -> NamePattern:
    try:
        return NamePattern.parse(text)
    except ValueError as error:
        raise InvalidSource(text, str(error)) from error


def _find_links(location: str, client: Client, folder: Path) -> Source | None:
    """Make the source for a place with links; one that is not there is told of and left out, as with pip."""
    if is_url(location) and not location.startswith("file:"):
        if not location.startswith(("https://", "http://")):
            raise InvalidSource(location, "links are found in a folder, or under an http, https or file URL")
        page = re.split(r"[?#]", location, maxsplit=1)[0]
        kind = DirectSource if page.endswith(_FILE_EXTENSIONS) else LinksSource
        return kind(location, client)
    path = _path(location, folder)
    if path.is_dir():
        return DirectorySource(path)
    if path.name.endswith(_FILE_EXTENSIONS) and path.is_file():
        return DirectSource(str(path), client)
    if path.is_file():
        return LinksSource(path.as_uri(), client, name=str(path))
    client.reporter.warning(f"{path}: there is no such folder or file to find links in")
    return None


def _path(location: str, folder: Path) -> Path:
    if not location.startswith("file:"):
        try:
            return (folder / Path(location).expanduser()).absolute()
        except RuntimeError as error:
            raise InvalidSource(location, "names the home of a user that does not exist") from error
    path = local_path(location)
    if path is None:
        raise InvalidSource(location, "is no file URL of this computer")
    return path.absolute()
