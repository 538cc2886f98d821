"""Columns of plain text."""

from collections.abc import Iterable, Sequence

__all__ = ["table_lines"]


def table_lines(rows: Iterable[Sequence[str]], *, indent: str = "") -> list[str]:
    """Align the cells of all rows, two spaces apart; the last column is never padded."""
    table = [tuple(row) for row in rows]
    count = max((len(row) for row in table), default=0)
    widths = [
        max((len(row[column]) for row in table if column < len(row)), default=0) for column in range(count)
    ]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))).rstrip()
        for row in table
    ]
