"""From the catalog to the values of a project page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Connection

from rewheel.errors import RewheelError
from rewheel.server.catalog import downloads, projects, showing
from rewheel.server.catalog.newest import best, is_prerelease
from rewheel.server.catalog.versions import sort_key
from rewheel.server.pages.core_fields import (
    author_of,
    classifier_groups,
    dependencies_of,
    extras_of,
    is_web_link,
    keywords_of,
    licence_of,
    links_of,
    needed_names,
)
from rewheel.server.pages.project_page import (
    AnswerGroup,
    FileRow,
    Origin,
    ProjectPage,
    ReleaseRow,
    StatusBanner,
)
from rewheel.server.pages.recipients import answer_groups, pythons_of
from rewheel.server.pages.support_matrix import support_matrix
from rewheel.server.pages.variant_table import VariantTable, Wheel, variant_table
from rewheel.server.pages.wording import platform_of, python_of, size
from rewheel.server.reading.assembling import file_path
from rewheel.variants import DocumentKind, InvalidFilename, WheelFilename, read_metadata

if TYPE_CHECKING:
    from rewheel.resolution import OfferedWheel
    from rewheel.server.pages.readme import ReadmeRenderer
    from rewheel.variants import VariantMetadata

__all__ = [
    "Gathered",
    "find_release",
    "gather_release",
    "latest_of",
    "offered_wheels",
    "project_page",
    "release_row",
    "release_rows",
    "variant_metadata_of",
]

_MAIL = re.compile(r"mailto:[A-Za-z0-9._%+-]{1,100}@[A-Za-z0-9.-]{1,200}")
_MOST_RELEASES = 40
"""Releases that a project page lists; the others have a page of their own."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that the catalog has about one release of a project."""

    project: projects.Project
    releases: Sequence[showing.ShownRelease]
    release: showing.ShownRelease
    details: showing.ReleaseDetails
    files: Sequence[showing.ShownFile]
    wheels: Sequence["OfferedWheel"]
    metadata: "VariantMetadata | None"
    problem: str
    maintainers: Sequence[str]
    downloads: int | None
    local_names: frozenset[str]
    """Of the projects that the release depends on, those that this index has."""
    origin: Origin = field(default_factory=Origin)

    @property
    def latest(self) -> showing.ShownRelease:
        """The release that installers take unless they are asked for another one."""
        return latest_of(self.releases)

    @property
    def has_sources(self) -> bool:
        """Whether machines that no wheel fits can build one."""
        return any(file.kind == "sdist" for file in self.files)

    @property
    def table(self) -> VariantTable:
        """Labels by properties."""
        wheels = [Wheel(wheel.filename, wheel.size) for wheel in self.wheels]
        return variant_table(wheels, self.metadata)


def latest_of(releases: Sequence[showing.ShownRelease]) -> showing.ShownRelease:
    """Return the newest release that is neither yanked nor a pre-release, if there is one."""
    return best((release, _is_yanked(release), release.version) for release in releases)


def gather_release(connection: Connection, project: projects.Project, version: str | None) -> Gathered | None:
    """Read one release, by default the latest; None if there is no such release with public files."""
    releases = showing.list_releases(connection, project.id)
    if not releases:
        return None
    release = latest_of(releases) if version is None else find_release(releases, version)
    if release is None:
        return None
    details = showing.release_details(connection, release.id)
    files = showing.list_files(connection, release.id) if project.status.offers_files else []
    metadata, problem = variant_metadata_of(details.variants_json)
    return Gathered(
        project=project,
        releases=releases,
        release=release,
        details=details,
        files=files,
        wheels=offered_wheels(files),
        metadata=metadata,
        problem=problem,
        maintainers=showing.maintainers_of(connection, project.id),
        downloads=downloads.recent(connection, project.id),
        local_names=showing.visible_among(connection, needed_names(details.metadata)),
    )


def release_rows(connection: Connection, project: projects.Project) -> list[ReleaseRow]:
    """Return all releases of a project that have public files, newest first."""
    return [release_row(each) for each in showing.list_releases(connection, project.id)]


def find_release(releases: Sequence[showing.ShownRelease], version: str) -> showing.ShownRelease | None:
    """Find the release that a version names, however it is written."""
    from packaging.version import Version

    try:
        wanted = sort_key(Version(version))
    except ValueError:  # InvalidVersion, or a number too long for Python
        return None
    return next((release for release in releases if release.sort_key == wanted), None)


def variant_metadata_of(text: str | None) -> tuple["VariantMetadata | None", str]:
    """Read the index file of a release, or say what is wrong with it."""
    if text is None:
        return None, ""
    try:
        return read_metadata(text.encode(), kind=DocumentKind.INDEX), ""
    except RewheelError as error:
        return (
            None,
            f"The variant metadata of this release cannot be read, so installers take plain wheels: {error}",
        )


def offered_wheels(files: Sequence[showing.ShownFile]) -> list["OfferedWheel"]:
    """Return the wheels among the files, as installers choose from them."""
    from rewheel.resolution import OfferedWheel

    wheels = []
    for file in files:
        filename = _wheel_filename(file)
        if filename is not None:
            wheels.append(OfferedWheel(filename, file.requires_python, file.yanked_reason, file.size))
    return wheels


def _wheel_filename(file: showing.ShownFile) -> WheelFilename | None:
    if file.kind == "sdist":
        return None
    name = f"{file.filename.removesuffix('.rim')}.whl" if file.filename.endswith(".rim") else file.filename
    try:
        return WheelFilename.parse(name)
    except InvalidFilename:
        return None


def project_page(
    gathered: Gathered, *, python: str, index_url: str, renderer: "ReadmeRenderer"
) -> ProjectPage:
    """Decide everything that the page of a release shows; `python` may be empty or nonsense."""
    project, release, details = gathered.project, gathered.release, gathered.details
    table = gathered.table
    pythons, first = pythons_of(gathered.wheels, details.requires_python)
    words = ["{}.{}".format(*version) for version in pythons]
    chosen = pythons[words.index(python)] if python in words else first
    groups, without = answers_of(gathered, table, chosen)
    is_latest = release.version == gathered.latest.version
    wanted = project.name if is_latest else f"{project.name}=={release.version}"
    wheels = [file for file in gathered.files if file.kind != "sdist"]
    sizes = [file.size for file in wheels if file.size is not None]
    fields = details.metadata
    return ProjectPage(
        name=project.name,
        display_name=project.display_name,
        version=release.version,
        latest=gathered.latest.version,
        summary=details.summary,
        released_at=release.created_at,
        status=_status(project),
        yanked=_yanked(gathered),
        install=f"rewheel install {wanted} -i {index_url}",
        pip=f"pip install {wanted} --index-url {index_url}",
        requires_python=details.requires_python,
        downloads=gathered.downloads,
        files=tuple(_file(file) for file in gathered.files),
        wheels=len(gathered.wheels),
        size_range=_range(sizes) if sizes or not wheels else "unknown",
        releases=tuple(release_row(each) for each in gathered.releases[:_MOST_RELEASES]),
        more_releases=len(gathered.releases) if len(gathered.releases) > _MOST_RELEASES else 0,
        readme=renderer.render(details.description, details.description_content_type),
        table=table,
        matrix=support_matrix(table),
        problem=gathered.problem,
        origin=gathered.origin,
        python="{}.{}".format(*chosen),
        pythons=tuple(words),
        groups=groups,
        without=without,
        links=links_of(fields),
        licence=licence_of(fields),
        author=author_of(fields),
        keywords=keywords_of(fields),
        maintainers=tuple(gathered.maintainers),
        extras=extras_of(fields),
        dependencies=dependencies_of(fields, gathered.local_names),
        classifiers=classifier_groups(fields.get("classifier", ())[:200]),
    )


def answers_of(
    gathered: Gathered, table: VariantTable, python: tuple[int, int]
) -> tuple[tuple[AnswerGroup, ...], str]:
    """Answer for the common machines, if there is anything to choose from."""
    if not table.labels:
        return (), ""
    return answer_groups(gathered.wheels, gathered.metadata, table, python, gathered.has_sources)


def _status(project: projects.Project) -> StatusBanner | None:
    if project.status is projects.Status.ACTIVE:
        return None
    return StatusBanner(project.status.value, project.status_reason)


def _is_yanked(release: showing.ShownRelease) -> bool:
    return release.yanked == release.files


def _yanked(gathered: Gathered) -> str | None:
    if not _is_yanked(gathered.release):
        return None
    return next((file.yanked_reason for file in gathered.files if file.yanked_reason), "")


def _range(sizes: Sequence[int]) -> str:
    if not sizes:
        return "no wheels"
    smallest, largest = size(min(sizes)), size(max(sizes))
    if smallest == largest:
        return smallest
    amount, _, unit = smallest.partition(" ")
    return f"{amount} to {largest}" if largest.endswith(unit) else f"{smallest} to {largest}"


def release_row(release: showing.ShownRelease) -> ReleaseRow:
    """Return the line of a release in the list of all."""
    return ReleaseRow(
        version=release.version,
        released_at=release.created_at,
        files=release.files,
        size=release.size,
        labels=release.labels,
        is_yanked=_is_yanked(release),
        is_prerelease=is_prerelease(release.version),
    )


def _file(file: showing.ShownFile) -> FileRow:
    address = f"/{file.path or file_path(file.sha256, file.filename)}"
    external = file.external_url if file.external_url and is_web_link(file.external_url) else ""
    filename = _wheel_filename(file)
    if filename is not None:
        purpose = f"{platform_of(filename.platform)}, Python {python_of(filename.python, filename.abi)}"
    else:
        purpose = "source distribution" if file.kind == "sdist" else file.kind
    return FileRow(
        filename=file.filename,
        url=external or address,
        purpose=purpose,
        label=file.label,
        size=file.size,
        uploaded_at=file.uploaded_at,
        hashes=tuple(sorted(_hashes(file).items())),
        requires_python=file.requires_python,
        yanked=file.yanked_reason,
        origin=_origin(file),
        support_url=_contact(file.support_url),
        metadata_url=f"{address}.metadata" if file.metadata_sha256 is not None else "",
        provenance=_provenance(file, address),
        is_external=bool(external),
    )


def _provenance(file: showing.ShownFile, address: str) -> str:
    """Return where the attestations of a file are; an upstream index has those of its files itself."""
    if not file.provenance:
        return ""
    if file.source:
        return file.provenance if is_web_link(file.provenance) else ""
    return f"{address}.provenance"


def _hashes(file: showing.ShownFile) -> dict[str, str]:
    return {"sha256": file.sha256, **file.hashes} if file.sha256 else file.hashes


def _origin(file: showing.ShownFile) -> str:
    """Say where the bytes of a file come from."""
    if file.source:
        return file.source
    if not file.external_url:
        return "this index"
    try:
        host = urlsplit(file.external_url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    place = host or "an external host"
    return f"{place}, where {file.owner} hosts it" if file.owner else place


def _contact(url: str | None) -> str:
    """Return an address to ask for help that a page may lead to: of the web, or of mail."""
    if url and (is_web_link(url) or _MAIL.fullmatch(url)):
        return url
    return ""
