"""What an index offers: files, each with all that is known about it before it is fetched."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rewheel.indexes.hashes import Digest, best_digest
from rewheel.indexes.listing import Listing
from rewheel.indexes.urls import redact
from rewheel.rows import NamedTuple
from rewheel.values import field, frozen, mutable

if TYPE_CHECKING:
    from rewheel.indexes.groups import Group
    from rewheel.indexes.sorted_groups import SortedGroups
    from rewheel.indexes.source import Source

__all__ = ["File", "ProjectPage", "RimPlace", "is_index_file_name"]

_INDEX_FILE_SUFFIX = "-variants.json"


class RimPlace(NamedTuple):
    """Where an index keeps what it knows of a wheel that it does not hold itself (PEP 759)."""

    url: str
    """Of the `.rim`."""
    hashes: Mapping[str, str]
    owner: str
    """The organisation that hosts the wheel, as the page says."""
    support: str
    """Whom to ask when its host is down: a `mailto:` or web address, or empty."""
    core_metadata: Mapping[str, str] | bool = False
    """Hashes of the wheel's METADATA beside the rim, as `File.core_metadata` of those beside the wheel."""


@mutable(eq=False)
class File:
    """One file of an index, a directory or a direct URL; compared by identity and never changed.

    It is not declared frozen only because pages have thousands of files, and freezing makes each of them
    six times as slow to create.
    """

    filename: str
    """Percent-decoded, a single path component."""
    url: str = field(repr=False)
    """`http:`, `https:` or `file:`; may hold secrets, `location` is for showing."""
    hashes: Mapping[str, str]
    """Hexadecimal digests by algorithm as advertised; empty if none are."""
    requires_python: str
    yanked: str | None
    """Why the file was withdrawn (PEP 592), possibly without a reason; None if it was not."""
    size: int | None
    """Bytes, if known."""
    upload_time: str
    """As the index writes it (PEP 700), or empty."""
    core_metadata: Mapping[str, str] | bool
    """Hashes of the METADATA file beside the wheel (PEP 658), or whether there is one."""
    source: "Source" = field(repr=False)
    rim: RimPlace | None = field(default=None, repr=False)
    """Who answers for the file, if that is not the index."""

    @property
    def location(self) -> str:
        """The URL without secrets."""
        return redact(self.url)

    @property
    def digest(self) -> Digest | None:
        """The hash that the bytes are checked against; None if no usable one is advertised."""
        return best_digest(self.hashes)

    @property
    def is_local(self) -> bool:
        """Whether the file lies on this computer."""
        return self.url.startswith("file:")


@frozen(eq=False)
class ProjectPage:
    """What one source offers of one project, in the order of its page, or by version if it was kept so.

    Files of other projects, if a page lists such, are still among `files`; so are the variants index files.
    """

    project: str
    """PEP 503-normalised."""
    files: Sequence[File]
    """Never changed; of a long page each is made when it is first looked at."""
    source: "Source"
    url: str
    """Where the page is, without secrets."""
    versions: tuple[str, ...] = ()
    """Versions that the index knows of (PEP 700), also those without files."""
    status: str = "active"
    """The project's state (PEP 792): active, archived, quarantined, deprecated."""
    status_reason: str = ""
    tracks: tuple[str, ...] = ()
    """Project pages elsewhere whose project the index says that this one is (PEP 708)."""
    alternate_locations: tuple[str, ...] = ()
    """All places where the index says that the project is (PEP 708)."""
    sorted_groups: "SortedGroups | None" = None
    """The files by version, newest first, if that is known already."""

    @property
    def groups(self) -> Sequence["Group"]:
        """The files by version; what is no file of the project is left out."""
        from rewheel.indexes.groups import group_names

        groups = self.sorted_groups
        return groups if groups is not None else group_names(self.names, self.project)

    @property
    def releases(self) -> "SortedGroups":
        """The files by version, newest first."""
        from rewheel.indexes.sorted_groups import SortedGroups

        return self.sorted_groups if self.sorted_groups is not None else SortedGroups.of(self.groups)

    @property
    def names(self) -> Sequence[str]:
        """The names of the files, in their order."""
        files = self.files
        return files.names if isinstance(files, Listing) else [file.filename for file in files]


def is_index_file_name(filename: str) -> bool:
    """Tell `{name}-{version}-variants.json`, neither part of which has a dash (PEP 825, index file)."""
    if not filename.endswith(_INDEX_FILE_SUFFIX):
        return False
    name, dash, version = filename[: -len(_INDEX_FILE_SUFFIX)].partition("-")
    return bool(name and dash and version and "-" not in version)
