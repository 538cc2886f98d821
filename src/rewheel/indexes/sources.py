"""All sources of a run, in the order in which they count."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rewheel.indexes.errors import IndexesError, InvalidSource
from rewheel.indexes.fetching import Client
from rewheel.indexes.files import ProjectPage
from rewheel.indexes.source import (
    DirectorySource,
    DirectSource,
    FileIndexSource,
    IndexSource,
    LinksSource,
    Source,
)
from rewheel.indexes.urls import is_url, local_path

__all__ = ["NamedUrl", "Sources", "parse_named_index"]

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)", re.DOTALL)
_FILE_EXTENSIONS = (".whl", ".whlx", ".tar.gz", ".zip", ".tar.bz2", ".tgz")


class NamedUrl(NamedTuple):
    """An index and the name that the user gave it; the name may be empty."""

    name: str
    url: str


def parse_named_index(text: str) -> NamedUrl:
    """Read `NAME=URL`, or a URL alone."""
    match = _NAME.fullmatch(text)
    return NamedUrl(match[1], match[2]) if match else NamedUrl("", text)


class Sources:
    """The sources in their order; find-links are group 0, and each index is a group of its own after it."""

    def __init__(self, sources: Iterable[Source], client: Client) -> None:
        self._sources = tuple(sources)
        self._client = client
        self._told: set[Source] = set()

    @classmethod
    def build(
        cls,
        client: Client,
        *,
        index_url: str = "",
        extra_index_urls: Sequence[str] = (),
        indexes: Sequence[tuple[str, str]] = (),
        find_links: Sequence[str] = (),
        no_index: bool = False,
        base: Path | None = None,
    ) -> "Sources":
        """Make the sources that a command line names: named indexes, then `index_url`, then the extra ones.

        `indexes` are pairs of name and URL. Relative paths start from `base`, the current folder by default.
        An index that is named twice counts where it is named first. Raises InvalidSource.
        """
        folder = base if base is not None else Path.cwd()
        links = (_find_links(location, client, folder) for location in dict.fromkeys(find_links))
        sources = [source for source in links if source is not None]
        if not no_index:
            named = [*indexes, ("", index_url), *(("", url) for url in extra_index_urls)]
            unique: dict[str, tuple[str, str]] = {}
            for name, url in named:
                if url:
                    unique.setdefault(url.rstrip("/"), (name, url))
            sources += [
                _index(url, client, folder, name=name, group=number)
                for number, (name, url) in enumerate(unique.values(), start=1)
            ]
        return cls(sources, client)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def groups(self) -> tuple[tuple[Source, ...], ...]:
        """The sources by group, in order of priority."""
        numbers = sorted({source.group for source in self._sources})
        return tuple(tuple(s for s in self._sources if s.group == number) for number in numbers)

    def pages(self, project: str, *, complete: bool = False) -> list[ProjectPage]:
        """Ask all sources at once for a project, and give the pages of those that have it, in order.

        Raises IndexesError when a source fails. A failure after the first group that has the project changes
        nothing for those who take the first: it is only warned of, unless the answer must be `complete`.
        """
        answers = self._client.map(lambda source: _ask(source, project), self._sources)
        pages: list[ProjectPage] = []
        for source, answer in zip(self._sources, answers, strict=True):
            if isinstance(answer, ProjectPage):
                pages.append(answer)
            elif answer is not None:
                if complete or not pages or pages[0].source.group == source.group:
                    raise answer
                self._warn(source, answer)
        return pages

    def prefetch(self, projects: Iterable[str]) -> None:
        """Start to fetch the projects' pages; failures come up when they are asked for."""
        for project in projects:
            for source in self._sources:
                if isinstance(source, IndexSource):
                    self._client.submit(lambda job: _ask(*job), (source, project))

    def _warn(self, source: Source, error: IndexesError) -> None:
        if source not in self._told:
            self._told.add(source)
            self._client.reporter.warning(f"{source.name} was not asked: {error}")


def _ask(source: Source, project: str) -> ProjectPage | IndexesError | None:
    try:
        return source.page(project)
    except IndexesError as error:
        return error


def _index(location: str, client: Client, folder: Path, *, name: str, group: int) -> Source:
    if not is_url(location) or location.startswith("file:"):
        return FileIndexSource(_path(location, folder), name=name, group=group)
    if not location.startswith(("https://", "http://")):
        raise InvalidSource(location, "an index is an http, https or file URL, or a folder")
    return IndexSource(location, client, name=name, group=group)


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
