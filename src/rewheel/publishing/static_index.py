"""A package index made of plain files, which any web server can serve as it is.

`simple/` holds, for all projects and for each of them, a page in HTML (PEP 503) and one in JSON
(PEP 691). The distributions stay where they are and are linked to relatively, so the folder may be moved,
copied or served below any address.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from rewheel.publishing.directory import read_directory
from rewheel.publishing.entries import Release, WheelEntry
from rewheel.publishing.errors import PublishingError, UnpublishableRelease, UnusableDirectory
from rewheel.publishing.findings import Finding, Severity
from rewheel.publishing.index_file import IndexFile, IndexFilePlan, plan_index_file
from rewheel.publishing.pages import ListedFile, project_html, project_json, projects_html, projects_json
from rewheel.publishing.release_checks import check_release
from rewheel.publishing.replacing import replace_if_changed

__all__ = ["IndexReport", "write_index"]

_PAGES = frozenset({"index.html", "index.json"})
_JUDGED_BY_PLANS = frozenset(
    {"RW201", "RW202", "RW203", "RW204", "RW222", "RW223", "RW224", "RW226", "RW228"}
)
"""Codes about labels and index files that are about to be combined and written."""

_FROM_PROJECT_PAGE = "../../"


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What `write_index` found and did; the paths of files that needed no change are not listed."""

    directory: Path
    releases: tuple[Release, ...]
    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    findings: tuple[Finding, ...]
    """Only harmless ones: with others nothing would have been written."""

    @property
    def simple(self) -> Path:
        """The folder to serve as the index."""
        return self.directory / "simple"


_Plans = Sequence[tuple[Release, IndexFilePlan]]


@dataclass(slots=True)
class _Changes:
    """The files that were written and removed on the way."""

    written: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)

    def write(self, path: Path, content: bytes | str) -> None:
        data = content.encode() if isinstance(content, str) else content
        if replace_if_changed(path, data):
            self.written.append(path)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.removed.append(path)


def write_index(directory: Path, *, replace: bool = False) -> IndexReport:
    """Write the index files of all releases in `directory` and the pages that list everything in it.

    Beside each wheel goes a copy of its metadata (PEP 658), beside the variant wheels of a release its
    index file (PEP 825). The result is a function of the distributions alone; what has not changed is not
    touched, and each file is replaced in one step. `replace` allows an index file to change in ways that
    clients do not expect, such as losing a label.

    Raises UnpublishableRelease, with everything that was found, before anything is written, and
    UnusableDirectory when the file system refuses.
    """
    # Whether code is made for the right processors is for its maintainer to prove, with the release check.
    contents = read_directory(directory, code=False)
    plans = [(release, plan_index_file(release, directory, replace=replace)) for release in contents.releases]
    of_files = [finding for finding in contents.findings if finding.code != "RW225"]  # the plans judge it
    of_releases = [
        finding
        for release in contents.releases
        for finding in check_release(release, wants_index_file=False)
        if finding.code not in _JUDGED_BY_PLANS and finding.severity is not Severity.NOTE
    ]
    findings = [*of_files, *(finding for _, plan in plans for finding in plan.findings), *of_releases]
    if any(finding.is_error for finding in findings):
        raise UnpublishableRelease(directory, findings, hint=_hint(findings))
    changes = _Changes()
    try:
        _write_companions(plans, changes)
        _write_pages(directory / "simple", plans, changes)
        _remove_stale(directory, plans, changes)
    except PublishingError:
        raise
    except OSError as error:
        raise UnusableDirectory(Path(error.filename or directory), error) from error
    return IndexReport(
        directory, contents.releases, tuple(changes.written), tuple(changes.removed), tuple(findings)
    )


def _hint(findings: Sequence[Finding]) -> str:
    kinds = {finding.code for finding in findings if finding.is_error}
    if kinds <= {"RW225", "RW226", "RW227"}:
        return "`--replace` allows the change, if nobody relies on the old index file"
    return ""


def _write_companions(plans: _Plans, changes: _Changes) -> None:
    """Write what the pages will point to, before any page points to it."""
    for release, plan in plans:
        for wheel in release.wheels:
            changes.write(_metadata_path(wheel.path), wheel.metadata)
        if plan.file is not None:
            changes.write(plan.file.path, plan.file.content)


def _write_pages(simple: Path, plans: _Plans, changes: _Changes) -> None:
    """Write the page of every project that has something to list, then the list of them."""
    projects = []
    for project, group in groupby(plans, key=lambda plan: plan[0].project):
        listed = [(release, plan) for release, plan in group if release.is_listed]
        if not listed:
            continue
        projects.append(project)
        files = [file for release, plan in listed for file in _files(release, plan.file)]
        versions = [str(release.version) for release, _ in listed]
        changes.write(simple / project / "index.html", project_html(project, files))
        changes.write(simple / project / "index.json", project_json(project, versions, files))
    changes.write(simple / "index.html", projects_html(projects))
    changes.write(simple / "index.json", projects_json(projects))


def _files(release: Release, index_file: IndexFile | None) -> Iterator[ListedFile]:
    for sdist in release.sdists:
        yield ListedFile(sdist.path.name, _url(sdist.path), sdist.sha256, sdist.size, sdist.requires_python)
    yield from (_wheel_file(wheel) for wheel in release.wheels)
    if index_file is not None:
        digest = hashlib.sha256(index_file.content).hexdigest()
        # PEP 825 lets an index file carry a name, an address and hashes, and nothing else
        yield ListedFile(index_file.path.name, _url(index_file.path), digest)


def _wheel_file(wheel: WheelEntry) -> ListedFile:
    return ListedFile(
        wheel.path.name,
        _url(wheel.path),
        wheel.sha256,
        wheel.size,
        wheel.requires_python,
        hashlib.sha256(wheel.metadata).hexdigest(),
    )


def _url(path: Path) -> str:
    return ListedFile.url_of(_FROM_PROJECT_PAGE, path.name)


def _metadata_path(wheel: Path) -> Path:
    return wheel.with_name(f"{wheel.name}.metadata")


def _remove_stale(directory: Path, plans: _Plans, changes: _Changes) -> None:
    """Remove pages of projects, metadata of wheels and index files that are no longer needed.

    A folder below `simple/` that holds anything but our pages is somebody else's and stays.
    """
    projects = {release.project for release, _ in plans if release.is_listed}
    for folder in _folders(directory / "simple"):
        names = {path.name for path in folder.iterdir()}
        if folder.name not in projects and names <= _PAGES:
            for name in sorted(names):
                changes.remove(folder / name)
            with suppress(OSError):
                folder.rmdir()
    needed = {_metadata_path(wheel.path) for release, _ in plans for wheel in release.wheels}
    for path in sorted(directory.iterdir()):
        if path.name.endswith((".whl.metadata", ".whlx.metadata")) and path not in needed:
            changes.remove(path)
    for _, plan in plans:
        for path in plan.obsolete:
            changes.remove(path)


def _folders(simple: Path) -> list[Path]:
    return sorted(path for path in simple.iterdir() if path.is_dir())
