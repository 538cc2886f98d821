"""Where the demo's real wheels come from: the package index that this run is configured to use."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from rewheel.indexes import Client, File, Sources

__all__ = ["IndexMarket", "Market"]


class Market(Protocol):
    """Offers wheels and hands them out."""

    def files(self, project: str) -> Iterable[File]:
        """Return all files of a project; raises RewheelError if they cannot be listed."""

    def download(self, files: Sequence[File], into: Path) -> list[Path]:
        """Fetch files into the folder `into`, verified, and return their paths in the same order.

        Raises RewheelError if one cannot be had.
        """


class IndexMarket:
    """The configured sources, all of them: what they offer is verified by its hash."""

    def __init__(self, sources: Sources, client: Client) -> None:
        self._sources = sources
        self._client = client

    def files(self, project: str) -> Iterable[File]:
        """Return the files of every source that has the project."""
        return [file for page in self._sources.pages(project) for file in page.files]

    def download(self, files: Sequence[File], into: Path) -> list[Path]:
        """Fetch the files, several at a time."""
        return self._client.map(lambda file: self._client.download(file, into), files)
