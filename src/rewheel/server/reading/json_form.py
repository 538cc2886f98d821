"""Pages as JSON (PEP 691, with the additions up to version 1.4 of the API)."""

import json
from collections.abc import Iterable
from typing import Any

from rewheel.server.catalog.projects import Status
from rewheel.server.reading.model import ListedFile, ListedRim, ProjectPage

__all__ = ["API_VERSION", "project_json", "projects_json"]

API_VERSION = "1.4"

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def projects_json(names: Iterable[str], serial: int) -> bytes:
    """Return the list of all projects."""
    meta = {"api-version": API_VERSION, "_last-serial": serial}
    return _encode({"meta": meta, "projects": [{"name": name} for name in names]}).encode()


def project_json(page: ProjectPage) -> bytes:
    """Return the page of one project."""
    meta: dict[str, Any] = {"api-version": API_VERSION, "_last-serial": page.serial}
    if page.tracks:
        meta["tracks"] = list(page.tracks)  # PEP 708
    document: dict[str, Any] = {"meta": meta, "name": page.name}
    if page.alternate_locations:
        document["alternate-locations"] = list(page.alternate_locations)  # PEP 708
    if page.status is not Status.ACTIVE or page.status_reason:
        status = {"status": page.status.value}  # PEP 792
        document["project-status"] = (
            {**status, "reason": page.status_reason} if page.status_reason else status
        )
    document["versions"] = list(page.versions)
    document["files"] = [_entry(file) for file in page.files]
    return _encode(document).encode()


def _entry(file: ListedFile) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256} if file.sha256 else {},
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.metadata_sha256 is not None:
        entry["core-metadata"] = {"sha256": file.metadata_sha256} if file.metadata_sha256 else True
    if file.yanked_reason is not None:
        entry["yanked"] = file.yanked_reason or True
    if file.uploaded_at is not None:
        moment = file.uploaded_at.isoformat(timespec="microseconds")
        entry["upload-time"] = f"{moment.removesuffix('+00:00')}Z"
    if file.provenance:
        entry["provenance"] = file.provenance
    if file.source:
        entry["_source"] = file.source
    if file.rim is not None:
        entry["hashes"] = dict(file.rim.wheel_hashes)
        entry["_rim"] = _rim(file.rim)
    return entry


def _rim(rim: ListedRim) -> dict[str, Any]:
    """Tell our own installer where the metadata are, and whom its user can ask for help."""
    entry: dict[str, Any] = {
        "url": rim.url,
        "hashes": {"sha256": rim.sha256},
        "owner": rim.owner,
        "support": rim.support_url,
    }
    if rim.metadata_sha256:
        entry["core-metadata"] = {"sha256": rim.metadata_sha256}
    return entry
