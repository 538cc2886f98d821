"""Wheel variants: names, properties, metadata of every dialect, order and markers (PEP 825, PEP 850).

Everything here works on values: no files, no network, no look at the machine. Importing costs a few
milliseconds; parts are loaded when they are first used, and nothing outside the standard library is needed,
except `packaging` for comparing unusual versions.

>>> from rewheel.variants import rank, read_metadata
"""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.variants.environment import PLAIN, VariantEnvironment
    from rewheel.variants.errors import (
        InconsistentMetadata,
        InvalidFilename,
        InvalidLabel,
        InvalidMarker,
        InvalidMetadata,
        InvalidProperty,
        UndefinedMarkerVariable,
        UnknownLabel,
        UnsupportedSchema,
        VariantsError,
    )
    from rewheel.variants.filename import IndexFilename, WheelFilename, normalize_project
    from rewheel.variants.findings import Finding
    from rewheel.variants.json_schema import json_schema
    from rewheel.variants.label import NULL_LABEL, check_label
    from rewheel.variants.markers import Marker
    from rewheel.variants.merging import check_consistency, combine
    from rewheel.variants.metadata import VariantMetadata
    from rewheel.variants.ordering import Ranking, rank
    from rewheel.variants.properties import VariantProperties, VariantProperty, hash_label
    from rewheel.variants.providers import Provider, ProviderKind
    from rewheel.variants.pylock import LockReference, read_lock_table
    from rewheel.variants.pyproject import build_requirements, freeze_build_providers, read_pyproject
    from rewheel.variants.reading import check_metadata, read_metadata
    from rewheel.variants.schema import Dialect, DocumentKind
    from rewheel.variants.supported import Supported
    from rewheel.variants.verdicts import Cause, LabelVerdict, RejectedFeature, why_better
    from rewheel.variants.writing import losses, to_document, write_metadata

_HOMES = {
    "Cause": "verdicts",
    "Dialect": "schema",
    "DocumentKind": "schema",
    "Finding": "findings",
    "InconsistentMetadata": "errors",
    "IndexFilename": "filename",
    "InvalidFilename": "errors",
    "InvalidLabel": "errors",
    "InvalidMarker": "errors",
    "InvalidMetadata": "errors",
    "InvalidProperty": "errors",
    "LabelVerdict": "verdicts",
    "LockReference": "pylock",
    "Marker": "markers",
    "NULL_LABEL": "label",
    "PLAIN": "environment",
    "Provider": "providers",
    "ProviderKind": "providers",
    "Ranking": "ordering",
    "RejectedFeature": "verdicts",
    "Supported": "supported",
    "UndefinedMarkerVariable": "errors",
    "UnknownLabel": "errors",
    "UnsupportedSchema": "errors",
    "VariantEnvironment": "environment",
    "VariantMetadata": "metadata",
    "VariantProperties": "properties",
    "VariantProperty": "properties",
    "VariantsError": "errors",
    "WheelFilename": "filename",
    "build_requirements": "pyproject",
    "check_consistency": "merging",
    "check_label": "label",
    "check_metadata": "reading",
    "combine": "merging",
    "freeze_build_providers": "pyproject",
    "hash_label": "properties",
    "json_schema": "json_schema",
    "losses": "writing",
    "normalize_project": "filename",
    "rank": "ordering",
    "read_lock_table": "pylock",
    "read_metadata": "reading",
    "read_pyproject": "pyproject",
    "to_document": "writing",
    "why_better": "verdicts",
    "write_metadata": "writing",
}

__all__ = [
    "NULL_LABEL",
    "PLAIN",
    "Cause",
    "Dialect",
    "DocumentKind",
    "Finding",
    "InconsistentMetadata",
    "IndexFilename",
    "InvalidFilename",
    "InvalidLabel",
    "InvalidMarker",
    "InvalidMetadata",
    "InvalidProperty",
    "LabelVerdict",
    "LockReference",
    "Marker",
    "Provider",
    "ProviderKind",
    "Ranking",
    "RejectedFeature",
    "Supported",
    "UndefinedMarkerVariable",
    "UnknownLabel",
    "UnsupportedSchema",
    "VariantEnvironment",
    "VariantMetadata",
    "VariantProperties",
    "VariantProperty",
    "VariantsError",
    "WheelFilename",
    "build_requirements",
    "check_consistency",
    "check_label",
    "check_metadata",
    "combine",
    "freeze_build_providers",
    "hash_label",
    "json_schema",
    "losses",
    "normalize_project",
    "rank",
    "read_lock_table",
    "read_metadata",
    "read_pyproject",
    "to_document",
    "why_better",
    "write_metadata",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
