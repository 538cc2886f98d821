"""The combined variant metadata of a release, from its index file or else its wheels (PEP 825)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError
from rewheel.indexes import RangesUnsupported
from rewheel.values import field, frozen
from rewheel.variants import DocumentKind, VariantMetadata, VariantsError, combine, read_metadata
from rewheel.wheels import Wheel

if TYPE_CHECKING:
    from rewheel.indexes import Client
    from rewheel.resolution.releases import Release, WheelFile

__all__ = ["CombinedMetadata", "embedded_metadata", "read_combined"]

INDEX_FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of an index file above which it is refused unread."""


@frozen
class CombinedMetadata:
    """What is known of a release's labels; without `metadata` all its variant wheels are out."""

    metadata: VariantMetadata | None
    origin: str
    """The index file's name, or `"the wheels"`."""
    problem: str = ""
    """Why there is no metadata."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Labels whose own wheel could not be read, with the reason."""


def read_combined(
    release: "Release", wheels_by_label: Mapping[str, "WheelFile"], client: "Client"
) -> CombinedMetadata:
    """Read the listed index file, or where none is listed one wheel of each label.

    Nothing is raised for bad metadata or a failing source: installers go on with the plain wheels, so what
    went wrong is part of the answer (PEP 825, installer behaviour).
    """
    if release.index_file is not None:
        return _from_index_file(release.index_file.filename, release, client)
    return _from_wheels(wheels_by_label, client)


def embedded_metadata(wheel: "WheelFile", client: "Client") -> VariantMetadata:
    """Read a wheel's own `variant.json`, which must describe exactly the label of its file name.

    Raises `IndexesError`, `WheelsError` or `VariantsError`, and thus always a `RewheelError`.
    """
    source = client.open_wheel(wheel.file)
    try:
        return Wheel.over(source, wheel.file.filename).variant_metadata()
    finally:
        source.close()


def _from_index_file(name: str, release: "Release", client: "Client") -> CombinedMetadata:
    assert release.index_file is not None
    try:
        data = client.fetch(release.index_file, limit=INDEX_FILE_LIMIT)
        return CombinedMetadata(read_metadata(data, kind=DocumentKind.INDEX), name)
    except RewheelError as error:
        return CombinedMetadata(None, name, problem=f"{name}: {error}")


def _from_wheels(wheels_by_label: Mapping[str, "WheelFile"], client: "Client") -> CombinedMetadata:
    parts: list[VariantMetadata] = []
    dropped: dict[str, str] = {}
    for label, outcome in zip(
        wheels_by_label, _read_all(list(wheels_by_label.values()), client), strict=True
    ):
        if isinstance(outcome, VariantMetadata):
            parts.append(outcome)
        elif isinstance(outcome, RangesUnsupported):
            return CombinedMetadata(None, "the wheels", problem=str(outcome))
        else:
            dropped[label] = str(outcome)
    if not parts:
        return CombinedMetadata(None, "the wheels", problem="; ".join(dropped.values()), dropped=dropped)
    try:
        return CombinedMetadata(combine(parts), "the wheels", dropped=dropped)
    except VariantsError as error:
        return CombinedMetadata(None, "the wheels", problem=f"its wheels contradict one another: {error}")


def _read_all(wheels: Sequence["WheelFile"], client: "Client") -> list[VariantMetadata | RewheelError]:
    def read(wheel: "WheelFile") -> VariantMetadata | RewheelError:
        try:
            return embedded_metadata(wheel, client)
        except RewheelError as error:
            return error

    return client.map(read, wheels)
