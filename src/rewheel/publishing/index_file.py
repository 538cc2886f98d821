"""The index file of a release: one document that says what every label of it stands for."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rewheel.publishing.entries import Release
from rewheel.publishing.findings import Collector, Finding, Severity
from rewheel.variants import (
    NULL_LABEL,
    Dialect,
    InconsistentMetadata,
    IndexFilename,
    InvalidMetadata,
    VariantMetadata,
    combine,
    losses,
    write_metadata,
)

__all__ = [
    "IndexFile",
    "IndexFilePlan",
    "combined_metadata",
    "index_file_name",
    "plan_index_file",
]


@dataclass(frozen=True, slots=True)
class IndexFile:
    """What the index file of a release has to hold."""

    path: Path
    content: bytes


@dataclass(frozen=True, slots=True)
class IndexFilePlan:
    """What is to be done about the index file of one release."""

    file: IndexFile | None
    """None when the release needs no index file, or when a finding is an error."""
    obsolete: tuple[Path, ...] = ()
    """Index files to be removed."""
    findings: tuple[Finding, ...] = ()


def plan_index_file(release: Release, directory: Path, *, replace: bool = False) -> IndexFilePlan:
    """Combine the metadata of the variant wheels of `release` into its index file.

    The result depends on the wheels alone, not on the order in which they are read. A release without
    variant wheels needs no index file.

    An index file that exists may gain labels, and namespaces at the end of their order; clients and lock
    files rely on the rest. Any other change is a error unless `replace` allows it.
    """
    if not release.variant_wheels:
        return _without_variants(release, replace=replace)
    found = Collector(index_file_name(release))
    combined = combined_metadata(release, found)
    if combined is None:
        return IndexFilePlan(None, findings=found.found)
    try:
        text = write_metadata(combined)
    except InvalidMetadata as error:
        for defect in error.findings:
            found.add("RW204" if defect.code == "same-properties" else "RW225", str(defect))
        return IndexFilePlan(None, findings=found.found)
    for defect in losses(combined, _dialect_of(combined)):
        found.add("RW229", str(defect), severity=Severity.ERROR if defect.fatal else None)
    if not replace:
        _compare_with_existing(release, combined, found)
    if found.has_errors:
        return IndexFilePlan(None, findings=found.found)
    obsolete = tuple(entry.path for entry in release.index_files if entry.path.name != found.file)
    return IndexFilePlan(IndexFile(directory / found.file, text.encode()), obsolete, found.found)


def index_file_name(release: Release) -> str:
    """Name the index file as the wheels are named; of several spellings of the version, the first."""
    version = min(wheel.filename.version for wheel in release.variant_wheels)
    return str(IndexFilename.for_release(release.project, version))


_CONTRADICTIONS = {"variant-differs": "RW202", "provider-differs": "RW203"}


def combined_metadata(release: Release, found: Collector) -> VariantMetadata | None:
    """Add up the wheels' metadata; None if they contradict each other, which is then told wheel by wheel."""
    wheels = [wheel for wheel in release.variant_wheels if wheel.variants is not None]
    parts = [wheel.variants for wheel in wheels if wheel.variants is not None]
    if not parts:
        return None
    with suppress(InconsistentMetadata):
        return combine(parts)
    combined = parts[0]
    for wheel, part in zip(wheels, parts, strict=True):
        try:
            combined = combine([combined, part])
        except InconsistentMetadata as error:
            for defect in error.findings:
                code = _CONTRADICTIONS.get(defect.code, "RW201")
                message = f"contradicts the other wheels: {defect}"
                found.add(code, message, "variant.json", file=wheel.path.name)
    return None


def _dialect_of(metadata: VariantMetadata) -> Dialect:
    """Return the dialect that `write_metadata` chooses."""
    return Dialect.PEP850 if metadata.providers else Dialect.PEP825


def _without_variants(release: Release, *, replace: bool) -> IndexFilePlan:
    """Leave index files alone, unlisted, when no wheel needs them, unless they are to be replaced."""
    if replace:
        return IndexFilePlan(None, tuple(entry.path for entry in release.index_files))
    found = Collector("")
    for entry in release.index_files:
        message = "no variant wheel of this release is here; the file is not listed"
        found.add("RW228", message, file=entry.path.name)
    return IndexFilePlan(None, findings=found.found)


def _compare_with_existing(release: Release, new: VariantMetadata, found: Collector) -> None:
    for entry in release.index_files:
        name = entry.path.name
        if name != found.file:
            message = f"the index file of this release is named {found.file}"
            found.add("RW226", message, severity=Severity.ERROR, file=name)
        elif entry.variants is None:
            found.add("RW225", "exists already and is not valid", file=name)
        else:
            for message in _differences(entry.variants, new):
                found.add("RW227", f"{message}, which clients may rely on", file=name)


def _differences(old: VariantMetadata, new: VariantMetadata) -> Iterable[str]:
    """Tell what `new` takes away from `old`; additions are no differences."""
    if new.namespaces[: len(old.namespaces)] != old.namespaces:
        before, after = ", ".join(old.namespaces), ", ".join(new.namespaces)
        yield f"the order of namespaces would change from {before} to {after}"
    for label in sorted(old.variants):
        properties = new.properties_of(label) if label == NULL_LABEL else new.variants.get(label)
        if properties is None:
            yield f"the label {label!r} would vanish"
        elif properties != old.variants[label]:
            yield f"the label {label!r} would stand for other properties"
    for namespace in sorted(old.providers):
        if new.providers.get(namespace) != old.providers[namespace]:
            yield f"the provider of {namespace!r} would change"
