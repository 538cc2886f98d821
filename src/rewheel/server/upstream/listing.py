"""What an upstream index says of a project, read once and kept as text."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from rewheel.indexes import File, ProjectPage, Source
from rewheel.indexes.files import is_index_file_name
from rewheel.indexes.pages import parse_page
from rewheel.indexes.source import project_of
from rewheel.server.upstream.provenance import read_provenance

__all__ = ["Listed", "Listing", "read_listing"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as an upstream index lists it."""

    filename: str
    url: str
    """Where the upstream index has it; may hold secrets, and is shown to nobody."""
    sha256: str
    """As the index promises; empty if it promises none."""
    size: int | None
    requires_python: str
    yanked: str | None
    upload_time: str
    metadata_sha256: str | None
    """Of the metadata beside it (PEP 658): empty if the index promises no hash, None without metadata."""
    provenance: str = ""
    """The URL of its attestations (PEP 740), which everybody may see; empty without any."""

    @property
    def is_index_file(self) -> bool:
        """Whether it is a release's `-variants.json`, which may change under its name (PEP 825)."""
        return is_index_file_name(self.filename)


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of one project at one upstream index."""

    files: tuple[Listed, ...]
    versions: tuple[str, ...] = ()
    status: str = "active"
    status_reason: str = ""

    def find(self, filename: str, sha256: str) -> Listed | None:
        """Find the file of this name and hash."""
        return next((f for f in self.files if f.filename == filename and f.sha256 == sha256), None)

    def to_text(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                "files": [list(asdict(file).values()) for file in self.files],
                "versions": self.versions,
                "status": [self.status, self.status_reason],
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str) -> "Listing":
        """Read what `to_text` has written."""
        document = json.loads(text)
        files = tuple(Listed(*values) for values in document["files"])
        return cls(files, tuple(document["versions"]), *document["status"])


def read_listing(body: bytes, content_type: str, url: str, project: str) -> Listing:
    """Read a project's page. Raises InvalidPage.

    Files of other projects are left out: a page speaks for its own project only. So are those that could not
    be fetched: of other schemes, or over a plain connection where the page came over a safe one.
    """
    page = parse_page(body, content_type, url, project, _Nowhere("upstream", url))
    provenance = read_provenance(body, content_type)
    files = tuple(
        _listed(file, provenance.get(file.filename, ""))
        for file in page.files
        if _is_wanted(file, url, project)
    )
    return Listing(files, page.versions or _versions(files), page.status, page.status_reason)


class _Nowhere(Source):
    """Files keep their source; these are asked for in another way."""

    def _find(self, project: str) -> ProjectPage | None:
        del project
        return None


def _is_wanted(file: File, page_url: str, project: str) -> bool:
    scheme = urlsplit(file.url).scheme
    if scheme not in {"http", "https"} or (scheme == "http" and page_url.startswith("https:")):
        return False
    return project_of(file.filename) == project


def _listed(file: File, provenance: str) -> Listed:
    metadata: str | None = None
    if isinstance(file.core_metadata, Mapping):
        metadata = _sha256(file.core_metadata)
    elif file.core_metadata:
        metadata = ""
    return Listed(
        file.filename,
        file.url,
        _sha256(file.hashes),
        file.size,
        file.requires_python,
        file.yanked,
        file.upload_time,
        metadata,
        provenance,
    )


def _versions(files: Iterable[Listed]) -> tuple[str, ...]:
    """Gather the versions of the files, for an index whose pages do not list them (PEP 700)."""
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename
    from packaging.version import InvalidVersion, Version

    found = set()
    for file in files:
        try:
            if file.filename.endswith((".whl", ".whlx")):
                found.add(Version(file.filename.split("-")[1]))
            elif not file.is_index_file:
                found.add(parse_sdist_filename(file.filename)[1])
        except (InvalidVersion, InvalidSdistFilename, IndexError):
            continue
    return tuple(str(version) for version in sorted(found))


def _sha256(hashes: Mapping[str, str]) -> str:
    """Return the hash if it has the form of one; others are not believed, and not passed on either."""
    value = hashes.get("sha256", "").lower()
    return value if len(value) == 64 and all(letter in "0123456789abcdef" for letter in value) else ""
