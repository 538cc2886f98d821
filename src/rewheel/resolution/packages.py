"""What the solver calls a package: a project, a project with one extra, or one with its default extras."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from rewheel.resolution.question import Requested

if TYPE_CHECKING:
    from rewheel.metadata import Requirement
    from rewheel.resolution.candidate_set import CandidateSet

__all__ = ["DEFAULT_EXTRAS", "extra_of", "packages_of", "project_of"]

DEFAULT_EXTRAS = "*"
"""Stands for all default extras of a project (PEP 771), where the name of an extra is expected."""


def project_of(package: str) -> str:
    """Return the project of a package."""
    return package.partition("[")[0]


def extra_of(package: str) -> str:
    """Return the extra of a package, normalised; empty for the project itself."""
    return package.partition("[")[2].removesuffix("]")


def packages_of(
    requirement: "Requirement", allowed: "CandidateSet", *, have_defaults: Collection[str]
) -> Iterable[Requested]:
    """Yield the packages that a requirement needs.

    `have_defaults` are the projects that are known to have default extras; they come along unless the
    requirement names extras or says with empty brackets that it wants none (PEP 771).
    """
    project, text = requirement.project, str(requirement)
    yield Requested(project, allowed, text)
    extras = sorted(requirement.extras)
    if not extras and not requirement.default_extras_off and project in have_defaults:
        extras = [DEFAULT_EXTRAS]
    for extra in extras:
        yield Requested(f"{project}[{extra}]", allowed, text)
