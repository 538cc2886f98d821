"""Keeping the catalog as the folder is."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
from sqlalchemy import Connection, delete, select

from rewheel.server.catalog import facts, files, projects, releases, search
from rewheel.server.catalog.schema import (
    files as file_table,
    projects as project_table,
    releases as release_table,
)
from rewheel.server.errors import Refused, UnusableStore
from rewheel.server.intake.inspection import Inspected, inspect, is_distribution
from rewheel.server.intake.publishing import renew_variants
from rewheel.server.intake.spooling import Spooled
from rewheel.server.services import Services

__all__ = ["scan", "watch"]

_SEEN = "folder"
"""The fact that holds what the folder looked like when the catalog was filled from it."""

_PAUSE = 1.0
"""Seconds between two looks at the folder."""

_READERS = 4

Warn = Callable[[str], None]


def scan(services: Services, warn: Warn) -> bool:
    """Bring the catalog in line with the folder; return whether anything had changed.

    What is unfit to be served is left out, with a word to `warn`. Raises UnusableStore when the folder
    cannot be read.
    """
    directory = services.settings.directory
    assert directory is not None
    looks = _looks(directory)
    seen = json.dumps(looks, sort_keys=True)
    with services.database.read() as connection:
        before = facts.fact(connection, _SEEN) or "{}"
    if before == seen:
        return False
    known = json.loads(before)
    gone = [name for name, look in known.items() if looks.get(name) != look]
    new = [name for name, look in looks.items() if known.get(name) != look]
    inspected = _inspect(directory, new, warn)
    for each in inspected:
        if each.metadata is not None:
            services.blobs.put_bytes(hashlib.sha256(each.metadata).hexdigest(), each.metadata)
    with services.database.write() as connection:
        if (facts.fact(connection, _SEEN) or "{}") != before:  # another process was faster
            return False
        _change(connection, gone, inspected, warn)
        facts.keep_fact(connection, _SEEN, seen)
    return True


async def watch(services: Services, warn: Warn) -> None:
    """Look at the folder again and again, until cancelled."""
    while True:
        await anyio.sleep(_PAUSE)
        try:
            await services.run(scan, services, warn)
        except (Refused, UnusableStore) as error:
            warn(str(error))


def _looks(directory: Path) -> Mapping[str, list[int]]:
    """Return size and time of every distribution in the folder."""
    try:
        with os.scandir(directory) as entries:
            return {
                entry.name: [(stat := entry.stat()).st_size, stat.st_mtime_ns]
                for entry in entries
                if is_distribution(entry.name) and not entry.name.startswith(".") and entry.is_file()
            }
    except OSError as error:
        raise UnusableStore(
            f"{directory}: {error.strerror or error}", hint="name the folder that holds the wheels"
        ) from error


def _inspect(directory: Path, names: Sequence[str], warn: Warn) -> list[Inspected]:
    def look(name: str) -> Inspected | str:
        path = directory / name
        try:
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
                spooled = Spooled(path, sha256, stream.tell())
            return inspect(spooled, content=False)
        except Refused as refused:
            return f"{refused.message}; it is not served"
        except OSError as error:
            return f"{name}: {error.strerror or error}; it is not served"

    with ThreadPoolExecutor(_READERS, "rewheel-scan") as pool:
        found = list(pool.map(look, names))
    for each in found:
        if isinstance(each, str):
            warn(each)
    return [each for each in found if not isinstance(each, str)]


def _change(
    connection: Connection,
    gone: Sequence[str],
    inspected: Sequence[Inspected],
    warn: Warn,
) -> None:
    touched, changed = set(), set()
    for name in gone:
        query = select(file_table.c.project_id, file_table.c.release_id).where(file_table.c.filename == name)
        for row in connection.execute(query):
            touched.add(row.project_id)
            changed.add(row.release_id)
        connection.execute(delete(file_table).where(file_table.c.filename == name))
    for each in inspected:
        project = projects.find(connection, each.project) or projects.create(connection, each.display_name)
        release = releases.find_or_create(
            connection,
            project.id,
            version=each.version,
            sort_key=each.sort_key,
            description=each.description,
        )
        files.add(connection, project.id, release, each.as_file())
        touched.add(project.id)
        changed.add(release)
    for release in sorted(changed):
        _settle_release(connection, release, warn)
    for project_id in sorted(touched):
        _settle_project(connection, project_id)


def _settle_release(connection: Connection, release: int, warn: Warn) -> None:
    """Renew the index file of a release, or remove a release that has no files left."""
    left = connection.execute(select(file_table.c.id).where(file_table.c.release_id == release)).first()
    if left is None:
        connection.execute(delete(release_table).where(release_table.c.id == release))
        return
    try:
        renew_variants(connection, release)
    except Refused as refused:
        releases.keep_variants(connection, release, None)
        warn(refused.message)


def _settle_project(connection: Connection, project_id: int) -> None:
    """Show a project that has files, and remove one that has none left."""
    left = connection.execute(select(file_table.c.id).where(file_table.c.project_id == project_id)).first()
    if left is None:
        connection.execute(delete(project_table).where(project_table.c.id == project_id))
        facts.touch_list(connection)
        return
    name = connection.execute(
        select(project_table.c.name).where(project_table.c.id == project_id)
    ).scalar_one()
    project = projects.find(connection, name)
    assert project is not None
    projects.publish(connection, project)
    search.renew(connection, project_id)
