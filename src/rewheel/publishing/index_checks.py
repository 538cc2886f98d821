"""A release as an index offers it: what the page says against what the files say."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError, UsageError
from rewheel.indexes import Client, File, HashMismatch, IndexesError, ProjectPage, RangesUnsupported, Source
from rewheel.publishing.checking import FileReport, check_file, check_index_document
from rewheel.publishing.checkup import Checkup, Questions, checkup_of
from rewheel.publishing.entries import WheelEntry
from rewheel.publishing.findings import Collector
from rewheel.publishing.listing import forbidden_attributes
from rewheel.publishing.versions import version_of
from rewheel.publishing.wheel_checks import check_wheel
from rewheel.variants import IndexFilename, InvalidFilename, WheelFilename

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["check_index"]

_INDEX_FILE_LIMIT = 16 << 20


def check_index(
    source: Source, project: str, client: Client, questions: Questions, *, version: str = ""
) -> Checkup:
    """Check one version of a project, the newest unless `version` says, as an index offers it.

    Of wheels only what their ends say is read, by range requests; with `questions.content` they are fetched
    whole and compared with every hash. Raises UsageError when there is no such release, and IndexesError.
    """
    page = source.page(project)
    if page is None:
        raise UsageError(f"{source.name} has no project {project}")
    wanted = _wanted(page, version)
    files = [file for file in page.files if _version_of_file(file, project) == wanted]
    found = Collector(f"{project} {wanted}")
    with tempfile.TemporaryDirectory(prefix="rewheel-check-", ignore_cleanup_errors=True) as folder:
        checker = _Checker(client, Path(folder), content=questions.content)
        reports = client.map(checker.check, files)
    for name, said in forbidden_attributes(page, client).items():
        found.add("RW304", f"is listed with {', '.join(said)}", file=name)
    if any(map(_label, reports)) and not any(file.filename.endswith("-variants.json") for file in files):
        found.add("RW303", "its variant wheels are listed without an index file")
    return checkup_of(page.url, reports, questions, more=found, wants_index_file=False)


def _label(report: FileReport) -> str:
    return report.entry.filename.label if isinstance(report.entry, WheelEntry) else ""


def _wanted(page: ProjectPage, version: str) -> "Version":
    known = sorted({found for file in page.files if (found := _version_of_file(file, page.project))})
    if not known:
        raise UsageError(f"{page.url} lists no files of {page.project}")
    if not version:
        return next((found for found in reversed(known) if not found.is_prerelease), known[-1])
    wanted = version_of(version)
    if wanted is None or wanted not in known:
        shown = ", ".join(map(str, known[-5:]))
        raise UsageError(f"{page.url} lists no {page.project} {version}", hint=f"the newest are {shown}")
    return wanted


def _version_of_file(file: File, project: str) -> "Version | None":
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    name = file.filename
    try:
        if name.endswith((".whl", ".whlx")):
            wheel = WheelFilename.parse(name)
            return version_of(wheel.version) if wheel.project == project else None
        if name.endswith("-variants.json"):
            index = IndexFilename.parse(name)
            return version_of(index.version) if index.project == project else None
        sdist, version = parse_sdist_filename(name)
    except (InvalidFilename, InvalidSdistFilename, ValueError):
        return None
    return version if sdist == project else None


class _Checker:
    """Checks one file of a page; used by several threads."""

    def __init__(self, client: Client, folder: Path, *, content: bool) -> None:
        self._client = client
        self._folder = folder
        self._content = content

    def check(self, file: File) -> FileReport:
        found = Collector(file.filename)
        _check_listing(file, found)
        try:
            report = self._check(file, found)
        except HashMismatch as error:
            found.add("RW302", str(error))
            report = None
        except (IndexesError, RewheelError) as error:
            found.add("RW101", f"cannot be fetched: {error}")
            report = None
        entry = report.entry if report is not None else None
        if isinstance(entry, WheelEntry):
            for finding in _compare(file, entry):
                found.add(*finding)
        findings = (*found, *(report.findings if report is not None else ()))
        return FileReport(file.filename, entry, findings)

    def _check(self, file: File, found: Collector) -> FileReport | None:
        name = file.filename
        if name.endswith("-variants.json"):
            data = self._client.fetch(file, limit=_INDEX_FILE_LIMIT)
            inner = Collector(name)
            return FileReport(name, check_index_document(data, Path(name), name, inner), inner.found)
        if self._content or not name.endswith((".whl", ".whlx")):
            path = self._client.download(file, self._folder)
            try:
                report = check_file(path)
            finally:
                path.unlink(missing_ok=True)
        else:
            report = self._check_ends(file, found)
        self._compare_metadata(file, report, found)
        return report

    def _check_ends(self, file: File, found: Collector) -> FileReport:
        """Check what the end of a wheel says, and fetch no more if the server lets us."""
        inner = Collector(file.filename)
        try:
            source = self._client.open_wheel(file)
        except RangesUnsupported:
            found.add("RW305", "cannot be read in parts")
            source = self._client.open_wheel(file, whole=True)
        entry = check_wheel(source, Path(file.filename), file.filename, inner, content=False)
        return FileReport(file.filename, entry, inner.found)

    def _compare_metadata(self, file: File, report: FileReport, found: Collector) -> None:
        entry = report.entry
        if isinstance(entry, WheelEntry) and file.core_metadata:
            try:
                beside = self._client.metadata(file)
            except HashMismatch as error:
                found.add("RW307", str(error))
                return
            if beside is not None and beside != entry.metadata:
                found.add("RW307", "the metadata file beside it is not its METADATA")


def _check_listing(file: File, found: Collector) -> None:
    if file.digest is None and not file.is_local:
        found.add("RW301", "is listed without a strong hash")


def _compare(file: File, entry: WheelEntry) -> Iterator[tuple[str, str]]:
    if file.size is not None and file.size != entry.size:
        yield "RW302", f"has {entry.size} bytes, the index says {file.size}"
    if file.requires_python != entry.requires_python:
        said, own = file.requires_python or "nothing", entry.requires_python or "nothing"
        yield "RW306", f"requires Python {own}, the index says {said}"
