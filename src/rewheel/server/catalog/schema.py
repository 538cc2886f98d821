"""The tables. What they hold is the truth of an index: every page is a function of them.

A change here needs a change of the migrations; a test holds the two against each other.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from rewheel.server.catalog.moments import Moment

__all__ = [
    "accounts",
    "audit",
    "downloads",
    "files",
    "loose_blobs",
    "meta",
    "metadata",
    "organisation_members",
    "organisations",
    "projects",
    "provenances",
    "releases",
    "retired_filenames",
    "roles",
    "search_terms",
    "stage_files",
    "stages",
    "tokens",
    "upstream_files",
    "upstream_pages",
]


def _exact(length: int | None = None) -> TypeEngine[str]:
    """Return a type of text that every database compares and sorts byte by byte."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="Facts about the index itself: its id, the serial of the list of projects, figures.",
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("is_admin", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the secret"),
    Column("scopes", JSON, nullable=False, comment="what it may do: actions and projects; {} for everything"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

organisations = Table(
    "organisations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("support_url", Text, nullable=False, comment="whom to ask when their host is down"),
    Column("may_host_externally", Boolean, nullable=False, comment="PEP 759"),
    Column("created_at", Moment, nullable=False),
)

organisation_members = Table(
    "organisation_members",
    metadata,
    Column("organisation_id", ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(20), nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _exact(200), nullable=False, unique=True, comment="normalised (PEP 503)"),
    Column("display_name", String(200), nullable=False),
    Column("status", String(20), nullable=False, comment="PEP 792"),
    Column("status_reason", Text, nullable=False),
    Column("file_limit", BigInteger, comment="bytes; null for the server's limit"),
    Column("quota", BigInteger, comment="bytes; null for the server's limit"),
    Column("serial", BigInteger, nullable=False, comment="grows with everything that its pages can show"),
    Column("is_visible", Boolean, nullable=False, comment="false until something is published"),
    Column("tracks", JSON, nullable=False, comment="PEP 708"),
    Column("alternate_locations", JSON, nullable=False, comment="PEP 708"),
    Column("organisation_id", ForeignKey("organisations.id", ondelete="SET NULL"), index=True),
    Column("created_at", Moment, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(20), nullable=False, comment="owner or maintainer"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("version", _exact(200), nullable=False, comment="in PEP 440's normal form"),
    Column("sort_key", _exact(), nullable=False, comment="sorts as text as versions sort"),
    Column("summary", Text, nullable=False),
    Column("requires_python", Text, nullable=False),
    Column("metadata", JSON, nullable=False, comment="fields of the core metadata that pages show"),
    Column("description", Text, nullable=False),
    Column("description_content_type", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("variants_json", Text, comment="the index file of the published wheels; null without variants"),
    UniqueConstraint("project_id", "version"),
    Index(None, "project_id", "sort_key"),
    Index(None, "created_at"),
)

stages = Table(
    "stages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("public_id", String(64), nullable=False, unique=True),
    Column("token", String(64), nullable=False, comment="the secret in the stage's URL, for who may upload"),
    Column("token_digest", String(64), nullable=False, unique=True, comment="by which it is looked up"),
    Column("project_id", ForeignKey("projects.id", ondelete="SET NULL"), index=True),
    Column("project", _exact(200), nullable=False, index=True, comment="normalised; outlives the project"),
    Column("version", _exact(200), nullable=False),
    Column("sort_key", _exact(), nullable=False),
    Column("status", String(20), nullable=False),
    Column("created_by", ForeignKey("accounts.id", ondelete="SET NULL"), index=True),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("notices", JSON, nullable=False),
    Index(None, "status", "expires_at"),
)

files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("release_id", ForeignKey("releases.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("filename", _exact(512), nullable=False, unique=True),
    Column("kind", String(10), nullable=False, comment="wheel, sdist or rim"),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("hashes", JSON, nullable=False, comment="hex digests by algorithm"),
    Column("requires_python", Text, nullable=False),
    Column("yanked_reason", Text, comment="null unless yanked (PEP 592)"),
    Column("metadata_sha256", String(64), comment="of the metadata kept as a blob of its own (PEP 658)"),
    Column("label", String(64), nullable=False, comment="of a variant wheel (PEP 825); empty for others"),
    Column("variant_json", Text, comment="what the wheel itself says about its variant"),
    Column("uploaded_at", Moment, nullable=False),
    Column("uploader_id", ForeignKey("accounts.id", ondelete="SET NULL"), index=True),
    Column("external_url", Text, comment="where an external wheel is (PEP 759)"),
    Column("rim_sha256", String(64), comment="of the .rim of an external wheel, which is kept as a blob"),
    Column("organisation_id", ForeignKey("organisations.id"), index=True, comment="who hosts it externally"),
    Column("stage_id", ForeignKey("stages.id", ondelete="CASCADE"), index=True, comment="staged: not public"),
    Column("provenance", String(64), comment="SHA-256 of its provenance (PEP 740)"),
    Index(None, "project_id", "stage_id"),
)

provenances = Table(
    "provenances",
    metadata,
    Column("file_id", ForeignKey("files.id", ondelete="CASCADE"), primary_key=True),
    Column("document", Text, nullable=False, comment="JSON, as it is served"),
    comment="Attestations of files, which were verified when they came.",
)

downloads = Table(
    "downloads",
    metadata,
    Column("file_id", ForeignKey("files.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("term", _exact(64), primary_key=True, comment="a word, or a trigram of the name after ~"),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("weight", Integer, nullable=False),
    comment="What projects are found by.",
)

stage_files = Table(
    "stage_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stage_id", ForeignKey("stages.id", ondelete="CASCADE"), nullable=False),
    Column("public_id", String(64), nullable=False, unique=True),
    Column("filename", _exact(512), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("hashes", JSON, nullable=False),
    Column("mechanism", String(100), nullable=False),
    Column("status", String(20), nullable=False),
    Column("sha256", String(64), comment="of the bytes that have arrived"),
    Column("record", JSON, comment="what is in the file, once it is known to be fit"),
    Column("error", Text, comment="why it is not"),
    Column("created_at", Moment, nullable=False),
    Index(None, "stage_id", "filename"),
)

retired_filenames = Table(
    "retired_filenames",
    metadata,
    Column("filename", _exact(512), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("retired_at", Moment, nullable=False),
    comment="Names of deleted files, which are never given to other content.",
)

loose_blobs = Table(
    "loose_blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("since", Moment, nullable=False, index=True),
    Column("doomed_at", Moment, comment="when a server last set out to delete it"),
    Column("is_gone", Boolean, nullable=False, comment="whether it did"),
    comment="Blobs that something has let go of, to be deleted later unless something else needs them.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="SET NULL"), index=True),
    Column("token_id", ForeignKey("tokens.id", ondelete="SET NULL"), index=True),
    Column("action", String(50), nullable=False),
    Column("project", String(200), nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

upstream_pages = Table(
    "upstream_pages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("upstream", String(200), nullable=False),
    Column("project", String(200), nullable=False),
    Column("etag", Text, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("is_absent", Boolean, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("used_at", Moment, nullable=False, index=True, comment="to the hour; the oldest make room first"),
    Column("size", Integer, nullable=False, comment="characters of the page"),
    Column("page", Text, nullable=False),
    UniqueConstraint("upstream", "project"),
)

upstream_files = Table(
    "upstream_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("upstream", String(200), nullable=False),
    Column("project", String(200), nullable=False),
    Column("filename", _exact(512), nullable=False),
    Column("url", Text, nullable=False),
    Column("sha256", String(64), nullable=False, comment="as the upstream promises; empty if it does not"),
    Column("size", BigInteger),
    Column("cached_sha256", String(64), comment="of the blob, once the file is here"),
    Column("metadata_sha256", String(64)),
    Column("kept_at", Moment),
    Column("used_at", Moment, index=True, comment="to the hour; the cache lets go of the oldest first"),
    UniqueConstraint("upstream", "filename"),
    Index(None, "upstream", "project"),
)
