"""An index of ours of any size, written straight into its catalog: what is measured is reading."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import Version
from server_data import file_names
from sqlalchemy import insert

from rewheel.server.catalog import facts
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import files, projects, releases
from rewheel.server.catalog.versions import sort_key
from rewheel.server.running import prepare
from rewheel.server.settings import ServerSettings

__all__ = ["TOKEN", "fill"]

TOKEN = "token-of-the-benchmark-of-servers"
_BATCH = 200
"""Projects that are written at once."""


def fill(data: Path, count: int, total: int, big: int) -> None:
    """Make an index of `count` projects with `total` files, `big` of them in one project."""
    settings = ServerSettings(data=data, admin_token=TOKEN)
    prepare(settings)
    database = Database(settings.database_url)
    numbers = itertools.count(1)
    named = enumerate(file_names(count, total, big), 1)
    while batch := list(itertools.islice(named, _BATCH)):
        rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
        for key, (project, names) in batch:
            rows[0].append(_project(key, project))
            for version, members in itertools.groupby(names, lambda name: name.split("-")[1]):
                release = next(numbers)
                rows[1].append(_release(release, key, version))
                rows[2].extend(_files(key, release, members))
        with database.write() as connection:
            for table, values in zip((projects, releases, files), rows, strict=True):
                connection.execute(insert(table), values)
            facts.touch_list(connection)
    database.close()


def _project(key: int, name: str) -> dict[str, Any]:
    return {
        "id": key, "name": name, "display_name": name, "status": "active", "status_reason": "", "serial": 1,
        "is_visible": True, "tracks": [], "alternate_locations": [], "created_at": now(),
    }  # fmt: skip


def _release(key: int, project: int, version: str) -> dict[str, Any]:
    return {
        "id": key, "project_id": project, "version": version, "sort_key": sort_key(Version(version)),
        "summary": "", "requires_python": ">=3.11", "metadata": {}, "description": "",
        "description_content_type": "", "created_at": now(),
    }  # fmt: skip


def _files(project: int, release: int, names: Iterator[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        digest = hashlib.sha256(name.encode()).hexdigest()
        yield {
            "project_id": project, "release_id": release, "filename": name, "kind": "wheel", "sha256": digest,
            "size": 1_000_000, "hashes": {"sha256": digest}, "requires_python": ">=3.11",
            "metadata_sha256": hashlib.sha256(digest.encode()).hexdigest(), "label": "", "uploaded_at": now(),
        }  # fmt: skip
