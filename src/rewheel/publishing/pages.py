"""The pages of a simple package index, as HTML (PEP 503) and as JSON (PEP 691)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

__all__ = ["ListedFile", "project_html", "project_json", "projects_html", "projects_json"]

_API_VERSION = "1.0"
"""PEP 700 asks 1.1 for the size of every file, and an index file is listed without any attribute."""

_GENERATOR = "rewheel"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as an index announces it; what is not known, or not to be said, is left empty."""

    filename: str
    url: str
    """Relative to the project's page, percent-encoded, without a fragment."""
    sha256: str
    size: int | None = None
    requires_python: str = ""
    metadata_sha256: str = ""
    """Digest of the metadata file beside it (PEP 658); empty when none is offered."""

    @staticmethod
    def url_of(prefix: str, filename: str) -> str:
        """Return the address of `filename`, which may hold `+` and the like, below `prefix`."""
        return prefix + quote(filename)


def projects_html(projects: Iterable[str]) -> str:
    """Return the list of all projects, given by their normalised names."""
    links = [f'<a href="{escape(quote(name))}/">{escape(name)}</a><br>' for name in projects]
    return _document("Simple index", links)


def projects_json(projects: Iterable[str]) -> str:
    """Return the list of all projects, given by their normalised names."""
    return _json({"meta": _meta(), "projects": [{"name": name} for name in projects]})


def project_html(project: str, files: Sequence[ListedFile]) -> str:
    """Return the page of one project."""
    return _document(f"Links for {project}", [_link(file) for file in files])


def project_json(project: str, versions: Sequence[str], files: Sequence[ListedFile]) -> str:
    """Return the page of one project."""
    return _json(
        {
            "meta": _meta(),
            "name": project,
            "versions": list(versions),
            "files": [_entry(file) for file in files],
        }
    )


def _link(file: ListedFile) -> str:
    attributes = {"href": f"{file.url}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.metadata_sha256:
        attributes["data-core-metadata"] = f"sha256={file.metadata_sha256}"
    text = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {text}>{escape(file.filename)}</a><br>"


def _entry(file: ListedFile) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.metadata_sha256:
        entry["core-metadata"] = {"sha256": file.metadata_sha256}
    return entry


def _document(title: str, lines: Iterable[str]) -> str:
    head = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta name="pypi:repository-version" content="{_API_VERSION}">',
        f'<meta name="generator" content="{_GENERATOR}">',
        f"<title>{escape(title)}</title>",
        "</head>",
        "<body>",
        f"<h1>{escape(title)}</h1>",
    ]
    return "\n".join([*head, *lines, "</body>", "</html>", ""])


def _meta() -> dict[str, str]:
    return {"api-version": _API_VERSION}


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
