"""Variant metadata inside lock files: `[packages.variants-json]` of pylock.toml (PEP 751, PEP 825)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rewheel.variants.reading import read_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewheel.variants.metadata import VariantMetadata

__all__ = ["LockReference", "read_lock_table"]


class LockReference(NamedTuple):
    """Where a lock file of a draft says that the index file is, instead of holding it."""

    url: str
    path: str
    hashes: tuple[tuple[str, str], ...]


def read_lock_table(table: Mapping[str, Any]) -> VariantMetadata | LockReference:
    """Read `variants-json` of one locked package; raises `InvalidMetadata`.

    Today's form is the metadata itself. The form of drafts points to a file: `url` or `path`, and `hashes`.
    """
    is_reference = ("url" in table or "path" in table) and "variants" not in table
    if not is_reference:
        return read_metadata(table, kind="lock")
    from rewheel.variants.errors import InvalidMetadata
    from rewheel.variants.findings import Findings
    from rewheel.variants.tables import table_at, text_at

    findings = Findings()
    url = text_at(table["url"], findings, ("url",)) if "url" in table else ""
    path = text_at(table["path"], findings, ("path",)) if "path" in table else ""
    hashes = table_at(table.get("hashes", {}), findings, ("hashes",)) or {}
    pairs = tuple((name, text_at(digest, findings, ("hashes", name))) for name, digest in hashes.items())
    if findings.is_fatal:
        raise InvalidMetadata(findings.as_list())
    return LockReference(url, path, pairs)
