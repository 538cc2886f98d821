"""Whether the catalog and the storage still agree, byte by byte."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, exists, or_, select

from rewheel.progress import SILENT, Reporter
from rewheel.server.catalog import loose, releases as release_catalog
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import files, projects, releases
from rewheel.server.errors import Refused, ServerError
from rewheel.server.intake.variants import combined_document
from rewheel.server.operating.clearing import AT_ONCE, clear
from rewheel.server.operating.ledger import Ledger
from rewheel.server.operating.referenced import Reference, references
from rewheel.server.services import Services

__all__ = ["GRACE", "Damage", "Verified", "prune", "verify"]

GRACE = timedelta(hours=24)
"""How old an orphan has to be: the blob of an upload is there before the catalog speaks of it."""

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it should be."""

    kind: str
    """`missing`, `size`, `content` or `variants`."""
    subject: str
    """The file or release that suffers."""
    text: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}"


@dataclass(slots=True)
class Verified:
    """What was looked at, and what was found."""

    blobs: int = 0
    size: int = 0
    """Bytes of the blobs that were looked at."""
    releases: int = 0
    """Releases with variants."""
    damages: list[Damage] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    """SHA-256 of blobs that the catalog does not speak of, and that are old enough to be no upload's."""
    orphan_size: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged; orphans only take room."""
        return not self.damages


def verify(services: Services, *, thorough: bool = True, reporter: Reporter = SILENT) -> Verified:
    """Compare catalog and storage; every blob is read and hashed unless it is not to be `thorough`.

    The server may go on meanwhile. Raises Refused when database or storage cannot be reached.
    """
    found = Verified()
    oldest = now() - GRACE
    with Ledger() as ledger:
        with services.database.snapshot() as connection:
            ledger.want(references(connection))
            found.damages += _variants(connection, found)
        ledger.keep(services.blobs.entries())
        for orphan in ledger.orphans(oldest):
            found.orphans.append(orphan.sha256)
            found.orphan_size += orphan.size
        for reference, kept_size in ledger.wanted():
            reporter.detail(f"looking at {reference.subject}")
            damage = _examine(services, reference, kept_size, thorough=thorough)
            if damage is not None:
                found.damages.append(damage)
            found.blobs += 1
            found.size += kept_size or 0
    return found


def prune(services: Services, found: Verified) -> int:
    """Delete the orphans that `verify` found, and that nobody wants meanwhile; return their number."""
    pruned = 0
    for start in range(0, len(found.orphans), AT_ONCE):
        with services.database.write() as connection:
            blobs = loose.note(connection, found.orphans[start : start + AT_ONCE])
        pruned += clear(services, blobs, now() - GRACE)
    return pruned


def _examine(services: Services, reference: Reference, size: int | None, *, thorough: bool) -> Damage | None:
    if size is None and services.blobs.size(reference.sha256) is None:
        return Damage("missing", reference.subject, f"its blob {reference.sha256} is not in the storage")
    if size is not None and reference.size is not None and size != reference.size:
        return Damage(
            "size", reference.subject, f"has {size:,} bytes, and the catalog says {reference.size:,}"
        )
    if not thorough:
        return None
    hasher = hashlib.sha256()
    try:
        for piece in services.blobs.read(reference.sha256):
            hasher.update(piece)
    except LookupError:
        return Damage("missing", reference.subject, f"its blob {reference.sha256} is not in the storage")
    except Refused as refused:
        return Damage("content", reference.subject, f"cannot be read: {refused.message}")
    if hasher.hexdigest() != reference.sha256:
        return Damage(
            "content", reference.subject, f"its SHA-256 is {hasher.hexdigest()}, not {reference.sha256}"
        )
    return None


def _variants(connection: Connection, found: Verified) -> Iterator[Damage]:
    """Write the index file of every release anew, and compare (PEP 825)."""
    has_variants = exists().where(files.c.release_id == releases.c.id, files.c.variant_json.is_not(None))
    query = (
        select(projects.c.name, releases.c.version, releases.c.id, releases.c.variants_json)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(or_(releases.c.variants_json.is_not(None), has_variants))
    )
    for row in _in_parts(connection, query):
        found.releases += 1
        documents = release_catalog.variant_documents(connection, row.id)
        try:
            expected = combined_document(documents)
        except ServerError as error:
            yield Damage("variants", f"{row.name} {row.version}", error.message)
            continue
        if expected != row.variants_json:
            yield Damage(
                "variants",
                f"{row.name} {row.version}",
                "its index file is not what its variant wheels say together",
            )


def _in_parts(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """Yield the rows of a query about releases some at a time: each has an index file with it."""
    last = 0
    while rows := connection.execute(
        query.where(releases.c.id > last).order_by(releases.c.id).limit(_AT_ONCE)
    ).all():
        yield from rows
        last = rows[-1].id
