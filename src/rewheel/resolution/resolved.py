"""What a resolution found: the distributions to have, in the order in which they depend on one another."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution
    from rewheel.indexes import File
    from rewheel.metadata import CoreMetadata
    from rewheel.resolution.building import Buildable
    from rewheel.resolution.choice import Choice, WheelVerdict

__all__ = ["Resolution", "ResolvedPackage", "dependencies_first"]


@frozen
class ResolvedPackage:
    """One distribution of the answer: either a wheel to install or what is installed already."""

    project: str
    version: str
    metadata: "CoreMetadata"
    choice: "Choice | None" = None
    """How its wheel was chosen; `None` for what is kept."""
    kept: "InstalledDistribution | None" = None
    extras: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    """Projects that it depends on, within this answer."""
    requested: bool = False
    """Whether the user asked for it by name (PEP 376, REQUESTED)."""
    direct_url: Mapping[str, Any] | None = None
    """What PEP 610 records of a distribution that was named by path or URL."""
    pinned: bool = False
    """Whether a requirement names exactly this version or file, so that no other may stand in for it."""

    @property
    def wheel(self) -> "WheelVerdict | None":
        """The wheel to install, with the reasons for it; `None` for what is kept or has to be built."""
        return self.choice.selected if self.choice is not None else None

    @property
    def sources(self) -> "Buildable | None":
        """What has to be built, `None` for what is kept or has a wheel."""
        return self.choice.sources if self.choice is not None and self.wheel is None else None

    @property
    def file(self) -> "File | None":
        """The wheel or source distribution to download; `None` for what is kept, folders and repositories."""
        if self.wheel is not None:
            return self.wheel.file
        return self.sources.file if self.sources is not None else None

    @property
    def label(self) -> str:
        """The variant label, empty for a plain wheel."""
        if self.kept is not None:
            return self.kept.label
        return self.wheel.label if self.wheel is not None else ""


@frozen
class Resolution:
    """The whole answer; dependencies come before what needs them, cycles apart."""

    packages: tuple[ResolvedPackage, ...]
    is_settled: bool = False
    """Whether what is installed was enough, so that no source was asked for anything."""

    def find(self, project: str) -> ResolvedPackage | None:
        """Return the package of a project, by its normalised name."""
        return next((package for package in self.packages if package.project == project), None)


def dependencies_first(projects: Sequence[str], requires: Mapping[str, Sequence[str]]) -> list[str]:
    """Order projects so that what they depend on comes first; a cycle is cut where it is first met."""
    ordered: dict[str, None] = {}
    for start in projects:
        stack = [(start, iter(requires.get(start, ())))]
        open_projects = {start}
        while stack:
            project, rest = stack[-1]
            following = next(
                (name for name in rest if name not in ordered and name not in open_projects), None
            )
            if following is None:
                ordered.setdefault(project)
                stack.pop()
            else:
                open_projects.add(following)
                stack.append((following, iter(requires.get(following, ()))))
    return list(ordered)
