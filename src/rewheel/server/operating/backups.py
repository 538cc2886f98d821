"""Backups: the index at one moment, taken while it serves, and put back into an empty one of any kind."""

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from rewheel import __version__
from rewheel.progress import SILENT, Reporter
from rewheel.server.blobs.storage import trouble
from rewheel.server.catalog import facts
from rewheel.server.catalog.migrating import NEWEST
from rewheel.server.catalog.moments import now
from rewheel.server.errors import ServerError
from rewheel.server.operating.archives import (
    MANIFEST,
    Reader,
    Writer,
    blob_name,
    catalog_name,
    open_reader,
    open_writer,
)
from rewheel.server.operating.dump import dump, is_empty, load
from rewheel.server.operating.referenced import references
from rewheel.server.services import Services

__all__ = ["BackedUp", "back_up", "restore"]

_FORMAT = 1
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    rows: dict[str, int]
    """By table."""
    blobs: int
    size: int
    """Bytes of the blobs."""
    is_complete: bool
    """Whether the blobs are in it, and not only the catalog."""


def back_up(
    services: Services,
    place: Path,
    *,
    with_blobs: bool = True,
    with_upstream: bool = True,
    reporter: Reporter = SILENT,
) -> BackedUp:
    """Write a backup to a folder or to a tar file.

    The catalog is that of one moment, whatever is uploaded meanwhile; blobs never change, and so follow in
    their own time. Raises ServerError.
    """
    services.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _scratch_folder(services) as scratch, open_writer(place) as writer:
        catalog = scratch / "catalog"
        rows, instance, wanted = _dump(services, catalog, with_upstream=with_upstream)
        size = _copy_blobs(services, wanted, writer, scratch, reporter) if with_blobs else 0
        manifest: dict[str, Any] = {
            "format": _FORMAT,
            "rewheel": __version__,
            "revision": NEWEST,
            "instance": instance,
            "created-at": now().isoformat(),
            "catalog-sha256": _digest(catalog),
            "blobs": "included" if with_blobs else "referenced",
            "rows": rows,
        }
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        writer.add(catalog_name(manifest["catalog-sha256"]), catalog)
        writer.add(MANIFEST, scratch / MANIFEST)
        writer.forget_others()
    return BackedUp(rows, len(wanted), size, with_blobs)


def restore(services: Services, place: Path, *, reporter: Reporter = SILENT) -> BackedUp:
    """Put a backup into an index that nobody has used yet; its tables have to be there.

    Blobs come first and are checked, then all rows at once: killed in between, it can simply be done again.
    Raises ServerError.
    """
    with open_reader(place) as reader:
        manifest = _read_manifest(reader, place)
        with services.database.read() as connection:
            if not is_empty(connection):
                raise ServerError(
                    "the index to restore into is not empty",
                    hint="name a new folder with --data, or an empty database; nothing is ever overwritten",
                )
        is_complete = manifest.get("blobs") == "included"
        services.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        count, size = _put_blobs(services, reader, reporter)
        with services.database.write() as connection, _checked_catalog(reader, manifest, services) as source:
            if not is_empty(connection):
                raise ServerError("somebody has begun to use the index meanwhile")
            rows = load(connection, source)
            if rows != manifest.get("rows"):
                raise ServerError("the backup's catalog has not as many rows as its manifest says")
            _check_presence(services, connection)
    return BackedUp(rows, count, size, is_complete)


def _dump(
    services: Services, path: Path, *, with_upstream: bool
) -> tuple[dict[str, int], str, dict[str, int | None]]:
    with (
        services.database.snapshot() as connection,
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, filename="", mtime=0) as target,
    ):
        rows = dump(connection, target, with_upstream=with_upstream)  # type: ignore[arg-type]
        wanted = {r.sha256: r.size for r in references(connection, with_upstream=with_upstream)}
        return rows, facts.fact(connection, "instance") or "", wanted


def _copy_blobs(
    services: Services, wanted: dict[str, int | None], writer: Writer, scratch: Path, reporter: Reporter
) -> int:
    size = 0
    for sha256 in sorted(wanted):
        if writer.has(blob_name(sha256)):
            continue
        reporter.detail(f"copying {sha256}")
        here = scratch / "blob"
        hasher = hashlib.sha256()
        try:
            with here.open("wb") as target:
                for piece in services.blobs.read(sha256):
                    hasher.update(piece)
                    target.write(piece)
        except LookupError as error:
            raise ServerError(
                f"the blob {sha256} is not in the storage", hint="`rewheel index verify` says whose it is"
            ) from error
        if hasher.hexdigest() != sha256:
            raise ServerError(f"the blob {sha256} is damaged", hint="`rewheel index verify` says whose it is")
        size += here.stat().st_size
        writer.add(blob_name(sha256), here)
    return size


def _read_manifest(reader: Reader, place: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(reader.manifest())
        number, revision = manifest["format"], manifest["revision"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ServerError(f"{place}: its manifest makes no sense") from error
    if number != _FORMAT or revision != NEWEST:
        raise ServerError(
            f"{place}: was made by rewheel {manifest.get('rewheel', '?')}, whose catalog has another form",
            hint="restore it with that version, then upgrade",
        )
    assert isinstance(manifest, dict)
    return manifest


def _put_blobs(services: Services, reader: Reader, reporter: Reporter) -> tuple[int, int]:
    count = size = 0
    for sha256, source in reader.blobs():
        reporter.detail(f"restoring {sha256}")
        with _scratch_folder(services) as scratch:
            here = scratch / "blob"
            with here.open("wb") as target:
                shutil.copyfileobj(source, target, _STEP)
            if _digest(here) != sha256:
                raise ServerError(f"the backup's blob {sha256} is damaged")
            size += here.stat().st_size
            services.blobs.put(sha256, here)
        count += 1
    return count, size


@contextmanager
def _checked_catalog(reader: Reader, manifest: dict[str, Any], services: Services) -> Iterator[BinaryIO]:
    """Give the rows, after all of them were found to be what the manifest says."""
    with _scratch_folder(services) as scratch:
        packed, promised = scratch / "catalog", str(manifest.get("catalog-sha256"))
        with reader.catalog(promised) as source, packed.open("wb") as target:
            shutil.copyfileobj(source, target, _STEP)
        if _digest(packed) != promised:
            raise ServerError("the backup's catalog is damaged: its hash is not the manifest's")
        try:
            with gzip.open(packed, "rb") as rows:
                yield rows  # type: ignore[misc]
        except (gzip.BadGzipFile, EOFError) as error:
            raise ServerError("the backup's catalog is damaged: it cannot be unpacked") from error


def _check_presence(services: Services, connection: Connection) -> None:
    """Make sure that everything that pages will offer can be fetched."""
    there = {blob.sha256 for blob in services.blobs.entries()}
    for reference in references(connection):
        if reference.sha256 not in there:
            raise ServerError(
                f"the blob of {reference.subject} is neither in the backup nor in the storage",
                hint="a backup without blobs needs the storage that it was made with",
            )


@contextmanager
def _scratch_folder(services: Services) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=services.spool) as folder:
            yield Path(folder)
    except OSError as error:
        raise trouble(error) from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
