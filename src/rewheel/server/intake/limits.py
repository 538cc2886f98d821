"""How large a file and a project may be, and what to do about it when that is not enough."""

from sqlalchemy import Connection

from rewheel.server.catalog.files import project_size
from rewheel.server.catalog.projects import Project
from rewheel.server.errors import Refused
from rewheel.server.settings import ServerSettings

__all__ = ["check_quota", "file_limit", "project_quota", "shown_size", "too_large"]

_WAYS_ON = "ask an administrator to raise it, or host the file externally (`rewheel wheel dismount`)"


def file_limit(settings: ServerSettings, project: Project | None) -> int:
    """Return the bytes that one file of a project may have; a new project has the server's limit."""
    granted = project.file_limit if project is not None else None
    return min(granted if granted is not None else settings.file_limit, settings.hard_file_limit)


def project_quota(settings: ServerSettings, project: Project) -> int:
    """Return the bytes that all files of a project may have together."""
    return project.quota if project.quota is not None else settings.project_quota


def too_large(name: str, limit: int) -> str:
    """Say that a file is beyond the limit of its project."""
    return f"{name} is larger than the limit of {shown_size(limit)} a file; {_WAYS_ON}"


def check_quota(connection: Connection, settings: ServerSettings, project: Project, added: int) -> None:
    """Refuse (403) what would take a project beyond its quota, with limit, use and remedy."""
    quota = project_quota(settings, project)
    used = project_size(connection, project.id)
    if used + added > quota:
        raise Refused(
            403,
            f"{project.name} uses {shown_size(used)} of its quota of {shown_size(quota)}; "
            f"{shown_size(added)} more do not fit",
            hint=f"delete what nobody needs, or {_WAYS_ON}",
            kind="quota-exceeded",
        )


def shown_size(size: int) -> str:
    """Write a number of bytes for people."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{size} bytes" if unit == "bytes" else f"{amount:.4g} {unit}"
