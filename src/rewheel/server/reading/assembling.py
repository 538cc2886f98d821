"""Reading from the catalog what a page has to say."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from packaging.version import Version
from sqlalchemy import Connection

from rewheel.server.catalog import files
from rewheel.server.catalog.hosting import HostedElsewhere, hosted_elsewhere
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.versions import sort_key
from rewheel.server.reading.model import ListedFile, ListedRim, ProjectPage
from rewheel.variants import IndexFilename
from rewheel.wheels import rim_name

__all__ = [
    "FROM_PROJECT_PAGE", "assemble", "assemble_plain", "file_path", "find_index_file", "index_filename",
    "provenance_path",
]  # fmt: skip

FROM_PROJECT_PAGE = "../../"
"""Where the root of the server is, seen from `/simple/NAME/`: a proxy may have put it anywhere."""


_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
"""What needs no quoting, which is nearly every name."""


def assemble(
    connection: Connection, project: Project, *, root: str = FROM_PROJECT_PAGE, provenance_root: str = ""
) -> ProjectPage:
    """Return what the page of a project says; its cost grows with its files alone.

    Provenance is listed under an address of its own, which has to be complete (PEP 740), else not at all.
    """
    published = files.list_published(connection, project.id) if project.status.offers_files else ()
    is_complete = all(file.external_url is None for file in published)
    elsewhere = {} if is_complete else hosted_elsewhere(connection, project.id)
    page = _page(project, published, root, elsewhere, provenance_root)
    if any(file.label for file in published):
        page = replace(page, files=[*page.files, *_index_files(connection, project)])
    return page


def assemble_plain(
    project: Project, published: Sequence[files.Published], *, provenance_root: str = ""
) -> ProjectPage | None:
    """Return the page of a project whose files are given; None if it takes more than these to say all."""
    if not project.status.offers_files:
        published = ()
    if any(file.label or file.external_url is not None for file in published):
        return None
    return _page(project, published, FROM_PROJECT_PAGE, {}, provenance_root)


def _page(
    project: Project,
    published: Sequence[files.Published],
    root: str,
    elsewhere: Mapping[str, HostedElsewhere],
    provenance_root: str,
) -> ProjectPage:
    return ProjectPage(
        project.name,
        project.serial,
        project.status,
        project.status_reason,
        list(dict.fromkeys([file.version for file in published])),
        [_listed(file, root, elsewhere.get(file.filename), provenance_root) for file in published],
        project.tracks,
        project.alternate_locations,
    )


def file_path(sha256: str, filename: str) -> str:
    """Return the path of a file below the root of the server; it stands for its content for ever."""
    name = filename if _PLAIN.fullmatch(filename) else quote(filename)
    return f"files/{sha256[:2]}/{sha256[2:4]}/{sha256[4:]}/{name}"


def provenance_path(sha256: str, filename: str) -> str:
    """Return the path of the provenance of a file (PEP 740)."""
    return f"{file_path(sha256, filename)}.provenance"


def index_filename(project: str, version: str) -> str:
    """Return the name of the index file of a release."""
    return str(IndexFilename.for_release(project, version))


def find_index_file(connection: Connection, project: Project, filename: str) -> str | None:
    """Return the text of the index file that has this name; None if there is none."""
    try:
        version = Version(IndexFilename.parse(filename).version)
    except ValueError:  # of both; nothing of ours is called so
        return None
    if index_filename(project.name, str(version)) != filename:
        return None
    return files.index_file(connection, project.id, sort_key(version))


def _listed(
    file: files.Published, root: str, elsewhere: HostedElsewhere | None, provenance_root: str
) -> ListedFile:
    is_here = file.external_url is None
    return ListedFile(
        file.filename,
        file.external_url or root + file_path(file.sha256, file.filename),
        file.sha256,
        file.size,
        file.requires_python,
        file.yanked_reason,
        file.metadata_sha256 if is_here else None,  # it would be looked for beside the wheel
        file.uploaded_at,
        f"{provenance_root}{provenance_path(file.sha256, file.filename)}"
        if file.provenance and provenance_root
        else None,
        _rim(file.filename, elsewhere, root) if elsewhere is not None else None,
    )


def _rim(filename: str, elsewhere: HostedElsewhere, root: str) -> ListedRim:
    return ListedRim(
        root + file_path(elsewhere.rim_sha256, rim_name(filename)),
        elsewhere.rim_sha256,
        elsewhere.hashes,
        elsewhere.metadata_sha256,
        elsewhere.owner,
        elsewhere.support_url,
    )


def _index_files(connection: Connection, project: Project) -> Iterator[ListedFile]:
    """List the index files beside the page: they change, and so does not their address.

    PEP 825 lets them carry a name, an address and hashes; the size is there because PEP 700 asks for it.
    """
    for version, text in files.index_files(connection, project.id):
        content = text.encode()
        name = index_filename(project.name, version)
        yield ListedFile(name, quote(name), hashlib.sha256(content).hexdigest(), len(content))
