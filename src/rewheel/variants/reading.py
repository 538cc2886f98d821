"""The front door to variant metadata: read it, or list what is wrong with it.

Nothing is imported before the first call: a tool pays for reading only when there is something to read.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rewheel.variants.findings import Finding
    from rewheel.variants.metadata import VariantMetadata
    from rewheel.variants.schema import DocumentKind

__all__ = ["SIZE_LIMIT", "check_metadata", "read_metadata"]

SIZE_LIMIT = 16 * 1024 * 1024
"""Largest document that is read, in bytes; an index file of 10,000 labels has about 3 MiB."""


def read_metadata(
    data: bytes | str | Mapping[str, Any],
    *,
    kind: DocumentKind | str = "index",
    label: str = "",
    limit: int = SIZE_LIMIT,
) -> VariantMetadata:
    """Read an index file, the `variant.json` of a wheel, a pyproject table or a lock file's table.

    Bytes and text are JSON, except that for `DocumentKind.PYPROJECT` they are a whole pyproject.toml. A
    mapping is the parsed document itself: for pyproject.toml the table `variant`, for a lock file the table
    `variants-json`. For `DocumentKind.WHEEL`, `label` is the one of the wheel's file name; if it
    is not known, as for an installed project, exactly one label must be there.

    Raises `UnsupportedSchema` for a major version that must not be read, and `InvalidMetadata`, with every
    finding, for anything else that cannot be used. Documents over `limit` bytes are refused.

    >>> text = '''{"$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
    ...            "default-priorities": {"namespace": ["gpu"]},
    ...            "variants": {"fast": {"gpu": {"arch": ["x1"]}}}}'''
    >>> read_metadata(text).properties_of("fast")
    VariantProperties(gpu :: arch :: x1)
    """
    from rewheel.variants.errors import InvalidMetadata, UnsupportedSchema
    from rewheel.variants.interpretation import UNSUPPORTED

    metadata, found = _interpret(data, kind, label, limit)
    if metadata is None:
        is_unsupported = any(finding.code == UNSUPPORTED for finding in found)
        raise UnsupportedSchema(found) if is_unsupported else InvalidMetadata(found)
    return metadata


def check_metadata(
    data: bytes | str | Mapping[str, Any],
    *,
    kind: DocumentKind | str = "index",
    label: str = "",
    limit: int = SIZE_LIMIT,
) -> list[Finding]:
    """Return everything that is wrong with a document, in its order; never raises for what is in it.

    Whoever publishes metadata refuses documents with a fatal finding and tells of the others.
    """
    return _interpret(data, kind, label, limit)[1]


def _interpret(
    data: bytes | str | Mapping[str, Any], kind: DocumentKind | str, label: str, limit: int
) -> tuple[VariantMetadata | None, list[Finding]]:
    from rewheel.variants.findings import Findings
    from rewheel.variants.interpretation import interpret
    from rewheel.variants.schema import DocumentKind

    findings = Findings()
    metadata = interpret(data, findings, DocumentKind(kind), label, limit)
    return (None if findings.is_fatal else metadata), findings.as_list()
