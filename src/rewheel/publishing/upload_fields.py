"""What an upload says about its file (legacy upload API, `file_upload`)."""

import re
from collections.abc import Iterator

from rewheel.metadata import CoreMetadata
from rewheel.publishing.entries import SdistEntry, WheelEntry

__all__ = ["index_file_fields", "upload_fields"]

_NAMES = {"classifier": "classifiers", "license-file": "license_files", "project-url": "project_urls"}
"""Fields of core metadata that the form calls something else than themselves with underscores."""

_OWN = frozenset({"name", "version", "metadata-version", "description"})
_HEAD_END = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)")


def upload_fields(entry: WheelEntry | SdistEntry) -> list[tuple[str, str]]:
    """Return the fields of the form for a distribution, in a fixed order."""
    is_wheel = isinstance(entry, WheelEntry)
    python = entry.filename.python if isinstance(entry, WheelEntry) else "source"
    fields = [
        *_action(),
        ("filetype", "bdist_wheel" if is_wheel else "sdist"),
        ("pyversion", python),
        ("metadata_version", entry.core.metadata_version or "1.0"),
        ("name", entry.core.name),
        ("version", entry.core.version),
        ("sha256_digest", entry.sha256),
    ]
    fields += _metadata_fields(entry.core)
    description = _description(entry)
    if description:
        fields.append(("description", description))
    return fields


def index_file_fields(project: str, version: str, sha256: str) -> list[tuple[str, str]]:
    """Return the fields of the form for an index file; the upload API itself knows no such files."""
    return [
        *_action(),
        ("filetype", "variants_json"),
        ("pyversion", ""),
        ("metadata_version", "2.1"),
        ("name", project),
        ("version", version),
        ("sha256_digest", sha256),
    ]


def _action() -> list[tuple[str, str]]:
    return [(":action", "file_upload"), ("protocol_version", "1")]


def _metadata_fields(core: CoreMetadata) -> Iterator[tuple[str, str]]:
    for header, values in core.headers.items():
        if header not in _OWN:
            name = _NAMES.get(header, header.replace("-", "_"))
            yield from ((name, value) for value in values)


def _description(entry: WheelEntry | SdistEntry) -> str:
    """Return the description: that of the header, else what follows the headers."""
    header = entry.core.field("description")
    if header:
        return header
    end = _HEAD_END.search(entry.metadata)
    body = entry.metadata[end.end() :] if end else b""
    return body.decode("utf-8", "replace").strip()
