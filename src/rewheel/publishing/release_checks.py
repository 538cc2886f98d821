"""What the files of one release say of each other: whether labels, index file and metadata agree."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rewheel.metadata import InvalidRequirement, Requirement
from rewheel.publishing.entries import Release, WheelEntry
from rewheel.publishing.fallback_checks import check_fallbacks
from rewheel.publishing.findings import Collector, Finding
from rewheel.publishing.index_file import combined_metadata, index_file_name
from rewheel.variants import (
    NULL_LABEL,
    PLAIN,
    VariantEnvironment,
    VariantMetadata,
    normalize_project,
)

if TYPE_CHECKING:
    from rewheel.variants import VariantProperties

__all__ = ["check_release", "release_metadata"]


def check_release(release: Release, *, wants_index_file: bool = True) -> list[Finding]:
    """Check that the files of a release, each of which is fit to be listed, go together.

    Pure: what the entries say is all that is looked at. `wants_index_file` is for releases whose index file
    should be among the files.
    """
    found = Collector(f"{release.project} {release.version}")
    _check_twins(release, found)
    metadata = combined_metadata(release, found)
    if metadata is not None:
        _check_labels(metadata, found)
    _check_index_files(release, metadata, found, wanted=wants_index_file)
    _check_same_metadata(release, found)
    _check_void_dependencies(release, found)
    check_fallbacks(release, found)
    return list(found)


def release_metadata(release: Release) -> VariantMetadata | None:
    """Return the combined variant metadata of the wheels; None if there is none or it is not consistent."""
    return combined_metadata(release, Collector(""))


def _check_twins(release: Release, found: Collector) -> None:
    """Find wheels that installers take for the same, and versions that are written in several ways."""
    seen: dict[tuple[object, ...], WheelEntry] = {}
    for wheel in release.wheels:
        name = wheel.filename
        key = (name.build_key, frozenset(name.tags()), name.label)
        twin = seen.setdefault(key, wheel)
        if twin is not wheel:
            found.add("RW205", f"is the same wheel as {twin.path.name}", file=wheel.path.name)
    spellings = sorted({wheel.filename.version for wheel in release.wheels})
    if len(spellings) > 1:
        found.add("RW206", f"its wheels are of version {', '.join(spellings)}")


def _check_labels(metadata: VariantMetadata, found: Collector) -> None:
    labels: dict[VariantProperties, str] = {}
    for label in metadata.labels:
        if label != NULL_LABEL:
            first = labels.setdefault(metadata.variants[label], label)
            if first != label:
                found.add("RW204", f"the labels {first} and {label} have the same properties", "variant.json")


def _check_index_files(
    release: Release, metadata: VariantMetadata | None, found: Collector, *, wanted: bool
) -> None:
    labels = set(release.labels)
    if not labels:
        for entry in release.index_files:
            found.add("RW228", "no variant wheel of its release is here", file=entry.path.name)
        return
    expected = index_file_name(release)
    if not release.index_files and wanted:
        found.add("RW221", f"has variant wheels, but no {expected}")
    for entry in release.index_files:
        name = entry.path.name
        if name != expected:
            found.add("RW226", f"should be named {expected}", file=name)
        if entry.variants is None:
            continue  # told when the file was checked
        listed = set(entry.variants.labels)
        for label in sorted(labels - listed - {NULL_LABEL}):
            found.add("RW223", f"does not list the label {label!r}", "variants", file=name)
        for label in sorted(listed - labels):
            if label != NULL_LABEL:
                found.add("RW224", f"lists the label {label!r}, of which there is no wheel here", file=name)
        if metadata is not None:
            for message in _contradictions(entry.variants, metadata):
                found.add("RW222", message, file=name)


def _contradictions(index: VariantMetadata, wheels: VariantMetadata) -> Iterator[str]:
    """Tell in what an index file differs from the wheels' metadata, labels that only one has aside."""
    for label in sorted(set(index.variants) & set(wheels.variants)):
        if index.variants[label] != wheels.variants[label]:
            yield f"gives the label {label!r} other properties than its wheel does"
    if index.namespaces != wheels.namespaces:
        yield f"orders namespaces {', '.join(index.namespaces)}, the wheels {', '.join(wheels.namespaces)}"
    for namespace in sorted(set(index.providers) | set(wheels.providers)):
        if index.providers.get(namespace) != wheels.providers.get(namespace):
            yield f"names another provider of {namespace!r} than the wheels do"


def _check_same_metadata(release: Release, found: Collector) -> None:
    """Compare what resolvers read in one wheel and believe of all."""
    for code, place, value in _COMPARED:
        groups: dict[object, list[WheelEntry]] = {}
        for wheel in release.wheels:
            groups.setdefault(value(wheel), []).append(wheel)
        if len(groups) > 1:
            ordered = sorted(groups.values(), key=len, reverse=True)
            most, others = ordered[0][0].path.name, [wheel for group in ordered[1:] for wheel in group]
            for wheel in others:
                found.add(code, f"{place} differs from that of {most}", place, file=wheel.path.name)
    _compare_with_sdist(release, found)


def _compare_with_sdist(release: Release, found: Collector) -> None:
    if not release.wheels:
        return
    wheel = next((wheel for wheel in release.wheels if not wheel.filename.label), release.wheels[0])
    for sdist in release.sdists:
        dynamic = {name.lower() for name in sdist.core.headers.get("dynamic", ())}
        is_static = _version_tuple(sdist.core.metadata_version) >= (2, 2) and "requires-dist" not in dynamic
        if is_static and set(map(_canonical, sdist.core.requires)) != set(
            map(_canonical, wheel.core.requires)
        ):
            message = (
                f"its dependencies are not those of {wheel.path.name}, and it does not call them dynamic"
            )
            found.add("RW234", message, "Requires-Dist", file=sdist.path.name)


def _check_void_dependencies(release: Release, found: Collector) -> None:
    """Find dependencies whose variant markers are false in every wheel that has them."""
    wheels_with: dict[str, list[WheelEntry]] = {}
    for wheel in release.wheels:
        for text in wheel.core.requires:
            if "variant_" in text:
                wheels_with.setdefault(text, []).append(wheel)
    for text, wheels in wheels_with.items():
        if all(_is_void(text, wheel) for wheel in wheels):
            message = f"is never installed, its variant marker is false everywhere: {text[:200]}"
            found.add("RW118", message, "Requires-Dist", file=wheels[0].path.name)


def _is_void(text: str, wheel: WheelEntry) -> bool:
    try:
        marker = Requirement.parse(text).marker
    except InvalidRequirement:
        return False
    return marker is not None and marker.without_variants(_environment(wheel)) is False


def _environment(wheel: WheelEntry) -> VariantEnvironment:
    """Return what markers see of the wheel where everything that it declares is supported."""
    if wheel.variants is None:
        return PLAIN
    label = wheel.filename.label
    return VariantEnvironment(label, tuple(wheel.variants.properties_of(label) or ()))


def _canonical(text: str) -> str:
    try:
        requirement = Requirement.parse(text)
    except InvalidRequirement:
        return text
    return str(requirement).replace(requirement.name, requirement.project, 1)


def _specifier(text: str) -> object:
    from packaging.specifiers import SpecifierSet

    try:
        return SpecifierSet(text)
    except ValueError:  # InvalidSpecifier, or a number too long for Python
        return text


def _extras(wheel: WheelEntry) -> object:
    core = wheel.core
    return (
        frozenset(map(normalize_project, core.extras)),
        frozenset(map(normalize_project, core.default_extras)),
    )


def _version_tuple(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


_COMPARED: tuple[tuple[str, str, Callable[[WheelEntry], object]], ...] = (
    ("RW231", "Requires-Dist", lambda wheel: frozenset(map(_canonical, wheel.core.requires))),
    ("RW232", "Requires-Python", lambda wheel: _specifier(wheel.core.requires_python)),
    ("RW233", "Provides-Extra", _extras),
)
"""Code and field, and what has to be equal in all wheels."""
