"""Pages as HTML (PEP 503), as it was frozen at version 1.4 of the API (PEP 833)."""

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from rewheel.server.catalog.projects import Status
from rewheel.server.reading.model import ListedFile, ProjectPage

__all__ = ["API_VERSION", "project_html", "projects_html"]

API_VERSION = "1.4"


def projects_html(names: Iterable[str], serial: int) -> bytes:
    """Return the list of all projects."""
    del serial
    links = [f'<a href="{escape(quote(name))}/">{escape(name)}</a><br>' for name in names]
    return _document("Simple index", [], links)


def project_html(page: ProjectPage) -> bytes:
    """Return the page of one project."""
    head = [_meta("tracks", url) for url in page.tracks]
    head += [_meta("alternate-locations", url) for url in page.alternate_locations]
    if page.status is not Status.ACTIVE or page.status_reason:
        head.append(_meta("project-status", page.status.value))
    if page.status_reason:
        head.append(_meta("project-status-reason", page.status_reason))
    return _document(f"Links for {page.name}", head, [_link(file) for file in page.files])


def _meta(name: str, content: str) -> str:
    return f'<meta name="pypi:{name}" content="{escape(content)}">'


def _link(file: ListedFile) -> str:
    fragment = f"#sha256={file.sha256}" if file.sha256 else ""
    attributes = [f'href="{escape(file.url)}{fragment}"']
    if file.requires_python:
        attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
    if file.metadata_sha256 is not None:
        promise = f"sha256={file.metadata_sha256}" if file.metadata_sha256 else "true"
        attributes.append(f'data-core-metadata="{promise}"')
    if file.yanked_reason is not None:
        attributes.append(f'data-yanked="{escape(file.yanked_reason)}"')
    if file.provenance:
        attributes.append(f'data-provenance="{escape(file.provenance)}"')
    if file.source:
        attributes.append(f'data-source="{escape(file.source)}"')
    return f"<a {' '.join(attributes)}>{escape(file.filename)}</a><br>"


def _document(title: str, head: Iterable[str], lines: Iterable[str]) -> bytes:
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        _meta("repository-version", API_VERSION),
        *head,
        f"<title>{escape(title)}</title>",
        "</head>",
        "<body>",
        f"<h1>{escape(title)}</h1>",
        *lines,
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(parts).encode()
