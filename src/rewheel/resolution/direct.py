"""Wheels that a requirement names by path or URL (PEP 508, direct references)."""

from typing import TYPE_CHECKING

from rewheel.indexes import DirectSource
from rewheel.resolution.errors import NoCandidate
from rewheel.resolution.releases import Release, releases_of

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.indexes import Client
    from rewheel.metadata import Requirement

__all__ = ["DirectReferences"]


class DirectReferences:
    """Makes a release of one wheel out of each reference, so that it is judged like every other wheel."""

    def __init__(self, target: "Target", client: "Client") -> None:
        self._target = target
        self._client = client
        self._releases: dict[str, Release] = {}

    def release(self, requirement: "Requirement") -> Release:
        """Return the release that the requirement's URL leads to; each URL gives one and the same.

        Raises `NoCandidate` for a file that is no wheel of the project, `IndexesError` for a URL that can't
        be fetched at all.
        """
        found = self._releases.get(requirement.url)
        if found is None:
            source = DirectSource(requirement.url, self._client)
            page = source.page(requirement.project)
            releases = releases_of(page, self._target.tags) if page is not None else {}
            found = next((release for release in releases.values() if release.wheels), None)
            if found is None:
                raise NoCandidate(
                    f"{source.file.filename} is not a wheel of {requirement.project}",
                    hint="only wheels can be installed; build one of the project and name that",
                )
            self._releases[requirement.url] = found
        return found
