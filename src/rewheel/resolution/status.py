"""What a project's own index says about its state, where that concerns whoever installs it (PEP 792)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewheel.indexes import File, ProjectPage

__all__ = ["quarantined", "status_warning"]

_CONCERNS = {
    "archived": "is archived: its owners do not expect to change it any more",
    "deprecated": "is deprecated: it may have a successor",
    "quarantined": "is quarantined: its index takes it for unsafe",
}
"""States that are warned of; a state that nobody knows yet means as much as none."""


def status_warning(project: str, file: "File") -> str:
    """Return what to warn of when this file is taken; empty if there is nothing."""
    page = file.source.page(project)  # it was read already
    return _sentence(page) if page is not None else ""


def quarantined(pages: "Iterable[ProjectPage]") -> str:
    """Say that a project has no files because it is quarantined; empty if that is not so."""
    return next((_sentence(page) for page in pages if page.status == "quarantined"), "")


def _sentence(page: "ProjectPage") -> str:
    concern = _CONCERNS.get(page.status)
    if concern is None:
        return ""
    reason = f" ({page.status_reason[:300]})" if page.status_reason else ""
    return f"{page.project} {concern}{reason}"
