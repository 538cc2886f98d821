"""The report of an installation, for programs: pip's form, with the variant added."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.cli.session import Session
from rewheel.errors import RewheelError, UsageError

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.installing import Installation
    from rewheel.resolution import ResolvedPackage

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

    document = {
        "version": "1",
        "rewheel_version": __version__,
        "install": [_entry(package, done.digests) for package in done.new],
        "kept": [
            {"name": package.metadata.name, "version": package.version, "variant_label": package.label}
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
    wheel, sources = package.wheel, package.sources
    assert package.choice is not None
    metadata = package.metadata
    return {
        "metadata": {
            "name": metadata.name,
            "version": metadata.version,
            "requires_dist": list(metadata.requires),
            "requires_python": metadata.requires_python,
        },
        "requested": package.requested,
        "requested_extras": sorted(package.extras),
        "is_direct": package.direct_url is not None,
        "is_yanked": package.file is not None and package.file.yanked is not None,
        "download_info": _origin(package, digests),
        "filename": str(wheel.filename)
        if wheel is not None
        else package.file.filename
        if package.file
        else None,
        "built": sources is not None,
        "source": package.choice.source,
        "variant_label": package.label,
        "variant_properties": [str(item) for item in wheel.properties] if wheel is not None else [],
    }


def _origin(package: "ResolvedPackage", digests: Mapping[str, str]) -> Mapping[str, object]:
    """Say where the wheel, or what it is built of, comes from; in the form of PEP 610."""
    file = package.file
    if package.sources is not None and package.direct_url is not None:
        return package.direct_url
    assert file is not None
    hashes = dict(file.hashes)
    if package.wheel is not None and package.project in digests:
        hashes["sha256"] = digests[package.project]
    return {"url": file.location, "archive_info": {"hashes": hashes}}
