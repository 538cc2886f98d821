"""What was found in a file, as JSON, for files that wait until their release is published."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rewheel.server.catalog.releases import Description
from rewheel.server.intake.inspection import Inspected
from rewheel.server.intake.spooling import Spooled
from rewheel.wheels import ExternalHosting

__all__ = ["from_record", "to_record"]

_PLAIN = (
    "filename", "kind", "project", "display_name", "version", "sort_key", "requires_python", "label",
    "variant_json",
)  # fmt: skip


def to_record(inspected: Inspected) -> dict[str, Any]:
    """Write what was found; the bytes themselves are in the storage already."""
    record: dict[str, Any] = {name: getattr(inspected, name) for name in _PLAIN}
    record["sha256"], record["size"] = inspected.spooled.sha256, inspected.spooled.size
    record["metadata"] = inspected.metadata.decode("latin-1") if inspected.metadata is not None else None
    record["metadata_sha256"] = (
        hashlib.sha256(inspected.metadata).hexdigest() if inspected.metadata is not None else None
    )
    record["description"] = asdict(inspected.description)
    record["notes"] = list(inspected.notes)
    record["hosting"] = asdict(inspected.hosting) if inspected.hosting is not None else None
    return record


def from_record(record: Mapping[str, Any]) -> Inspected:
    """Read what `to_record` wrote."""
    metadata, hosting = record["metadata"], record["hosting"]
    return Inspected(
        spooled=Spooled(Path(record["filename"]), record["sha256"], record["size"]),
        metadata=metadata.encode("latin-1") if metadata is not None else None,
        description=Description(**record["description"]),
        notes=tuple(record["notes"]),
        hosting=ExternalHosting(**hosting) if hosting is not None else None,
        **{name: record[name] for name in _PLAIN},
    )
