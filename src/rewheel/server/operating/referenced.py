"""Which blobs the catalog speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from rewheel.server.catalog.schema import files, upstream_files

__all__ = ["Reference", "references"]

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Reference:
    """A blob, and whose it is."""

    sha256: str
    size: int | None
    """Bytes; None where the catalog does not say."""
    subject: str
    """For messages."""


def references(connection: Connection, *, with_upstream: bool = True) -> Iterator[Reference]:
    """Yield all blobs that there have to be; one that several files share comes several times."""
    query = select(
        files.c.filename, files.c.sha256, files.c.size, files.c.external_url, files.c.metadata_sha256
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        if row.external_url is None:
            yield Reference(row.sha256, row.size, row.filename)
        if row.metadata_sha256 is not None:
            yield Reference(row.metadata_sha256, None, f"{row.filename}.metadata")
    if not with_upstream:
        return
    kept = select(
        upstream_files.c.upstream,
        upstream_files.c.filename,
        upstream_files.c.cached_sha256,
        upstream_files.c.size,
        upstream_files.c.metadata_sha256,
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(kept):
        subject = f"{row.filename} of {row.upstream}"
        if row.cached_sha256 is not None:
            yield Reference(row.cached_sha256, row.size, subject)
        if row.metadata_sha256 is not None:
            yield Reference(row.metadata_sha256, None, f"{subject}, metadata")
