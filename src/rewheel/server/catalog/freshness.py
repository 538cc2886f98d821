"""Whether anything at all has changed in the database, asked in microseconds."""

from rewheel.server.catalog.direct import Direct

__all__ = ["Freshness"]


class Freshness:
    """Gives marks: as long as the mark is the same, so is everything in the catalog.

    SQLite counts the commits of others (`PRAGMA data_version`), which costs no more than a look into shared
    memory. A database across the network gives no marks, and then each page is compared by its serial.
    """

    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    def mark(self) -> int | None:
        """Return the mark of this moment for the calling thread; None when there is none."""
        row = self._direct.row("PRAGMA data_version")
        return int(row[0]) if row is not None else None

    def serial(self, project: str) -> int | None:
        """Return the serial of a visible project, 0 if there is none; None when that is not at hand."""
        row = self._direct.row("SELECT max(serial) FROM projects WHERE name = ? AND is_visible", project)
        return int(row[0] or 0) if row is not None else None
