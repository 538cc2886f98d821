"""Projects that only upstream indexes have: the same page, made of what such an index lists of files."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rewheel.errors import RewheelError
from rewheel.server.catalog import projects, showing, upstreams as catalog
from rewheel.server.catalog.releases import Description
from rewheel.server.catalog.versions import sort_key
from rewheel.server.errors import Refused
from rewheel.server.pages.gathering import (
    Gathered,
    find_release,
    latest_of,
    offered_wheels,
    variant_metadata_of,
)
from rewheel.server.pages.project_page import Origin
from rewheel.server.reading.upstream_pages import upstream_moment, upstream_path
from rewheel.server.services import Services
from rewheel.server.settings import Upstream
from rewheel.server.upstream import Answer, Listed, Upstreams
from rewheel.variants import InvalidFilename, WheelFilename

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Elsewhere", "releases_elsewhere"]

_INDEX_FILES = 64
"""Index files of releases that one process remembers."""
_INDEX_FILE_LIMIT = 1 << 20
"""Bytes of an index file that a page is made of."""


class Elsewhere:
    """Finds projects at upstream indexes, with the requests that installers' pages make anyhow.

    Beyond those one small file is asked for: the index file of the release that is shown, if there is one.
    May be used by several threads at once; calls may take seconds.
    """

    def __init__(self, services: Services, upstreams: Upstreams) -> None:
        self._services = services
        self._upstreams = upstreams
        self._index_files: OrderedDict[tuple[str, str, str, int], str | None] = OrderedDict()
        self._guard = threading.Lock()

    def origin_of(self, project: projects.Project) -> Origin:
        """Say how a project of this index stands to upstream indexes; nobody is asked for that."""
        rules = self._upstreams.rules
        followed = rules.asked(project.name, is_local=True, tracks=project.tracks)
        others = [one for one in rules.asked(project.name, is_local=False) if one not in followed]
        return Origin(shadowed=_shown(others), followed=_shown(followed))

    def find(self, name: str) -> Answer | None:
        """Find what is offered of a project that is not here; raises Refused as installers are refused."""
        return self._upstreams.find(name)

    def state(self, name: str, answer: Answer) -> str:
        """Return a text that changes with all that a page shows besides the listing: metadata that has come.

        The listing has the serial of the answer.
        """
        upstream = answer.upstream.name
        with self._services.database.read() as connection:
            count, newest = catalog.known_metadata(connection, upstream, name)
        return f"{_shown_name(answer.upstream)} {answer.is_stale} {count} {newest}"

    def gather(self, name: str, answer: Answer, version: str | None) -> Gathered | None:
        """Gather a release, by default the latest; None if there is no such release."""
        listing = answer.listing
        status = _status(listing.status)
        if not status.offers_files:
            raise Refused(
                404, f"{name} is {status.value} at {answer.upstream.name}: its files are not offered"
            )
        grouped = _by_version(listing.files)
        found = _releases(grouped)
        if not found:
            return None
        release = latest_of(found) if version is None else find_release(found, version)
        if release is None:
            return None
        listed = grouped[release.sort_key][1]
        source = _shown_name(answer.upstream)
        files = [
            _file(each, name, answer.upstream.name, source)
            for each in sorted(listed, key=lambda one: one.filename)
            if not each.is_index_file
        ]
        description = self._description(answer.upstream.name, listed)
        index_file = next((each for each in listed if each.is_index_file), None)
        text, problem = self._index_file(answer, index_file) if index_file is not None else (None, "")
        metadata, unreadable = variant_metadata_of(text)
        pythons = sorted({file.requires_python for file in files})
        return Gathered(
            project=_project(name, status, listing.status_reason),
            releases=found,
            release=release,
            details=showing.ReleaseDetails(
                description.summary if description else "",
                pythons[0] if len(pythons) == 1 else "",
                description.metadata if description else {},
                description.description if description else "",
                description.description_content_type if description else "",
                text,
            ),
            files=files,
            wheels=offered_wheels(files),
            metadata=metadata,
            problem=problem or unreadable,
            maintainers=(),
            downloads=None,
            local_names=frozenset(),
            origin=Origin(source, answer.is_stale, has_metadata=description is not None),
        )

    def _description(self, upstream: str, files: Iterable[Listed]) -> Description | None:
        """Read the metadata of a wheel if an installer has fetched it before; it is not asked for."""
        from rewheel.metadata import CoreMetadata
        from rewheel.server.intake.inspection import describe

        for file in files:
            with self._services.database.read() as connection:
                kept = catalog.find_file(connection, upstream, file.filename)
            if kept is None or kept.metadata_sha256 is None or kept.sha256 != file.sha256:
                continue
            try:
                text = b"".join(self._services.blobs.read(kept.metadata_sha256))
                return describe(CoreMetadata.parse(text), text)
            except (LookupError, RewheelError):
                continue
        return None

    def _index_file(self, answer: Answer, file: Listed) -> tuple[str | None, str]:
        """Return the text of a release's index file, or what is wrong with it."""
        key = (answer.upstream.name, file.filename, file.sha256, answer.serial)
        with self._guard:
            if key in self._index_files:
                self._index_files.move_to_end(key)
                return self._index_files[key], ""
        try:
            content = self._upstreams.fetcher.small(file.url)
            if len(content) > _INDEX_FILE_LIMIT:
                return None, f"The variant metadata {file.filename} is too large to be shown here."
            if file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256:
                return None, f"The variant metadata {file.filename} is not what its index promises."
            text = content.decode()
        except (RewheelError, UnicodeDecodeError):
            return None, f"The variant metadata {file.filename} cannot be had at the moment."
        with self._guard:
            self._index_files[key] = text
            while len(self._index_files) > _INDEX_FILES:
                self._index_files.popitem(last=False)
        return text, ""


def releases_elsewhere(answer: Answer) -> Sequence[showing.ShownRelease]:
    """Return all releases that an upstream index lists files of, newest first."""
    return _releases(_by_version(answer.listing.files))


def _shown_name(upstream: Upstream) -> str:
    """Name an upstream index with its host, and without the login that its URL may have."""
    host = urlsplit(upstream.url).hostname or ""
    return f"{upstream.name} ({host})" if host and host != upstream.name else upstream.name


def _shown(upstreams: Iterable[Upstream]) -> tuple[str, ...]:
    return tuple(_shown_name(each) for each in upstreams)


def _project(name: str, status: projects.Status, reason: str) -> projects.Project:
    """Stand in for a project of the catalog, which has none of this name."""
    return projects.Project(0, name, name, status, reason, None, None, 0, True, (), ())


def _status(text: str) -> projects.Status:
    return projects.Status(text) if text in set(projects.Status) else projects.Status.ACTIVE


def _by_version(files: Iterable[Listed]) -> dict[str, tuple[str, list[Listed]]]:
    """Group files by the version in their names: by its sort key the version and the files."""
    found: dict[str, tuple[str, list[Listed]]] = {}
    for file in files:
        version = _version(file)
        if version is not None:
            found.setdefault(sort_key(version), (str(version), []))[1].append(file)
    return found


def _version(file: Listed) -> "Version | None":
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename
    from packaging.version import InvalidVersion, Version

    try:
        if file.filename.endswith((".whl", ".whlx")):
            return Version(WheelFilename.parse(file.filename).version)
        if file.is_index_file:
            return Version(file.filename.removesuffix("-variants.json").partition("-")[2])
        return parse_sdist_filename(file.filename)[1]
    except (InvalidFilename, InvalidVersion, InvalidSdistFilename, ValueError):
        return None


def _releases(grouped: dict[str, tuple[str, list[Listed]]]) -> list[showing.ShownRelease]:
    found = []
    for number, key in enumerate(sorted(grouped, reverse=True)):
        version, listed = grouped[key]
        files = [file for file in listed if not file.is_index_file]
        if not files:
            continue
        sizes = [file.size for file in files if file.size is not None]
        moments = [moment for file in files if (moment := upstream_moment(file.upload_time)) is not None]
        found.append(
            showing.ShownRelease(
                id=-number,
                version=version,
                sort_key=key,
                created_at=min(moments, default=None),
                files=len(files),
                size=sum(sizes) if len(sizes) == len(files) else None,
                labels=len({label for file in files if (label := _label(file.filename))}),
                yanked=sum(file.yanked is not None for file in files),
            )
        )
    return found


def _label(filename: str) -> str:
    try:
        return WheelFilename.parse(filename).label if filename.endswith((".whl", ".whlx")) else ""
    except InvalidFilename:
        return ""


def _file(file: Listed, project: str, upstream: str, source: str) -> showing.ShownFile:
    path = upstream_path(upstream, project, file.sha256, file.filename)
    return showing.ShownFile(
        filename=file.filename,
        kind="wheel" if file.filename.endswith((".whl", ".whlx")) else "sdist",
        sha256=file.sha256,
        size=file.size,
        hashes={},
        requires_python=file.requires_python,
        yanked_reason=file.yanked,
        metadata_sha256=file.metadata_sha256,
        label=_label(file.filename),
        uploaded_at=upstream_moment(file.upload_time),
        external_url=None,
        provenance=file.provenance or None,
        source=source,
        path=path,
    )
