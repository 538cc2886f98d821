"""Which release of a project is the one that lists show, and by whose words the project is found."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, bindparam, exists, select

from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import files, releases

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["best", "is_prerelease", "newest_release"]

_T = TypeVar("_T")

_STEP = 16
"""Releases that are looked at first: mostly the newest one is it."""

_IS_OFFERED = exists().where(
    files.c.release_id == releases.c.id, files.c.stage_id.is_(None), files.c.yanked_reason.is_(None)
)
_RELEASES = Prepared(
    select(releases.c.id, releases.c.version, _IS_OFFERED)
    .where(releases.c.project_id == bindparam("project"))
    .order_by(releases.c.sort_key.desc())
    .limit(bindparam("most"))
    .offset(bindparam("passed"))
)


def newest_release(connection: Connection, project_id: int) -> int | None:
    """Return the id of a project's newest release that is neither yanked nor a pre-release.

    If there is none it is the newest pre-release, else one that is yanked; None without releases.
    """
    found: Sequence[Any] | None = None
    passed, step = 0, _STEP
    while True:
        rows = _RELEASES.rows(connection, {"project": project_id, "most": step, "passed": passed})
        some = [found, *rows] if found is not None else rows
        if not some:
            return None
        found = best((row, not row[2], row[1]) for row in some)
        if len(rows) < step or not any(_shortcomings(not found[2], found[1])):
            return int(found[0])
        passed, step = passed + step, step * 8


def best(candidates: Iterable[tuple[_T, bool, str]]) -> _T:
    """Return the first of some releases that has the least against it.

    Each comes with whether it is yanked as a whole, and with its version; the newest come first.
    """
    return min(candidates, key=lambda each: _shortcomings(each[1], each[2]))[0]


def is_prerelease(version: str) -> bool:
    """Tell whether installers pass a version over unless they are told otherwise (PEP 440)."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version).is_prerelease
    except InvalidVersion:
        return False


def _shortcomings(is_yanked: bool, version: str) -> tuple[bool, bool]:
    return is_yanked, is_prerelease(version)
