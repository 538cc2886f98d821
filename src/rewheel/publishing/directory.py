"""What a folder of distributions holds: its wheels and sdists, read, checked and grouped by release."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata
from rewheel.publishing.errors import InvalidSdist, Problem, UnusableDirectory
from rewheel.publishing.sdist import read_pkg_info
from rewheel.variants import (
    DocumentKind,
    IndexFilename,
    InvalidFilename,
    VariantMetadata,
    WheelFilename,
    check_metadata,
    normalize_project,
)
from rewheel.wheels import InvalidWheel, Wheel

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Contents", "IndexEntry", "Release", "SdistEntry", "WheelEntry", "read_directory"]

_READERS = 4
"""Threads that read and hash files; more only take turns at the same disk."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class WheelEntry:
    """A wheel that is fit to be listed: it can be read, and it says inside what its name says outside."""

    path: Path
    filename: WheelFilename
    version: "Version"
    metadata: bytes
    requires_python: str
    variants: VariantMetadata | None
    """What its `variant.json` says; None for a plain wheel."""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class SdistEntry:
    """A source distribution that is fit to be listed."""

    path: Path
    project: str
    version: "Version"
    requires_python: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An index file (`foo-1.0-variants.json`) that lies in the folder already, as yet unread."""

    path: Path
    filename: IndexFilename
    version: "Version"


@dataclass(frozen=True, slots=True)
class Release:
    """All files of one version of one project."""

    project: str
    version: "Version"
    wheels: tuple[WheelEntry, ...]
    sdists: tuple[SdistEntry, ...]
    index_files: tuple[IndexEntry, ...]

    @property
    def variant_wheels(self) -> tuple[WheelEntry, ...]:
        """The wheels that have a label."""
        return tuple(wheel for wheel in self.wheels if wheel.filename.label)

    @property
    def is_listed(self) -> bool:
        """Whether an index has anything to list: an index file alone describes nothing."""
        return bool(self.wheels or self.sdists)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the wheels, each once, sorted."""
        return tuple(sorted({wheel.filename.label for wheel in self.variant_wheels}))


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a folder; releases are sorted by project and version."""

    directory: Path
    releases: tuple[Release, ...]
    problems: tuple[Problem, ...]


_Entry = WheelEntry | SdistEntry | IndexEntry
_Reader = Callable[[Path, "_Problems"], _Entry | None]


def read_directory(directory: Path) -> Contents:
    """Read every distribution directly inside `directory`; files of other kinds are passed over.

    A file that is unfit to be published becomes a fatal problem of the result instead of an entry.
    Raises UnusableDirectory when the folder itself cannot be read.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
        jobs = [(path, reader) for path in paths if (reader := _reader_for(path)) and path.is_file()]
    except OSError as error:
        hint = "" if directory.exists() else "name the folder that holds the wheels"
        raise UnusableDirectory(directory, error, hint=hint) from error
    entries: list[_Entry] = []
    problems: list[Problem] = []
    for entry, found in _in_threads(_read, jobs):
        problems += found
        entries += [entry] if entry is not None else []
    return Contents(directory, tuple(_by_release(entries)), tuple(problems))


def _reader_for(path: Path) -> "_Reader | None":
    name = path.name
    if name.endswith((".whl", ".whlx")):
        return _read_wheel
    if name.endswith((".tar.gz", ".zip")):
        return _read_sdist
    return _read_index_name if name.endswith("-variants.json") else None


def _in_threads(
    work: Callable[[tuple[Path, _Reader]], _Value], jobs: Sequence[tuple[Path, _Reader]]
) -> list[_Value]:
    if len(jobs) < 2:
        return [work(job) for job in jobs]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_READERS, "rewheel-publish") as pool:
        return list(pool.map(work, jobs))


def _by_release(entries: Iterable[_Entry]) -> Iterator[Release]:
    """Group by project and PEP 440 version, so that 1.0 and 1.0.0 are one release."""
    groups: dict[tuple[str, Version], list[_Entry]] = {}
    for entry in entries:
        project = entry.project if isinstance(entry, SdistEntry) else entry.filename.project
        groups.setdefault((project, entry.version), []).append(entry)
    for (project, version), members in sorted(groups.items(), key=lambda item: item[0]):
        yield Release(
            project,
            version,
            tuple(entry for entry in members if isinstance(entry, WheelEntry)),
            tuple(entry for entry in members if isinstance(entry, SdistEntry)),
            tuple(entry for entry in members if isinstance(entry, IndexEntry)),
        )


class _Problems:
    """Collects what is wrong with one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, message: str, code: str = "", *, fatal: bool = True) -> None:
        self.found.append(Problem(self.file, message, code, fatal))

    @property
    def fatal(self) -> bool:
        return any(problem.fatal for problem in self.found)


def _read(job: tuple[Path, _Reader]) -> tuple[_Entry | None, list[Problem]]:
    path, reader = job
    problems = _Problems(path.name)
    try:
        entry = reader(path, problems)
    except OSError as error:
        problems.add(f"cannot be read: {error.strerror or error}", "unreadable")
        entry = None
    return entry, problems.found


def _read_wheel(path: Path, problems: _Problems) -> WheelEntry | None:
    try:
        filename = WheelFilename.parse(path.name)
        version = _version(filename.version)
        if version is None:
            problems.add(f"{filename.version!r} is not a version", "version")
            return None
        with Wheel.open(path) as wheel:
            wheel.wheel_info()
            wheel.record()
            metadata = wheel.metadata_text()
            core = CoreMetadata.parse(metadata)
            _check_identity(core, filename.project, version, problems)
            variants = _read_variants(wheel, filename.label, problems)
    except RewheelError as error:
        problems.add(_reason(error, path), _kind(error))
        return None
    if problems.fatal:
        return None
    sha256, size = _digest(path)
    return WheelEntry(path, filename, version, metadata, core.requires_python, variants, sha256, size)


def _read_variants(wheel: Wheel, label: str, problems: _Problems) -> VariantMetadata | None:
    document = wheel.variant_json()
    if not label:
        if document is not None:
            problems.add("holds a variant.json, but its name has no label", "label")
        return None
    if document is None:
        problems.add(f"its name has the label {label!r}, but it holds no variant.json", "label")
        return None
    for finding in check_metadata(document, kind=DocumentKind.WHEEL, label=label):
        where = f"variant.json, {finding.path}" if finding.path else "variant.json"
        problems.add(f"{where}: {finding.message}", finding.code, fatal=finding.fatal)
    return None if problems.fatal else wheel.variant_metadata()


def _read_sdist(path: Path, problems: _Problems) -> SdistEntry | None:
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    try:
        project, version = parse_sdist_filename(path.name)
    except (InvalidSdistFilename, ValueError):
        problems.add("is not named like a source distribution and is not listed", "sdist-name", fatal=False)
        return None
    try:
        core = CoreMetadata.parse(read_pkg_info(path))
    except InvalidSdist as error:
        problems.add(str(error), "sdist")
        return None
    except RewheelError as error:
        problems.add(f"PKG-INFO: {error}", "metadata")
        return None
    _check_identity(core, str(project), version, problems)
    if problems.fatal:
        return None
    return SdistEntry(path, str(project), version, core.requires_python, *_digest(path))


def _read_index_name(path: Path, problems: _Problems) -> IndexEntry | None:
    try:
        filename = IndexFilename.parse(path.name)
    except InvalidFilename as error:
        problems.add(
            f"is not named like an index file and is not listed: {error.reason}", "index-name", fatal=False
        )
        return None
    version = _version(filename.version)
    if version is None:
        problems.add(f"{filename.version!r} is not a version; it is not listed", "version", fatal=False)
        return None
    return IndexEntry(path, filename, version)


def _check_identity(core: CoreMetadata, project: str, version: "Version", problems: _Problems) -> None:
    """Check that the metadata inside speaks of the release that the file name promises."""
    if normalize_project(core.name) != project:
        problems.add(f"its metadata is of {core.name!r}, its name says {project!r}", "identity")
    if _version(core.version) != version:
        problems.add(f"its metadata is of version {core.version!r}, its name says {version}", "identity")


def _version(text: str) -> "Version | None":
    from packaging.version import Version

    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return None


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, stream.tell()


def _reason(error: RewheelError, path: Path) -> str:
    """Return the error's sentence without the file's name in front, which a problem has anyway."""
    if isinstance(error, InvalidFilename):
        return f"is not named like a wheel: {error.reason}"
    if isinstance(error, InvalidWheel):
        return error.reason
    return str(error).removeprefix(f"{path}: ")


def _kind(error: RewheelError) -> str:
    return "filename" if isinstance(error, InvalidFilename) else "wheel"
