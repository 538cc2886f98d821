"""The report of an installation, for programs: pip's form, with the variant added."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.cli.session import Session
from rewheel.errors import RewheelError, UsageError

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.indexes import File
    from rewheel.installing import Installation
    from rewheel.resolution import Choice, ResolvedPackage

__all__ = ["check_report_place", "write_report"]


def check_report_place(session: Session, place: str | None) -> None:
    """Find out before anything changes that a report could not be written; raises UsageError."""
    import os

    if place is None or place == "-":
        return
    path = session.cwd / Path(place)
    if path.is_dir():
        raise UsageError(f"--report {place}: that is a folder", hint="name a file, or - for the output")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--report {place}: no file can be written there", hint="name a file elsewhere")


def write_report(session: Session, place: str, done: "Installation", target: "Target") -> None:
    """Write it into a file, or to standard output for `-`; raises RewheelError."""
    import json

    from rewheel import __version__
    from rewheel.metadata.json_form import json_metadata

    document = {
        "version": "1",
        "pip_version": f"rewheel {__version__}",
        "install": [_entry(package, done.digests) for package in done.new],
        "kept": [
            {
                "metadata": json_metadata(package.metadata),
                "requested": package.requested,
                "variant": {"label": package.label},
            }
            for package in done.resolution.packages
            if package not in done.new
        ],
        "environment": dict(target.markers),
    }
    if place == "-":
        session.output.json(document)
        return
    path = session.cwd / Path(place)
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise RewheelError(f"{path}: the report cannot be written: {error.strerror or error}") from error


def _entry(package: "ResolvedPackage", digests: Mapping[str, str]) -> dict[str, object]:
    """Describe a package: pip's keys first, then ours."""
    from rewheel.metadata.json_form import json_metadata

    wheel, file, choice = package.wheel, package.file, package.choice
    assert choice is not None
    entry: dict[str, object] = {
        "download_info": _origin(package, digests),
        "is_direct": package.direct_url is not None,
        "is_yanked": file is not None and file.yanked is not None,
        "requested": package.requested,
        "metadata": json_metadata(package.metadata),
    }
    if package.requested and package.extras:
        entry["requested_extras"] = sorted(package.extras)
    name = str(wheel.filename) if wheel is not None else file.filename if file is not None else None
    return {
        **entry,
        "filename": name,
        "source": choice.source,
        "built": package.sources is not None,
        "variant": _variant(choice),
    }


def _variant(choice: "Choice") -> dict[str, object]:
    """Say which variant was chosen and why; the label of a plain wheel is empty."""
    wheel = choice.selected
    return {
        "label": wheel.label if wheel is not None else "",
        "properties": [str(item) for item in wheel.properties] if wheel is not None else [],
        "reason": wheel.reason if wheel is not None else "built from source",
        "others": [
            {"label": other.label, "verdict": str(other.status), "reason": other.reason}
            for other in choice.variants
            if wheel is None or other.label != wheel.label
        ],
    }


def _origin(package: "ResolvedPackage", digests: Mapping[str, str]) -> Mapping[str, object]:
    """Say where the wheel, or what it is built of, comes from; in the form of PEP 610."""
    file = package.file
    if file is None or (package.sources is not None and package.direct_url is not None):
        assert package.direct_url is not None
        return package.direct_url
    hashes = dict(file.hashes)
    if package.wheel is not None and package.project in digests:
        hashes["sha256"] = digests[package.project]
    elif not hashes and file.is_local:
        hashes["sha256"] = _sha256(file)
    archive: dict[str, object] = {"hashes": hashes}
    if hashes:  # of before PEP 610 had room for several, and still read by some
        name = "sha256" if "sha256" in hashes else min(hashes)
        archive["hash"] = f"{name}={hashes[name]}"
    return {"url": file.location, "archive_info": archive}


def _sha256(file: "File") -> str:
    """Return the hash of a file on this computer, which no index gives."""
    import hashlib

    from rewheel.indexes.urls import local_path

    path = local_path(file.url)
    try:
        assert path is not None
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise RewheelError(f"{path}: cannot be read: {error.strerror or error}") from error
