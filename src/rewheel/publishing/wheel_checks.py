"""Everything that can be proven of one wheel alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata, InvalidRequirement, Requirement
from rewheel.publishing.code_checks import check_code
from rewheel.publishing.entries import WheelEntry
from rewheel.publishing.findings import Collector, Severity
from rewheel.publishing.property_checks import check_properties
from rewheel.publishing.versions import version_of
from rewheel.variants import InvalidFilename, VariantMetadata, WheelFilename, normalize_project
from rewheel.wheels import ByteSource, InvalidArchive, InvalidWheel, Wheel, verify

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.variants import Finding as Defect

__all__ = ["check_dependencies", "check_wheel"]

_LONG_NAME = 200  # characters
_CODES = {
    "archive": "RW109",
    "build": "RW108",
    "metadata": "RW111",
    "record": "RW131",
    "record-absent": "RW137",
    "record-hash": "RW135",
    "record-mismatch": "RW136",
    "record-twice": "RW133",
    "record-unlisted": "RW134",
    "record-unsafe": "RW132",
    "tags": "RW107",
    "variant-json": "RW123",
    "variant-missing": "RW121",
    "variant-unlabelled": "RW122",
    "wheel": "RW106",
}
"""What `verify` says in our codes; every other code of it is about the document in variant.json."""


def check_wheel(
    source: ByteSource, path: Path, name: str, found: Collector, *, content: bool = True, code: bool = True
) -> WheelEntry | None:
    """Check the wheel `name`; None if it cannot be told what it is.

    Its bytes come from `source`, which is closed at the end. Without `content` only the archive's
    directory and the dist-info files are read.
    """
    try:
        filename = WheelFilename.parse(name)
    except InvalidFilename as error:
        source.close()
        found.add("RW102", f"is not named like a wheel: {error.reason}")
        return None
    version = version_of(filename.version)
    if version is None:
        source.close()
        found.add("RW103", f"{filename.version!r} is not a version")
        return None
    if len(name) > _LONG_NAME:
        found.add("RW104", f"its name has {len(name)} characters")
    try:
        with Wheel.over(source, filename) as wheel:
            return _check_open(wheel, path, version, found, content=content, code=code)
    except InvalidArchive as error:
        found.add("RW105", error.reason)
    except InvalidWheel as error:
        found.add("RW110", error.reason)
    return None


def _check_open(
    wheel: Wheel, path: Path, version: "Version", found: Collector, *, content: bool, code: bool
) -> WheelEntry | None:
    for defect in verify(wheel, content=content):
        _translate(defect, wheel, found)
    core = _core_metadata(wheel, found)
    variants = _variants(wheel)
    if variants is not None:
        check_properties(variants, wheel.label, found)
    if content and code:
        check_code(wheel, variants, found)
    if core is None:
        return None
    check_dependencies(core, found, is_plain=not wheel.label)
    return WheelEntry(
        path, wheel.filename, version, wheel.metadata_text(), core, variants, wheel.archive.size
    )


def _translate(defect: "Defect", wheel: Wheel, found: Collector) -> None:
    code = _CODES.get(defect.code)
    if code is None:
        code = "RW123" if defect.fatal else "RW124"
    if defect.message.startswith("METADATA is that of"):
        code = "RW112"
    place = defect.path.removeprefix(f"{wheel.dist_info}/")
    severity = Severity.ERROR if defect.fatal else None
    found.add(code, defect.message, place, severity=severity)


def _core_metadata(wheel: Wheel, found: Collector) -> CoreMetadata | None:
    try:
        return CoreMetadata.parse(wheel.metadata_text())
    except InvalidWheel:  # told already
        return None
    except RewheelError as error:
        found.add("RW111", str(error), "METADATA")
        return None


def _variants(wheel: Wheel) -> VariantMetadata | None:
    try:
        return wheel.variant_metadata() if wheel.label else None
    except RewheelError:  # told already
        return None


def check_dependencies(core: CoreMetadata, found: Collector, *, is_plain: bool) -> None:
    """Check what other distributions and which Pythons the metadata ask for."""
    extras = {normalize_project(extra) for extra in core.extras}
    for text in core.requires:
        try:
            requirement = Requirement.parse(text)
        except InvalidRequirement as error:
            found.add("RW113", str(error), "Requires-Dist")
            continue
        if requirement.url:
            found.add("RW116", f"depends on a URL: {text[:200]}", "Requires-Dist")
        if requirement.marker is None:
            continue
        if is_plain and requirement.marker.uses_variants:
            found.add("RW115", f"has a variant marker: {text[:200]}", "Requires-Dist")
        for extra in sorted(_extras_of(str(requirement.marker)) - extras):
            found.add("RW117", f"names the extra {extra!r}: {text[:200]}", "Requires-Dist")
    for extra in core.default_extras:
        if normalize_project(extra) not in extras:
            found.add("RW117", f"{extra!r} is a default extra", "Default-Extra")
    if core.requires_python and not _is_specifier(core.requires_python):
        found.add("RW114", f"{core.requires_python[:100]!r} is no version specifier", "Requires-Python")


def _extras_of(marker: str) -> set[str]:
    """Return the extras that a marker, in the form that we write, asks for."""
    import re

    return {normalize_project(name) for name in re.findall(r'\bextra == "([^"]*)"', marker)}


def _is_specifier(text: str) -> bool:
    from packaging.specifiers import SpecifierSet

    try:
        SpecifierSet(text)
    except ValueError:  # InvalidSpecifier, or a number too long for Python
        return False
    return True
