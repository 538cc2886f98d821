"""Which hardware is supported where: the labels, by what they ask for and by platform."""

from collections.abc import Iterable
from dataclasses import dataclass

from rewheel.server.pages.variant_table import LabelRow, VariantTable

__all__ = ["SupportMatrix", "SupportRow", "support_matrix"]

_COMMON = ("Linux x86_64", "Linux aarch64", "macOS arm64", "macOS x86_64", "Windows x86_64", "Windows arm64")
"""The columns that people look for; they are shown even if they are empty."""


@dataclass(frozen=True, slots=True)
class SupportRow:
    """What labels of one kind need, and which of them there are per platform, in the order of the columns."""

    needs: tuple[str, ...]
    """Namespaces, such as nvidia; none for wheels that run on every machine of the platform."""
    cells: tuple[tuple[str, ...], ...]
    """Labels; the empty one is the plain wheel."""


@dataclass(frozen=True, slots=True)
class SupportMatrix:
    """Kinds of hardware by platform."""

    platforms: tuple[str, ...]
    rows: tuple[SupportRow, ...]


def support_matrix(table: VariantTable) -> SupportMatrix:
    """Turn the table of variants around: per kind of hardware and platform, the labels that exist."""
    found: dict[tuple[str, ...], list[LabelRow]] = {}
    for row in table.rows:
        if row.is_known:
            found.setdefault(_needs(table, row), []).append(row)
    platforms = _columns(table.rows)
    order = [name for name, _ in table.namespaces]
    kinds = sorted(found, key=lambda needs: (not needs, [order.index(name) for name in needs]))
    rows = [SupportRow(needs, tuple(_labels(found[needs], each) for each in platforms)) for needs in kinds]
    return SupportMatrix(platforms, tuple(rows))


def _needs(table: VariantTable, row: LabelRow) -> tuple[str, ...]:
    used = [column.namespace for column, values in zip(table.columns, row.values, strict=True) if values]
    return tuple(dict.fromkeys(used))


def _columns(rows: Iterable[LabelRow]) -> tuple[str, ...]:
    found = {str(wheels.platform) for row in rows for wheels in row.platforms}
    if found <= {_ANY}:
        return (_ANY,)
    return tuple(dict.fromkeys([*_COMMON, *sorted(found - {_ANY, _UNIVERSAL})]))


_ANY = "any platform"
_UNIVERSAL = "macOS universal2"


def _labels(rows: Iterable[LabelRow], platform: str) -> tuple[str, ...]:
    fitting = {platform, _ANY}
    if platform in {"macOS arm64", "macOS x86_64"}:
        fitting.add(_UNIVERSAL)
    return tuple(row.label for row in rows if any(str(each.platform) in fitting for each in row.platforms))
