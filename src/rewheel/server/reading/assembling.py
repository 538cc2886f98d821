"""Reading from the catalog what a page has to say."""

import hashlib
from collections.abc import Iterator
from urllib.parse import quote

from packaging.version import Version
from sqlalchemy import Connection

from rewheel.server.catalog import files
from rewheel.server.catalog.projects import Project
from rewheel.server.catalog.versions import sort_key
from rewheel.server.reading.model import ListedFile, ProjectPage
from rewheel.variants import IndexFilename

__all__ = ["FROM_PROJECT_PAGE", "assemble", "file_path", "find_index_file", "index_filename"]

FROM_PROJECT_PAGE = "../../"
"""Where the root of the server is, seen from `/simple/NAME/`: a proxy may have put it anywhere."""


def assemble(connection: Connection, project: Project, *, root: str = FROM_PROJECT_PAGE) -> ProjectPage:
    """Return what the page of a project says; its cost grows with its files alone."""
    listed: list[ListedFile] = []
    versions: list[str] = []
    if project.status.offers_files:
        listed = [
            *(_listed(file, root) for file in files.list_published(connection, project.id)),
            *_index_files(connection, project),
        ]
        versions = list(files.list_versions(connection, project.id))
    return ProjectPage(
        project.name,
        project.serial,
        project.status,
        project.status_reason,
        versions,
        listed,
        project.tracks,
        project.alternate_locations,
    )


def file_path(sha256: str, filename: str) -> str:
    """Return the path of a file below the root of the server; it stands for its content for ever."""
    return f"files/{sha256[:2]}/{sha256[2:4]}/{sha256[4:]}/{quote(filename)}"


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


def _listed(file: files.Published, root: str) -> ListedFile:
    return ListedFile(
        file.filename,
        file.external_url or root + file_path(file.sha256, file.filename),
        file.sha256,
        file.size,
        file.requires_python,
        file.yanked_reason,
        file.metadata_sha256,
        file.uploaded_at,
        file.provenance,
    )


def _index_files(connection: Connection, project: Project) -> Iterator[ListedFile]:
    """List the index files beside the page: they change, and so does not their address.

    PEP 825 lets them carry a name, an address and hashes; the size is there because PEP 700 asks for it.
    """
    for version, text in files.index_files(connection, project.id):
        content = text.encode()
        name = index_filename(project.name, version)
        yield ListedFile(name, quote(name), hashlib.sha256(content).hexdigest(), len(content))
