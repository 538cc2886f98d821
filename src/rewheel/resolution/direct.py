"""Wheels and sources that a requirement names by path or URL (PEP 508, direct references)."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from rewheel.indexes import DirectSource, Source
from rewheel.indexes.urls import filename_in, local_path, without_fragment
from rewheel.metadata.version_keys import read
from rewheel.resolution.building import Buildable
from rewheel.resolution.errors import NoCandidate
from rewheel.resolution.releases import Release, releases_of
from rewheel.variants import normalize_project

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.indexes import Client, File, ProjectPage
    from rewheel.metadata import Requirement
    from rewheel.resolution.building import WheelBuilder

__all__ = ["DirectReferences", "buildable_at"]


class DirectReferences:
    """Makes a release of each reference, so that it is judged like what is found by name."""

    def __init__(
        self,
        target: "Target",
        client: "Client",
        *,
        builder: "WheelBuilder | None" = None,
        editable: Collection[str] = (),
    ) -> None:
        """`editable` are the URLs of folders that are to be installed as they stand."""
        self._target = target
        self._client = client
        self._builder = builder
        self._editable = frozenset(editable)
        self._releases: dict[str, Release] = {}

    def release(self, requirement: "Requirement") -> Release:
        """Return the release that the requirement's URL leads to; each URL gives one and the same.

        Raises `NoCandidate` for what is neither a wheel nor sources of the project, `IndexesError` for a URL
        that can't be fetched at all, and whatever the builder raises for sources that it can't build.
        """
        found = self._releases.get(requirement.url)
        if found is None:
            is_wheel = filename_in(requirement.url).endswith((".whl", ".whlx"))
            found = self._wheel(requirement) if is_wheel else self._built(requirement)
            self._releases[requirement.url] = found
        if found.project != requirement.project:
            raise NoCandidate(f"{found.source.name} is of {found.project} and not of {requirement.project}")
        return found

    def _wheel(self, requirement: "Requirement") -> Release:
        source = DirectSource(requirement.url, self._client)
        page = source.page(requirement.project)
        releases = releases_of(page, self._target.tags) if page is not None else []
        found = next((release for release in releases if release.wheels), None)
        if found is None:
            raise NoCandidate(f"{source.file.filename} is not a wheel of {requirement.project}")
        return found

    def _built(self, requirement: "Requirement") -> Release:
        sources = buildable_at(
            requirement.url,
            self._client,
            project=requirement.project,
            editable=requirement.url in self._editable,
        )
        if self._builder is None:
            raise NoCandidate(
                f"{sources.place} would have to be built, which can't be done for another platform",
                hint=f"build a wheel of {requirement.project} there, and name that",
            )
        metadata, direct_url = self._builder.describe(sources)
        project, version = normalize_project(metadata.name), read(metadata.version)
        if version is None:
            raise NoCandidate(f"{sources.place}: {metadata.version!r} is no version (PEP 440)")
        source = sources.file.source if sources.file is not None else _Place(sources.place)
        return Release(project, version.text, source, sources=sources, direct_url=direct_url)


class _Place(Source):
    """A folder or repository: it has a name for messages, and offers no files."""

    def __init__(self, place: str) -> None:
        super().__init__(place, place)

    def _find(self, project: str) -> "ProjectPage | None":  # noqa: ARG002 - it has none, whatever is asked
        return None


def buildable_at(url: str, client: "Client", *, project: str = "", editable: bool = False) -> Buildable:
    """Return the sources that a URL names: a folder, a repository (`git+…`), or else a source distribution.

    Raises `IndexesError` for a URL that nothing can be fetched from.
    """
    path = local_path(without_fragment(url)[0])
    file: File | None = None
    if not (path is not None and path.is_dir()) and not url.startswith("git+"):
        file = DirectSource(url, client).file
    return Buildable(project, file, url, editable)
