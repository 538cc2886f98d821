"""Pages of projects that upstream indexes have, and of those that are partly here and partly there."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from rewheel.server.catalog.projects import Project, Status
from rewheel.server.reading.assembling import FROM_PROJECT_PAGE
from rewheel.server.reading.model import ListedFile, ProjectPage
from rewheel.server.upstream import Answer, Listed

__all__ = ["combined_page", "combined_serial", "source_headers", "upstream_moment", "upstream_path"]

_UNHASHED = "-"


def combined_page(name: str, local: ProjectPage | None, answer: Answer | None) -> ProjectPage:
    """Return the page of a project: what is here comes first, and nothing of another index replaces it."""
    if answer is None:
        assert local is not None
        return local
    listing = answer.listing
    serial = combined_serial(None, answer)
    if local is None:
        status = Status(listing.status) if listing.status in set(Status) else Status.ACTIVE
        reason = listing.status_reason
        own: Sequence[ListedFile] = ()
        versions: Sequence[str] = listing.versions
        if not status.offers_files:
            return ProjectPage(name, serial, status, reason, (), ())
    else:
        if not local.status.offers_files:
            return local
        status, reason, own = local.status, local.status_reason, local.files
        versions = _merged(local.versions, listing.versions)
    taken = {file.filename for file in own}
    added = (
        _listed(file, name, answer.upstream.name) for file in listing.files if file.filename not in taken
    )
    tracks = local.tracks if local is not None else ()
    return ProjectPage(name, serial, status, reason, versions, [*own, *added], tracks)


def combined_serial(project: Project | None, answer: Answer | None) -> int:
    """Return a number that changes with the part that is here and with the one that is not."""
    here = project.serial if project is not None else 0
    return here << 32 | (answer.serial if answer is not None else 0)


def source_headers(answer: Answer | None) -> Iterator[tuple[bytes, bytes]]:
    """Say from which index a page comes, and whether that index could be asked."""
    if answer is not None:
        yield b"x-rewheel-source", quote(answer.upstream.name).encode()
        if answer.is_stale:
            yield b"warning", b'110 - "Response is Stale"'


def upstream_path(upstream: str, project: str, sha256: str, filename: str) -> str:
    """Return the path of an upstream index's file below the root of the server."""
    return f"upstream/{quote(upstream, safe='')}/{project}/{sha256 or _UNHASHED}/{quote(filename)}"


def _listed(file: Listed, project: str, upstream: str) -> ListedFile:
    return ListedFile(
        file.filename,
        FROM_PROJECT_PAGE + upstream_path(upstream, project, file.sha256, file.filename),
        file.sha256,
        file.size,
        file.requires_python,
        file.yanked,
        file.metadata_sha256,
        upstream_moment(file.upload_time),
        file.provenance or None,
        source=upstream,
    )


def upstream_moment(text: str) -> datetime | None:
    """Read when a file was uploaded; None if an upstream index says nothing that can be understood."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _merged(own: Sequence[str], other: Sequence[str]) -> Sequence[str]:
    """Put versions of both into their order; what is no version has none."""
    from packaging.version import InvalidVersion, Version

    def key(text: str) -> tuple[bool, Version | None, str]:
        try:
            return True, Version(text), text
        except InvalidVersion:
            return False, None, text

    return sorted({*own, *other}, key=key)
