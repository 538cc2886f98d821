"""What a page of the Simple API says, before it is put into a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rewheel.server.catalog.projects import Status

__all__ = ["ListedFile", "ListedRim", "ProjectPage"]


class ListedFile(NamedTuple):
    """A file as a page announces it: a tuple, since large pages are made of thousands."""

    filename: str
    url: str
    """Relative to the page, percent-encoded, without a fragment; or absolute, for one hosted elsewhere."""
    sha256: str
    """Empty for a file of an upstream index that promises none."""
    size: int | None
    requires_python: str = ""
    yanked_reason: str | None = None
    """None unless the file is yanked (PEP 592)."""
    metadata_sha256: str | None = None
    """Of the metadata at the file's URL with `.metadata` behind it (PEP 658); empty if nobody knows it."""
    uploaded_at: datetime | None = None
    provenance: str | None = None
    """URL of attestations (PEP 740)."""
    rim: "ListedRim | None" = None
    """Who hosts it, if that is somebody else (PEP 759)."""
    source: str = ""
    """The upstream index that it comes from; empty if it is of this index."""


@dataclass(frozen=True, slots=True)
class ListedRim:
    """What a page says, under a private key, about a wheel that the index does not hold."""

    url: str
    """Of the rim; its metadata is at the same address with `.metadata` behind it."""
    sha256: str
    wheel_hashes: Mapping[str, str]
    """All that the rim gives of the wheel."""
    metadata_sha256: str | None
    owner: str
    support_url: str


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A project and what it offers."""

    name: str
    serial: int
    status: Status
    status_reason: str
    versions: Sequence[str]
    files: Sequence[ListedFile]
    tracks: Sequence[str] = ()
    alternate_locations: Sequence[str] = ()
