"""Small projects, read whole without a thread: pages of them are what an index is asked for most."""

import json
from datetime import UTC, datetime
from typing import Any

from rewheel.server.catalog import files, projects
from rewheel.server.catalog.direct import Direct

__all__ = ["SmallProjects"]

_MOST = 100
"""Files of a project that an event loop can wait for: some two milliseconds."""

_PROJECT = len(projects.COLUMNS)
_UPLOADED = files.Published._fields.index("uploaded_at")

# One statement, so that all of it is of one moment; what is beyond the limit is not even read.
_QUERY = f"""
SELECT {", ".join(map(str, (*projects.COLUMNS, *files.PUBLISHED)))}, releases.sort_key
FROM projects
LEFT JOIN files ON files.project_id = projects.id AND files.stage_id IS NULL
LEFT JOIN releases ON releases.id = files.release_id
WHERE projects.name = ? AND projects.is_visible
LIMIT {_MOST + 1}
"""  # noqa: S608 - made of columns alone


class SmallProjects:
    """Projects as `projects.find` and `files.list_published` give them, if they are small and at hand."""

    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    def find(self, name: str) -> tuple[projects.Project, list[files.Published]] | None:
        """Return a visible project with its public files; None if it is not there, large, or not at hand."""
        rows = self._direct.rows(_QUERY, name)
        if not rows or len(rows) > _MOST:
            return None
        *plain, tracks, alternate_locations = rows[0][:_PROJECT]
        project = projects.of_row((*plain, json.loads(tracks), json.loads(alternate_locations)))
        rows.sort(key=_place)
        return project, [_published(row[_PROJECT:-1]) for row in rows if row[_PROJECT] is not None]


def _place(row: tuple[Any, ...]) -> tuple[str, str]:
    """Order by version and name; a project without files has one row, of nothing."""
    return row[-1], row[_PROJECT]


def _published(row: tuple[Any, ...]) -> files.Published:
    moment = datetime.fromisoformat(row[_UPLOADED]).replace(tzinfo=UTC)
    return files.Published._make((*row[:_UPLOADED], moment, *row[_UPLOADED + 1 :]))
