"""Sources: one index, one folder, one page of links or one file, all asked in the same way.

A source stands for itself: files keep their source, and nothing here merges what two of them offer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path

from rewheel.indexes.documents import ACCEPT, PAGE_LIMIT, Document
from rewheel.indexes.errors import IndexesError, InvalidPage, InvalidSource, NotFound
from rewheel.indexes.fetching import Client
from rewheel.indexes.files import File, ProjectPage, is_index_file_name
from rewheel.indexes.once import Once
from rewheel.indexes.urls import filename_in, is_url, local_path, quoted, redact, without_fragment
from rewheel.variants import normalize_project

__all__ = [
    "DirectSource",
    "DirectorySource",
    "FileIndexSource",
    "IndexSource",
    "LinksSource",
    "Source",
    "project_of",
]

_SDIST_EXTENSIONS = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
_WHEEL_EXTENSIONS = (".whl", ".whlx")


class Source(ABC):
    """A place that offers files of projects. Thread-safe; every project is looked up once."""

    is_find_links = False
    is_local = False
    """Whether it lies on this computer."""

    def __init__(self, name: str, location: str, *, group: int = 0) -> None:
        self.name = name
        """For messages; has no secrets."""
        self.location = redact(location)
        """The URL or path, without secrets."""
        self.group = group
        """Sources of a lower group come first."""
        self._pages: Once[str, ProjectPage | None] = Once()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def page(self, project: str) -> ProjectPage | None:
        """Give what there is of a project, by its normalised name; None if there is nothing.

        Raises IndexesError when the answer cannot be had: that is not the same as nothing.
        """
        return self._pages.get(project, lambda: self._find(project))

    def is_known_to_have(self, project: str) -> bool:
        """Tell whether it has the project, as far as that is known without asking anybody."""
        try:
            return self.is_local and self.page(project) is not None
        except IndexesError:
            return False

    @abstractmethod
    def _find(self, project: str) -> ProjectPage | None: ...


class IndexSource(Source):
    """A simple repository on a web server (PEP 503, PEP 691)."""

    def __init__(self, url: str, client: Client, *, name: str = "", group: int = 1) -> None:
        """Take the root's URL, with or without a login and a trailing slash. Raises InvalidSource."""
        try:
            bare = quoted(without_fragment(client.learn(url))[0])
        except ValueError as error:
            raise InvalidSource(url, f"cannot be an index: {error}") from error
        self._root = bare if bare.endswith("/") else f"{bare}/"
        self._client = client
        super().__init__(name or redact(bare), bare, group=group)

    def is_known_to_have(self, project: str) -> bool:
        """Tell whether it had the project when it was last asked."""
        return self._client.remembers(f"{self._root}{project}/", accept=ACCEPT)

    def must_ask(self, project: str) -> bool:
        """Tell whether the network has to be used for the project's page."""
        return self._client.known_document(f"{self._root}{project}/", accept=ACCEPT) is None

    def _find(self, project: str) -> ProjectPage | None:
        url = f"{self._root}{project}/"
        known = self._client.known_document(url, accept=ACCEPT)
        document = known or self._client.document(url, accept=ACCEPT, limit=PAGE_LIMIT)
        if not document.exists:
            return None
        if not document.was_kept:
            return self._parsed(document, project)
        from rewheel.indexes.sorted_pages import SortedPages

        kept = SortedPages(self._client.cache, self)
        if (
            found := kept.find(project, document, lambda: self._read_again(document, url, project))
        ) is not None:
            return found
        document = self._client.document(url, accept=ACCEPT, limit=PAGE_LIMIT) if known else document
        page = self._parsed(document, project)
        if document.was_kept:  # and will be met once more
            kept.keep(page, document)
        return page

    def _parsed(self, document: Document, project: str) -> ProjectPage:
        from rewheel.indexes.pages import parse_page

        return parse_page(document.body, document.content_type, document.url, project, self)

    def _read_again(self, seen: Document, url: str, project: str) -> ProjectPage:
        """Read a page that was looked at before. Raises IndexesError if it is another one now."""
        document = self._client.document(url, accept=ACCEPT, limit=PAGE_LIMIT)
        if document.digest != seen.digest:
            raise IndexesError(f"{redact(url)} changed while it was read", hint="run the command again")
        return self._parsed(document, project)


class FileIndexSource(Source):
    """A simple repository as a tree of files: a folder for each project with `index.json` or `index.html`.

    A project's folder without either is taken for what it holds, as a web server would list it.
    """

    _PAGES = (("index.json", "application/json"), ("index.html", "text/html"))

    def __init__(self, root: Path, *, name: str = "", group: int = 1) -> None:
        self._root = root
        self.is_local = True
        self._spellings: Once[str, dict[str, Path]] = Once()
        super().__init__(name or str(root), str(root), group=group)

    def _find(self, project: str) -> ProjectPage | None:
        from rewheel.indexes.pages import parse_page

        try:
            folder = self._folder(project)
            if folder is None:
                return None
            for filename, content_type in self._PAGES:
                path = folder / filename
                if path.is_file():
                    url = path.absolute().as_uri()
                    return parse_page(_read(path, PAGE_LIMIT), content_type, url, project, self)
            files = tuple(_files_in(folder, self))
        except OSError as error:
            raise InvalidSource(str(self._root), f"cannot be read: {error.strerror or error}") from error
        return ProjectPage(project, files, self, str(folder)) if files else None

    def _folder(self, project: str) -> Path | None:
        """Find the project's folder, also one that is named in the project's own spelling."""
        folder = self._root / project
        if folder.is_dir():
            return folder
        if not self._root.is_dir():
            raise InvalidSource(
                str(self._root),
                "there is no such folder",
                hint="an index is a folder with one folder per project",
            )
        return self._spellings.get("", self._read_spellings).get(project)

    def _read_spellings(self) -> dict[str, Path]:
        return {normalize_project(path.name): path for path in self._root.iterdir() if path.is_dir()}


class _FlatSource(Source):
    """A source that is read as a whole: all its files at once, sorted by project."""

    is_find_links = True

    def __init__(
        self, name: str, location: str, read: Callable[[Source], Iterable[File]], *, group: int
    ) -> None:
        super().__init__(name, location, group=group)
        self._read = read
        self._projects: Once[str, dict[str, list[File]]] = Once()

    def _find(self, project: str) -> ProjectPage | None:
        files = self._projects.get("", self._by_project).get(project)
        return ProjectPage(project, tuple(files), self, self.location) if files else None

    def _by_project(self) -> dict[str, list[File]]:
        projects: dict[str, list[File]] = {}
        for file in self._read(self):
            if project := project_of(file.filename):
                projects.setdefault(project, []).append(file)
        return projects


class DirectorySource(_FlatSource):
    """A folder of wheels, sdists and index files, such as `--find-links` names."""

    def __init__(self, directory: Path, *, name: str = "", group: int = 0) -> None:
        def read(source: Source) -> list[File]:
            try:
                return _files_in(directory, source)
            except OSError as error:
                raise InvalidSource(str(directory), f"cannot be read: {error.strerror or error}") from error

        super().__init__(name or str(directory), str(directory), read, group=group)
        self.is_local = True


class LinksSource(_FlatSource):
    """A page whose links lead to files of any projects; on the web, or a local HTML file."""

    def __init__(self, url: str, client: Client, *, name: str = "", group: int = 0) -> None:
        """Take the page's URL, possibly with a login. Raises InvalidSource."""
        try:
            bare = quoted(without_fragment(client.learn(url))[0])
        except ValueError as error:
            raise InvalidSource(url, f"cannot be a page of links: {error}") from error

        def read(source: Source) -> list[File]:
            from rewheel.indexes.pages import link_files

            path = local_path(bare)
            if path is not None:
                try:
                    return link_files(_read(path, PAGE_LIMIT), "text/html", bare, source)
                except OSError as error:
                    raise InvalidSource(str(path), f"cannot be read: {error.strerror or error}") from error
            document = client.document(bare, accept="text/html, */*; q=0.1", limit=PAGE_LIMIT)
            if not document.exists:
                raise NotFound(bare, "not found", status=404)
            return link_files(document.body, document.content_type, document.url, source)

        super().__init__(name or redact(bare), bare, read, group=group)
        self.is_local = bare.startswith("file:")


class DirectSource(_FlatSource):
    """A single file that was named itself, by path or URL."""

    def __init__(self, location: str, client: Client, *, group: int = 0) -> None:
        """Take a path or a URL, whose fragment may hold a hash (`#sha256=…`). Raises InvalidSource."""
        self.file = _direct_file(location, client, self)
        super().__init__(redact(self.file.url), self.file.url, lambda _: [self.file], group=group)
        self.is_local = self.file.is_local


def project_of(filename: str) -> str:
    """Tell the normalised project that a file belongs to, by its name alone; empty for strange names."""
    if filename.endswith(_WHEEL_EXTENSIONS) or is_index_file_name(filename):
        return normalize_project(filename.partition("-")[0])
    for extension in _SDIST_EXTENSIONS:
        if filename.endswith(extension):
            return normalize_project(filename.removesuffix(extension).rpartition("-")[0])
    return ""


def _direct_file(location: str, client: Client, source: Source) -> File:
    from rewheel.indexes.pages import fragment_hashes

    if not is_url(location):
        path = Path(location).absolute()
        return _local_file(path, path.stat().st_size if path.is_file() else None, source)
    url, fragment = without_fragment(location)
    try:
        url = quoted(client.learn(url))
    except ValueError as error:
        raise InvalidSource(location, f"cannot be fetched: {error}") from error
    if not url.startswith(("https://", "http://", "file:")):
        raise InvalidSource(location, "only http, https and file URLs can be fetched")
    filename = filename_in(url)
    return File(
        filename, url, fragment_hashes(fragment), "", None, None, "", core_metadata=False, source=source
    )


def _files_in(directory: Path, source: Source) -> list[File]:
    """List a folder's distributions and index files, sorted by name. Raises OSError."""
    return [
        _local_file(path.absolute(), path.stat().st_size, source)
        for path in sorted(directory.iterdir())
        if project_of(path.name) and path.is_file()
    ]


def _local_file(path: Path, size: int | None, source: Source) -> File:
    return File(path.name, path.as_uri(), {}, "", None, size, "", core_metadata=False, source=source)


def _read(path: Path, limit: int) -> bytes:
    if path.stat().st_size > limit:
        raise InvalidPage(str(path), f"larger than the {limit:,} bytes that are accepted")
    return path.read_bytes()
