"""Everything that an operator can choose, in one value that is made once and passed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewheel.server.attestations import Publisher

__all__ = ["GIB", "MIB", "ServerSettings", "Upstream"]

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Upstream:
    """An index that is asked for what is not here."""

    name: str
    url: str = field(repr=False)
    """May have a login."""
    only: tuple[str, ...] = ()
    """Names and patterns of the projects that it is asked for; empty for all."""
    deny: tuple[str, ...] = ()
    """Names and patterns of the projects that it is never asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How one server runs. It is handed to worker processes, so it holds nothing that is open.

    `database` and `storage` may hold passwords, which is why neither is shown.
    """

    data: Path
    """The folder of a server that keeps everything itself; also where uploads wait while they are checked."""
    directory: Path | None = None
    """A folder of distributions to serve, read-only, instead of an index of one's own."""
    database: str = field(default="", repr=False)
    """A URL such as `postgresql://host/name`; empty for a SQLite file in `data`."""
    storage: str = field(default="", repr=False)
    """A URL such as `s3://bucket/prefix?endpoint=…`; empty for a folder in `data`."""

    title: str = "rewheel index"
    """What the pages for people call the index."""
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    workers: int = 1
    admin_token: str = field(default="", repr=False)
    """The secret of the first administrator; when it is empty one is made up and shown once."""

    file_limit: int = 100 * MIB
    """Bytes of one file, unless a project is granted more."""
    hard_file_limit: int = GIB
    """What no project can be granted more than."""
    project_quota: int = 10 * GIB
    """Bytes of all files of one project, unless it is granted more or less."""

    new_projects: tuple[str, ...] = ()
    """Who may be the first to upload to a name: rules as `new_names` reads them; without any, anyone."""
    public_url: str = ""
    """The address under which clients know the server; empty to believe what each of them says."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses and networks of proxies that are believed what they say about clients (X-Forwarded-…)."""
    staged_legacy_uploads: bool = False
    """Whether a form may ask, by a field `staged`, that its file is staged: an experiment (PEP 694)."""
    allow_insecure_external: bool = False
    """Whether rims may name wheels that are not fetched over https, for trials."""
    verify_external: bool = False
    """Whether wheels that rims name are fetched and compared before they are listed."""
    certificates: Path | None = None
    """A PEM bundle, or a folder of certificates, to trust elsewhere instead of the system's."""
    attestations_root: Path | None = None
    """Roots of trust (`trusted_root.json`) by which attestations of uploads are verified; None takes none."""
    publishers: "tuple[Publisher, ...]" = ()
    """Machines that may attest for projects."""
    external_hosts: tuple[str, ...] = ()
    """Hosts, `name` or `name:port`, on which such wheels may be although they are not public."""
    upstreams: tuple[Upstream, ...] = ()
    """Indexes that are asked for what is not here, in the order in which they count."""
    reserved: tuple[str, ...] = ()
    """Names and patterns of projects that no upstream index ever hears of, whether they exist or not."""
    upstream_hosts: tuple[str, ...] = ()
    """Hosts, `name` or `name:port`, that upstream files may come from although they are not public."""
    upstream_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, for what is fetched from upstream indexes."""
    upstream_lifetime: int = 600
    """Seconds for which an upstream index's page is believed without asking again."""

    upstream_cache_limit: int | None = None
    """Bytes of upstream files that are kept; those that nobody has wanted for longest go first."""
    upstream_pages_limit: int = 512 * MIB
    """Bytes of upstream pages that are kept in the database, likewise."""

    page_cache: int = 64 * MIB
    """Bytes of rendered pages that each worker process keeps."""
    page_lifetime: int = 0
    """Seconds for which caches may show a page without asking whether it has changed."""
    uploads: int = 16
    """How many uploads one worker process takes in at once."""
    access_log: bool = True
    """Whether every request is logged."""
    log_format: str = "json"
    """`json`, or `text` for people."""
    threads: int = 16
    """How many requests of one worker process may talk to the database at once."""
    header_timeout: float = 15.0
    """Seconds within which a client has to say what it wants."""
    body_timeout: float = 30.0
    """Seconds of silence after which an upload is given up."""
    stop_timeout: float = 60.0
    """Seconds that requests may take to finish after the server was told to stop."""
    backlog: int = 1024
    """Connections that may wait to be accepted."""

    @property
    def provenance_root(self) -> str:
        """The address of the server that provenance is listed under; empty if attestations are not taken."""
        return f"{self.public_url.rstrip('/')}/" if self.attestations_root is not None else ""

    @property
    def database_url(self) -> str:
        """The URL of the database, as SQLAlchemy writes it."""
        if self.database:
            return _with_driver(self.database)
        return f"sqlite:///{self.data / 'catalog.sqlite3'}"

    @property
    def blob_folder(self) -> Path:
        """Where files are kept unless `storage` says otherwise."""
        return self.data / "blobs"

    @property
    def spool(self) -> Path:
        """Where uploads wait while they are checked; on the disk of the blobs, so that moving is free."""
        return self.data / "spool"


def _with_driver(url: str) -> str:
    """Let PostgreSQL be spoken to by psycopg 3, however the URL is spelled."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in {"postgres", "postgresql"} else url
