"""The index file of a release: one document that says what every label of it stands for."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rewheel.errors import RewheelError
from rewheel.publishing.directory import IndexEntry, Release
from rewheel.publishing.errors import Problem
from rewheel.variants import (
    NULL_LABEL,
    Dialect,
    DocumentKind,
    Finding,
    InconsistentMetadata,
    IndexFilename,
    InvalidMetadata,
    VariantMetadata,
    combine,
    losses,
    read_metadata,
    write_metadata,
)

__all__ = ["IndexFile", "IndexFilePlan", "plan_index_file"]


@dataclass(frozen=True, slots=True)
class IndexFile:
    """What the index file of a release has to hold."""

    path: Path
    content: bytes


@dataclass(frozen=True, slots=True)
class IndexFilePlan:
    """What is to be done about the index file of one release."""

    file: IndexFile | None
    """None when the release needs no index file, or when a problem is fatal."""
    obsolete: tuple[Path, ...] = ()
    """Index files to be removed."""
    problems: tuple[Problem, ...] = ()


def plan_index_file(release: Release, directory: Path, *, replace: bool = False) -> IndexFilePlan:
    """Combine the metadata of the variant wheels of `release` into its index file.

    The result depends on the wheels alone, not on the order in which they are read. A release without
    variant wheels needs no index file.

    An index file that exists may gain labels, and namespaces at the end of their order; clients and lock
    files rely on the rest. Any other change is a fatal problem unless `replace` allows it.
    """
    if not release.variant_wheels:
        return _without_variants(release, replace=replace)
    name = _name(release)
    combined, problems = _combine(release)
    if combined is None:
        return IndexFilePlan(None, problems=tuple(problems))
    try:
        text = write_metadata(combined)
    except InvalidMetadata as error:
        problems += [_problem(name, finding) for finding in error.findings]
        return IndexFilePlan(None, problems=tuple(problems))
    problems += [_problem(name, finding) for finding in losses(combined, _dialect_of(combined))]
    if not replace:
        problems += _incompatibilities(release, name, combined)
    if any(problem.fatal for problem in problems):
        return IndexFilePlan(None, problems=tuple(problems))
    obsolete = tuple(entry.path for entry in release.index_files if entry.path.name != name)
    return IndexFilePlan(IndexFile(directory / name, text.encode()), obsolete, tuple(problems))


def _name(release: Release) -> str:
    """Name the index file as the wheels are named; of several spellings of the version, the first."""
    version = min(wheel.filename.version for wheel in release.variant_wheels)
    return str(IndexFilename.for_release(release.project, version))


def _combine(release: Release) -> tuple[VariantMetadata | None, list[Problem]]:
    """Add up the wheels' metadata, or tell which wheels contradict those before them, and in what."""
    wheels = [wheel for wheel in release.variant_wheels if wheel.variants is not None]
    parts = [wheel.variants for wheel in wheels if wheel.variants is not None]
    with suppress(InconsistentMetadata):
        return combine(parts), []
    problems: list[Problem] = []
    combined = parts[0]
    for wheel, part in zip(wheels, parts, strict=True):
        try:
            combined = combine([combined, part])
        except InconsistentMetadata as error:
            problems += [
                Problem(wheel.path.name, f"contradicts the other wheels: {finding}", finding.code)
                for finding in error.findings
            ]
    return None, problems


def _dialect_of(metadata: VariantMetadata) -> Dialect:
    """Return the dialect that `write_metadata` chooses."""
    return Dialect.PEP850 if metadata.providers else Dialect.PEP825


def _problem(name: str, finding: Finding) -> Problem:
    return Problem(name, str(finding), finding.code, finding.fatal)


def _without_variants(release: Release, *, replace: bool) -> IndexFilePlan:
    """Leave index files alone, unlisted, when no wheel needs them, unless they are to be replaced."""
    if replace:
        return IndexFilePlan(None, tuple(entry.path for entry in release.index_files))
    message = "no variant wheel of this release is here; the file is not listed"
    problems = [Problem(entry.path.name, message, "unneeded", fatal=False) for entry in release.index_files]
    return IndexFilePlan(None, problems=tuple(problems))


def _incompatibilities(release: Release, name: str, new: VariantMetadata) -> Iterator[Problem]:
    for entry in release.index_files:
        if entry.path.name != name:
            yield Problem(entry.path.name, f"the index file of this release is named {name}", "index-name")
            continue
        old = _read_existing(entry)
        if isinstance(old, Problem):
            yield old
        else:
            for message in _differences(old, new):
                yield Problem(entry.path.name, f"{message}, which clients may rely on", "incompatible")


def _read_existing(entry: IndexEntry) -> VariantMetadata | Problem:
    try:
        return read_metadata(entry.path.read_bytes(), kind=DocumentKind.INDEX)
    except OSError as error:
        return Problem(entry.path.name, f"cannot be read: {error.strerror or error}", "unreadable")
    except RewheelError as error:
        return Problem(entry.path.name, f"exists already and is not valid: {error}", "existing")


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
