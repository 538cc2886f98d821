"""Pages as JSON (PEP 691, with the additions up to version 1.4 of the API)."""

import json
from collections.abc import Iterable
from typing import Any

from rewheel.server.catalog.projects import Status
from rewheel.server.reading.model import ListedFile, ListedRim, ProjectPage

__all__ = ["API_VERSION", "project_json", "projects_json"]

API_VERSION = "1.4"

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_quote = json.encoder.encode_basestring


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
    head = _encode(document).removesuffix("}")  # files are written by hand: there may be thousands
    return f'{head},"files":[{",".join(map(_entry, page.files))}]}}'.encode()


def _entry(file: ListedFile) -> str:
    """Return the object of one file; what comes from elsewhere than numbers and digests is quoted."""
    hashes = f'{{"sha256":{_quote(file.sha256)}}}' if file.sha256 else "{}"
    rim = ""
    if file.rim is not None:
        hashes, rim = _encode(dict(file.rim.wheel_hashes)), f',"_rim":{_encode(_rim(file.rim))}'
    parts = [f'{{"filename":{_quote(file.filename)},"url":{_quote(file.url)},"hashes":{hashes}']
    if file.size is not None:
        parts.append(f'"size":{file.size}')
    if file.requires_python:
        parts.append(f'"requires-python":{_quote(file.requires_python)}')
    if file.metadata_sha256 is not None:
        promise = f'{{"sha256":{_quote(file.metadata_sha256)}}}' if file.metadata_sha256 else "true"
        parts.append(f'"core-metadata":{promise}')
    if file.yanked_reason is not None:
        parts.append(f'"yanked":{_quote(file.yanked_reason) if file.yanked_reason else "true"}')
    if file.uploaded_at is not None:
        moment = file.uploaded_at.isoformat(timespec="microseconds")
        parts.append(f'"upload-time":"{moment.removesuffix("+00:00")}Z"')
    if file.provenance:
        parts.append(f'"provenance":{_quote(file.provenance)}')
    if file.source:
        parts.append(f'"_source":{_quote(file.source)}')
    return f"{','.join(parts)}{rim}}}"


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
