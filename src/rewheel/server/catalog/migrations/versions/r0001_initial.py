"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

from rewheel.server.catalog.moments import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        comment="Facts about the index itself: its id, the serial of the list of projects, figures.",
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("support_url", sa.Text(), nullable=False, comment="whom to ask when their host is down"),
        sa.Column("may_host_externally", sa.Boolean(), nullable=False, comment="PEP 759"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
    )
    op.create_table(
        "loose_blobs",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("doomed_at", Moment(), nullable=True, comment="when a server last set out to delete it"),
        sa.Column("is_gone", sa.Boolean(), nullable=False, comment="whether it did"),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_loose_blobs")),
        comment="Blobs that something has let go of, to be deleted later unless something else needs them.",
    )
    op.create_index(op.f("ix_loose_blobs_since"), "loose_blobs", ["since"], unique=False)
    op.create_table(
        "retired_filenames",
        sa.Column(
            "filename",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("retired_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("filename", name=op.f("pk_retired_filenames")),
        comment="Names of deleted files, which are never given to other content.",
    )
    op.create_table(
        "upstream_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upstream", sa.String(length=200), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column(
            "filename",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "sha256",
            sa.String(length=64),
            nullable=False,
            comment="as the upstream promises; empty if it does not",
        ),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column(
            "cached_sha256", sa.String(length=64), nullable=True, comment="of the blob, once the file is here"
        ),
        sa.Column("metadata_sha256", sa.String(length=64), nullable=True),
        sa.Column("kept_at", Moment(), nullable=True),
        sa.Column(
            "used_at", Moment(), nullable=True, comment="to the hour; the cache lets go of the oldest first"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_files")),
        sa.UniqueConstraint("upstream", "filename", name=op.f("uq_upstream_files_upstream_filename")),
    )
    op.create_index(op.f("ix_upstream_files_used_at"), "upstream_files", ["used_at"], unique=False)
    op.create_index(
        op.f("ix_upstream_files_upstream_project"), "upstream_files", ["upstream", "project"], unique=False
    )
    op.create_table(
        "upstream_pages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upstream", sa.String(length=200), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("fetched_at", Moment(), nullable=False),
        sa.Column("is_absent", sa.Boolean(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("used_at", Moment(), nullable=False, comment="to the hour; the oldest make room first"),
        sa.Column("size", sa.Integer(), nullable=False, comment="characters of the page"),
        sa.Column("page", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_pages")),
        sa.UniqueConstraint("upstream", "project", name=op.f("uq_upstream_pages_upstream_project")),
    )
    op.create_index(op.f("ix_upstream_pages_used_at"), "upstream_pages", ["used_at"], unique=False)
    op.create_table(
        "organisation_members",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_organisation_members_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_organisation_members_organisation_id_organisations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "account_id", name=op.f("pk_organisation_members")),
    )
    op.create_index(
        op.f("ix_organisation_members_account_id"), "organisation_members", ["account_id"], unique=False
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
            comment="normalised (PEP 503)",
        ),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False, comment="PEP 792"),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("file_limit", sa.BigInteger(), nullable=True, comment="bytes; null for the server's limit"),
        sa.Column("quota", sa.BigInteger(), nullable=True, comment="bytes; null for the server's limit"),
        sa.Column(
            "serial", sa.BigInteger(), nullable=False, comment="grows with everything that its pages can show"
        ),
        sa.Column("is_visible", sa.Boolean(), nullable=False, comment="false until something is published"),
        sa.Column("tracks", sa.JSON(), nullable=False, comment="PEP 708"),
        sa.Column("alternate_locations", sa.JSON(), nullable=False, comment="PEP 708"),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_projects_organisation_id_organisations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
    )
    op.create_index(op.f("ix_projects_organisation_id"), "projects", ["organisation_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the secret"),
        sa.Column(
            "scopes",
            sa.JSON(),
            nullable=False,
            comment="what it may do: actions and projects; {} for everything",
        ),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_tokens_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index(op.f("ix_tokens_account_id"), "tokens", ["account_id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_audit_account_id_accounts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["tokens.id"], name=op.f("fk_audit_token_id_tokens"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account_id"), "audit", ["account_id"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_project"), "audit", ["project"], unique=False)
    op.create_index(op.f("ix_audit_token_id"), "audit", ["token_id"], unique=False)
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column(
            "version",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
            comment="in PEP 440's normal form",
        ),
        sa.Column(
            "sort_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
            comment="sorts as text as versions sort",
        ),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("requires_python", sa.Text(), nullable=False),
        sa.Column(
            "metadata", sa.JSON(), nullable=False, comment="fields of the core metadata that pages show"
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_content_type", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column(
            "variants_json",
            sa.Text(),
            nullable=True,
            comment="the index file of the published wheels; null without variants",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("project_id", "version", name=op.f("uq_releases_project_id_version")),
    )
    op.create_index(
        op.f("ix_releases_project_id_sort_key"), "releases", ["project_id", "sort_key"], unique=False
    )
    op.create_index(op.f("ix_releases_created_at"), "releases", ["created_at"], unique=False)
    op.create_table(
        "search_terms",
        sa.Column(
            "term",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
            comment="a word, or a trigram of the name after ~",
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_search_terms_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("term", "project_id", name=op.f("pk_search_terms")),
        comment="What projects are found by.",
    )
    op.create_index(op.f("ix_search_terms_project_id"), "search_terms", ["project_id"], unique=False)
    op.create_table(
        "roles",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False, comment="owner or maintainer"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_roles_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_roles_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "account_id", name=op.f("pk_roles")),
    )
    op.create_index(op.f("ix_roles_account_id"), "roles", ["account_id"], unique=False)
    op.create_table(
        "stages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column(
            "token",
            sa.String(length=64),
            nullable=False,
            comment="the secret in the stage's URL, for who may upload",
        ),
        sa.Column("token_digest", sa.String(length=64), nullable=False, comment="by which it is looked up"),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column(
            "project",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
            comment="normalised; outlives the project",
        ),
        sa.Column(
            "version",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "sort_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("notices", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_stages_created_by_accounts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_stages_project_id_projects"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stages")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stages_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_stages_token_digest")),
    )
    op.create_index(op.f("ix_stages_created_by"), "stages", ["created_by"], unique=False)
    op.create_index(op.f("ix_stages_project"), "stages", ["project"], unique=False)
    op.create_index(op.f("ix_stages_project_id"), "stages", ["project_id"], unique=False)
    op.create_index(op.f("ix_stages_status_expires_at"), "stages", ["status", "expires_at"], unique=False)
    op.create_table(
        "files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column(
            "filename",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="wheel, sdist or rim"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False, comment="hex digests by algorithm"),
        sa.Column("requires_python", sa.Text(), nullable=False),
        sa.Column("yanked_reason", sa.Text(), nullable=True, comment="null unless yanked (PEP 592)"),
        sa.Column(
            "metadata_sha256",
            sa.String(length=64),
            nullable=True,
            comment="of the metadata kept as a blob of its own (PEP 658)",
        ),
        sa.Column(
            "label",
            sa.String(length=64),
            nullable=False,
            comment="of a variant wheel (PEP 825); empty for others",
        ),
        sa.Column(
            "variant_json", sa.Text(), nullable=True, comment="what the wheel itself says about its variant"
        ),
        sa.Column("uploaded_at", Moment(), nullable=False),
        sa.Column("uploader_id", sa.Integer(), nullable=True),
        sa.Column("external_url", sa.Text(), nullable=True, comment="where an external wheel is (PEP 759)"),
        sa.Column(
            "rim_sha256",
            sa.String(length=64),
            nullable=True,
            comment="of the .rim of an external wheel, which is kept as a blob",
        ),
        sa.Column("organisation_id", sa.Integer(), nullable=True, comment="who hosts it externally"),
        sa.Column("stage_id", sa.Integer(), nullable=True, comment="staged: not public"),
        sa.Column(
            "provenance", sa.String(length=64), nullable=True, comment="SHA-256 of its provenance (PEP 740)"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_files_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_files_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_files_release_id_releases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["stages.id"], name=op.f("fk_files_stage_id_stages"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["uploader_id"], ["accounts.id"], name=op.f("fk_files_uploader_id_accounts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("filename", name=op.f("uq_files_filename")),
    )
    op.create_index(op.f("ix_files_organisation_id"), "files", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_files_project_id_stage_id"), "files", ["project_id", "stage_id"], unique=False)
    op.create_index(op.f("ix_files_release_id"), "files", ["release_id"], unique=False)
    op.create_index(op.f("ix_files_sha256"), "files", ["sha256"], unique=False)
    op.create_index(op.f("ix_files_stage_id"), "files", ["stage_id"], unique=False)
    op.create_index(op.f("ix_files_uploader_id"), "files", ["uploader_id"], unique=False)
    op.create_table(
        "provenances",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON, as it is served"),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_provenances_file_id_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_provenances")),
        comment="Attestations of files, which were verified when they came.",
    )
    op.create_table(
        "downloads",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_downloads_file_id_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "day", name=op.f("pk_downloads")),
    )
    op.create_table(
        "stage_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage_id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column(
            "filename",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("mechanism", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True, comment="of the bytes that have arrived"),
        sa.Column(
            "record",
            sa.JSON(),
            nullable=True,
            comment="what is in the file, once it is known to be fit",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="why it is not"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["stages.id"], name=op.f("fk_stage_files_stage_id_stages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_files")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stage_files_public_id")),
    )
    op.create_index(
        op.f("ix_stage_files_stage_id_filename"), "stage_files", ["stage_id", "filename"], unique=False
    )


def downgrade() -> None:
    """Remove everything."""
    op.drop_table("downloads")
    op.drop_table("provenances")
    op.drop_index(op.f("ix_stage_files_stage_id_filename"), table_name="stage_files")
    op.drop_table("stage_files")
    op.drop_index(op.f("ix_files_uploader_id"), table_name="files")
    op.drop_index(op.f("ix_files_stage_id"), table_name="files")
    op.drop_index(op.f("ix_files_sha256"), table_name="files")
    op.drop_index(op.f("ix_files_release_id"), table_name="files")
    op.drop_index(op.f("ix_files_project_id_stage_id"), table_name="files")
    op.drop_index(op.f("ix_files_organisation_id"), table_name="files")
    op.drop_table("files")
    op.drop_index(op.f("ix_stages_status_expires_at"), table_name="stages")
    op.drop_index(op.f("ix_stages_project_id"), table_name="stages")
    op.drop_index(op.f("ix_stages_project"), table_name="stages")
    op.drop_index(op.f("ix_stages_created_by"), table_name="stages")
    op.drop_table("stages")
    op.drop_index(op.f("ix_roles_account_id"), table_name="roles")
    op.drop_index(op.f("ix_search_terms_project_id"), table_name="search_terms")
    op.drop_table("search_terms")
    op.drop_table("roles")
    op.drop_index(op.f("ix_releases_created_at"), table_name="releases")
    op.drop_index(op.f("ix_releases_project_id_sort_key"), table_name="releases")
    op.drop_table("releases")
    op.drop_index(op.f("ix_audit_token_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_project"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_account_id"), table_name="audit")
    op.drop_table("audit")
    op.drop_index(op.f("ix_tokens_account_id"), table_name="tokens")
    op.drop_table("tokens")
    op.drop_index(op.f("ix_projects_organisation_id"), table_name="projects")
    op.drop_table("projects")
    op.drop_index(op.f("ix_organisation_members_account_id"), table_name="organisation_members")
    op.drop_table("organisation_members")
    op.drop_index(op.f("ix_upstream_pages_used_at"), table_name="upstream_pages")
    op.drop_table("upstream_pages")
    op.drop_index(op.f("ix_upstream_files_upstream_project"), table_name="upstream_files")
    op.drop_index(op.f("ix_upstream_files_used_at"), table_name="upstream_files")
    op.drop_table("upstream_files")
    op.drop_table("retired_filenames")
    op.drop_index(op.f("ix_loose_blobs_since"), table_name="loose_blobs")
    op.drop_table("loose_blobs")
    op.drop_table("organisations")
    op.drop_table("meta")
    op.drop_table("accounts")
