"""Which blobs the catalog speaks of."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, union_all

from rewheel.server.catalog.schema import files, upstream_files
from rewheel.server.catalog.stages import staged_blobs
from rewheel.wheels import rim_name

__all__ = ["Reference", "needed", "references"]

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
        files.c.filename,
        files.c.sha256,
        files.c.size,
        files.c.external_url,
        files.c.metadata_sha256,
        files.c.rim_sha256,
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        if row.external_url is None:
            yield Reference(row.sha256, row.size, row.filename)
        if row.rim_sha256 is not None:
            yield Reference(row.rim_sha256, None, rim_name(row.filename))
        if row.metadata_sha256 is not None:
            yield Reference(row.metadata_sha256, None, f"{row.filename}.metadata")
    for filename, sha256, size in staged_blobs(connection):
        yield Reference(sha256, size, f"{filename}, staged")
    if not with_upstream:
        return
    kept = select(
        upstream_files.c.upstream,
        upstream_files.c.filename,
        upstream_files.c.cached_sha256,
        upstream_files.c.size,
        upstream_files.c.metadata_sha256,
    )
    for found in connection.execution_options(yield_per=_AT_ONCE).execute(kept):
        subject = f"{found.filename} of {found.upstream}"
        if found.cached_sha256 is not None:
            yield Reference(found.cached_sha256, found.size, subject)
        if found.metadata_sha256 is not None:
            yield Reference(found.metadata_sha256, None, f"{subject}, metadata")


def needed(connection: Connection, hashes: Sequence[str]) -> Collection[str]:
    """Return those of some blobs that the catalog speaks of; a few hundred at once are looked for.

    What is in doubt is among them. The files have no index by the hash of their metadata, so that this may
    take a second in a large index.
    """
    columns = (
        files.c.sha256, files.c.metadata_sha256, files.c.rim_sha256,
        upstream_files.c.cached_sha256, upstream_files.c.metadata_sha256,
    )  # fmt: skip
    queries = [select(column).where(column.in_(hashes)) for column in columns]
    found = set(connection.execute(union_all(*queries)).scalars())
    return found | {sha256 for _, sha256, _ in staged_blobs(connection)}.intersection(hashes)
