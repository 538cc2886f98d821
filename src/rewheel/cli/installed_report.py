"""The report of an installation, for programs: pip's form, with the variant added."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.cli.session import Session
from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.installing import Installation
    from rewheel.resolution import ResolvedPackage

__all__ = ["write_report"]


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
    wheel = package.wheel
    assert wheel is not None
    assert package.choice is not None
    metadata = package.metadata
    hashes = dict(wheel.file.hashes)
    if package.project in digests:
        hashes["sha256"] = digests[package.project]
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
        "is_yanked": wheel.file.yanked is not None,
        "download_info": {
            "url": wheel.file.location,
            "archive_info": {"hashes": hashes},
        },
        "filename": str(wheel.filename),
        "source": package.choice.source,
        "variant_label": wheel.label,
        "variant_properties": [str(item) for item in wheel.properties],
    }
