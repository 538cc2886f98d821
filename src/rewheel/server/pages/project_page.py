"""What a project page shows, as plain values: everything is decided before a template is asked."""

from dataclasses import dataclass, field
from datetime import datetime

from rewheel.server.pages.answers import Answer
from rewheel.server.pages.readme import Readme
from rewheel.server.pages.support_matrix import SupportMatrix
from rewheel.server.pages.variant_table import VariantTable

__all__ = [
    "AnswerGroup",
    "Dependency",
    "Extra",
    "FileRow",
    "Link",
    "Origin",
    "ProjectPage",
    "ReleaseRow",
    "StatusBanner",
]


@dataclass(frozen=True, slots=True)
class StatusBanner:
    """A state of the project that people must know about (PEP 792)."""

    state: str
    reason: str

    @property
    def meaning(self) -> str:
        """What the state means for those who want to install it."""
        return _MEANINGS.get(self.state, "")


_MEANINGS = {
    "archived": "It can be installed, and nothing new will be published.",
    "deprecated": "It can be installed, and its maintainers advise against it.",
    "quarantined": "It is held back as it may do harm, and its files are not offered.",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that the maintainers gave, to the web and nowhere else."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of the project (PEP 771: some are installed unless others are asked for)."""

    name: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class Dependency:
    """A requirement, split into the project's name and the rest."""

    name: str
    rest: str
    is_local: bool
    """Whether the project is on this index, so that it has a page."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the release."""

    filename: str
    url: str
    purpose: str
    """What it is for, such as "Linux x86_64, Python 3.11"."""
    label: str
    size: int | None
    uploaded_at: datetime | None
    hashes: tuple[tuple[str, str], ...]
    requires_python: str
    yanked: str | None
    origin: str
    """Where the bytes come from: here, an organisation's host, an upstream index."""
    support_url: str = ""
    metadata_url: str = ""
    provenance: str = ""
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Which index answers for the project, as far as that has to be said."""

    upstream: str = ""
    """The upstream index that it comes from, with its host; empty for a project of this index."""
    is_stale: bool = False
    """Whether the upstream index could not be asked, and this is what it said some time ago."""
    has_metadata: bool = True
    """Whether anything is known beyond what an index lists of files."""
    shadowed: tuple[str, ...] = ()
    """Upstream indexes that would be asked for this name if the project were not here."""
    followed: tuple[str, ...] = ()
    """Upstream indexes whose files installers are offered beside those of this index (PEP 708)."""


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release in the list of all."""

    version: str
    released_at: datetime | None
    files: int
    size: int | None
    labels: int
    is_yanked: bool
    is_prerelease: bool


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """What a kind of machines gets."""

    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """One release of a project, with everything around it."""

    name: str
    display_name: str
    version: str
    latest: str
    summary: str
    released_at: datetime | None
    status: StatusBanner | None
    yanked: str | None
    install: str
    pip: str
    requires_python: str
    downloads: int | None
    files: tuple[FileRow, ...]
    wheels: int
    size_range: str
    releases: tuple[ReleaseRow, ...]
    more_releases: int
    """How many there are in all, if not all are listed; else 0."""
    readme: Readme
    table: VariantTable
    matrix: SupportMatrix
    problem: str
    """What is wrong with the variant metadata; empty if nothing is."""
    origin: Origin
    python: str
    pythons: tuple[str, ...]
    groups: tuple[AnswerGroup, ...]
    without: str
    """Which machines are left out, and why."""
    links: tuple[Link, ...] = ()
    licence: str = ""
    author: str = ""
    keywords: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    usage: str = ""
    extras: tuple[Extra, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    classifiers: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())

    @property
    def is_latest(self) -> bool:
        """Whether this is what installers take unless they are asked for another version."""
        return self.version == self.latest

    @property
    def has_default_extras(self) -> bool:
        """Whether some extras are installed without being asked for."""
        return any(extra.is_default for extra in self.extras)
