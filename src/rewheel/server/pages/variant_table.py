"""The table of a release's variants: labels by properties, with sizes and the wheels behind each label."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rewheel.server.pages.wording import Platform, platform_of, python_key, python_of
from rewheel.variants import NULL_LABEL, VariantMetadata, WheelFilename

__all__ = ["Column", "LabelRow", "PlatformWheels", "VariantTable", "Wheel", "variant_table"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of the release, as far as its table goes."""

    filename: WheelFilename
    size: int | None
    """Bytes, if known."""


@dataclass(frozen=True, slots=True)
class Column:
    """A feature that some label has a value of."""

    namespace: str
    feature: str


@dataclass(frozen=True, slots=True)
class PlatformWheels:
    """The wheels of one label for one platform: for which Pythons."""

    platform: Platform
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label: its values in the order of the columns, and its wheels."""

    label: str
    """Empty for wheels without a label."""
    values: tuple[tuple[str, ...], ...]
    platforms: tuple[PlatformWheels, ...]
    wheels: int
    smallest: int | None
    """Bytes of the smallest wheel whose size is known; None if none is."""
    largest: int | None
    is_known: bool = True
    """Whether the release's metadata lists it; installers never take a label that is not listed."""

    @property
    def is_plain(self) -> bool:
        """Whether it stands for the wheels without a label."""
        return not self.label

    @property
    def is_null(self) -> bool:
        """Whether it is the variant without properties (PEP 825, null variant)."""
        return self.label == NULL_LABEL


@dataclass(frozen=True, slots=True)
class VariantTable:
    """What a release is built for."""

    columns: tuple[Column, ...]
    rows: tuple[LabelRow, ...]

    @property
    def namespaces(self) -> tuple[tuple[str, int], ...]:
        """The namespaces in the order of their importance, each with the number of its columns."""
        found: dict[str, int] = {}
        for column in self.columns:
            found[column.namespace] = found.get(column.namespace, 0) + 1
        return tuple(found.items())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, without the plain wheels."""
        return tuple(row.label for row in self.rows if row.label)

    @property
    def pythons(self) -> tuple[str, ...]:
        """All Pythons that there are wheels for, oldest first."""
        found = {python for row in self.rows for each in row.platforms for python in each.pythons}
        return tuple(sorted(found, key=python_key))


def variant_table(wheels: Iterable[Wheel], metadata: VariantMetadata | None) -> VariantTable:
    """Set the labels of a release against their properties.

    Namespaces come in the order in which they decide (PEP 825, ordering). Labels come by what they ask for,
    the most demanding first; then the null variant, and last the plain wheels, the order of every installer.
    """
    by_label: dict[str, list[Wheel]] = {}
    for wheel in wheels:
        by_label.setdefault(wheel.filename.label, []).append(wheel)
    columns = _columns(by_label, metadata)
    rows = [_row(label, found, columns, metadata) for label, found in by_label.items()]
    return VariantTable(tuple(columns), tuple(sorted(rows, key=_place)))


def _columns(labels: Iterable[str], metadata: VariantMetadata | None) -> list[Column]:
    found: dict[str, set[str]] = {}
    for label in labels:
        properties = metadata.properties_of(label) if metadata is not None and label else None
        for namespace, features in (properties.table if properties is not None else {}).items():
            found.setdefault(namespace, set()).update(features)
    known = metadata.namespaces if metadata is not None else ()
    ordered = [name for name in known if name in found] + sorted(found.keys() - set(known))
    return [Column(namespace, feature) for namespace in ordered for feature in sorted(found[namespace])]


def _row(
    label: str, wheels: Sequence[Wheel], columns: Sequence[Column], metadata: VariantMetadata | None
) -> LabelRow:
    properties = metadata.properties_of(label) if metadata is not None and label else None
    values = [
        tuple(sorted(properties.values(column.namespace, column.feature), key=natural, reverse=True))
        if properties is not None
        else ()
        for column in columns
    ]
    sizes = [wheel.size for wheel in wheels if wheel.size is not None]
    return LabelRow(
        label,
        tuple(values),
        _platforms(wheels),
        len(wheels),
        min(sizes, default=None),
        max(sizes, default=None),
        is_known=not label or properties is not None,
    )


def _platforms(wheels: Iterable[Wheel]) -> tuple[PlatformWheels, ...]:
    found: dict[Platform, set[str]] = {}
    for wheel in wheels:
        platform = platform_of(wheel.filename.platform)
        found.setdefault(platform, set()).add(python_of(wheel.filename.python, wheel.filename.abi))
    return tuple(
        PlatformWheels(platform, tuple(sorted(found[platform], key=python_key))) for platform in sorted(found)
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort numbers inside of texts as numbers: v9 before v10, and 8a before 8.1a."""
    parts = re.findall(r"[0-9]{1,9}|[.]|[^0-9.]+|[0-9]+", text)
    return tuple(
        (0, int(part), "") if part.isdigit() and len(part) < 10 else (1 + (part == "."), 0, part)
        for part in parts
    )


class _Reversed:
    """Sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[tuple[int, int, str], ...]) -> None:
        self.key = key

    def __lt__(self, other: "_Reversed") -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def _place(row: LabelRow) -> tuple[object, ...]:
    special = 2 if row.is_plain else 1 if row.is_null else 0
    used = [(not values, _Reversed(natural(values[0] if values else ""))) for values in row.values]
    return (special, not row.is_known, used, row.label)
