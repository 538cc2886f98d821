"""Check one file: a wheel, a source distribution or an index file, by all that it says about itself."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata
from rewheel.publishing.entries import Entry, IndexEntry, SdistEntry
from rewheel.publishing.errors import InvalidSdist
from rewheel.publishing.findings import Collector, Finding
from rewheel.publishing.sdist import read_pkg_info
from rewheel.publishing.versions import version_of
from rewheel.publishing.wheel_checks import check_dependencies, check_wheel
from rewheel.variants import (
    DocumentKind,
    IndexFilename,
    InvalidFilename,
    check_metadata,
    normalize_project,
    read_metadata,
)
from rewheel.variants.reading import SIZE_LIMIT
from rewheel.wheels import ByteSource, FileSource, UnreadableFile

__all__ = ["FileReport", "check_file", "check_files", "check_index_document", "hashed", "is_checked"]

_WHEEL_ENDINGS = (".whl", ".whlx")
_SDIST_ENDINGS = (".tar.gz", ".zip")
_INDEX_FILE_ENDING = "-variants.json"
_READERS = 4
"""Threads that read and hash files; hashing and inflating let others run meanwhile."""

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class FileReport:
    """What was found about one file."""

    file: str
    entry: Entry | None
    """What a release is made of; None when it cannot be told what the file is."""
    findings: tuple[Finding, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the file must not be published like this."""
        return any(finding.is_error for finding in self.findings)


def is_checked(name: str) -> bool:
    """Tell by its name whether a file is of a kind that can be published, and so is checked."""
    return name.endswith((*_WHEEL_ENDINGS, *_SDIST_ENDINGS, _INDEX_FILE_ENDING))


def check_file(
    path: Path,
    *,
    name: str = "",
    content: bool = True,
    code: bool = True,
    sha256: str | bool = False,
    wheel: ByteSource | None = None,
) -> FileReport:
    """Prove what can be proven of one file alone; never raises for what is in it.

    `name` is what the file is to be called, if it lies under another name. Without `content` the files inside
    a wheel are not compared with their hashes, and without `code` its compiled files are not examined, which
    may take seconds. `sha256` True hashes the file itself, too; whoever knows the
    hash already gives it. `wheel` has the bytes of a wheel that is no file yet.
    """
    shown = name or path.name
    found = Collector(shown)
    try:
        entry = _check(path, shown, found, wheel, content=content, code=code)
        if entry is not None and sha256 and not isinstance(entry, IndexEntry):
            entry = replace(entry, sha256=hashed(path) if sha256 is True else sha256)
    except (OSError, UnreadableFile) as error:
        reason = error.reason if isinstance(error, UnreadableFile) else error.strerror or str(error)
        found.add("RW101", f"cannot be read: {reason}")
        entry = None
    return FileReport(shown, entry, found.found)


def check_files(
    paths: Sequence[Path], *, content: bool = True, code: bool = True, sha256: bool = False
) -> list[FileReport]:
    """Check several files at once, in their order."""
    return in_threads(lambda path: check_file(path, content=content, code=code, sha256=sha256), paths)


def in_threads(work: Callable[[_Value], _Result], jobs: Sequence[_Value]) -> list[_Result]:
    """Do the same with every job, a few at a time, and return the results in the order of the jobs."""
    if len(jobs) < 2:
        return [work(job) for job in jobs]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_READERS, "rewheel-check") as pool:
        return list(pool.map(work, jobs))


def _check(
    path: Path, name: str, found: Collector, wheel: ByteSource | None, *, content: bool, code: bool
) -> Entry | None:
    if name.endswith(_INDEX_FILE_ENDING):
        return _check_index_file(path, name, found)
    if name.endswith(_SDIST_ENDINGS):
        return _check_sdist(path, name, found)
    return check_wheel(wheel or FileSource(path), path, name, found, content=content, code=code)


def _check_index_file(path: Path, name: str, found: Collector) -> IndexEntry | None:
    with path.open("rb") as file:
        data = file.read(SIZE_LIMIT + 1)
    return check_index_document(data, path, name, found)


def check_index_document(data: bytes, path: Path, name: str, found: Collector) -> IndexEntry | None:
    """Check an index file called `name` that holds `data`; None if it cannot belong to a release."""
    try:
        filename = IndexFilename.parse(name)
    except InvalidFilename as error:
        found.add("RW226", f"is not named like an index file and is not listed: {error.reason}")
        return None
    version = version_of(filename.version)
    if version is None:
        found.add("RW226", f"{filename.version!r} is not a version; it is not listed")
        return None
    defects = check_metadata(data, kind=DocumentKind.INDEX)
    fatal = [defect for defect in defects if defect.fatal]
    for defect in fatal:
        found.add("RW225", defect.message, defect.path)
    return IndexEntry(
        path, filename, version, None if fatal else read_metadata(data, kind=DocumentKind.INDEX)
    )


def _check_sdist(path: Path, name: str, found: Collector) -> SdistEntry | None:
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    try:
        project, version = parse_sdist_filename(name)
    except (InvalidSdistFilename, ValueError):
        found.add("RW161", "is not named like a source distribution and is not listed")
        return None
    try:
        metadata = read_pkg_info(path, found)
        core = CoreMetadata.parse(metadata)
    except InvalidSdist as error:
        found.add("RW162", str(error))
        return None
    except RewheelError as error:
        found.add("RW162", str(error), "PKG-INFO")
        return None
    if normalize_project(core.name) != project:
        found.add("RW163", f"its metadata is of {core.name!r}, its name says {project!r}", "PKG-INFO")
    if version_of(core.version) != version:
        found.add(
            "RW163", f"its metadata is of version {core.version!r}, its name says {version}", "PKG-INFO"
        )
    check_dependencies(core, found, is_plain=False)
    return SdistEntry(path, str(project), version, metadata, core, path.stat().st_size)


def hashed(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
