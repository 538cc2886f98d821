"""From requirements to what would have to change: everything about an installation but the change itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewheel.installing.errors import HashesMissing
from rewheel.installing.plan import Report
from rewheel.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.metadata import Requirement
    from rewheel.resolution import (
        RememberingResolver,
        Resolution,
        ResolvedPackage,
        Resolver,
        WheelVerdict,
    )

__all__ = ["Installation", "Planner"]


@frozen
class Installation:
    """What an installation comes to: the whole resolution, and what has to change for it."""

    resolution: "Resolution"
    new: "tuple[ResolvedPackage, ...]"
    """The packages whose wheels are to be installed; the others are there already."""
    report: Report = field(default_factory=Report)
    """What was changed; nothing in a plan."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each wheel that was installed, in hexadecimal, by project."""


class Planner:
    """Finds out what requirements come to in one environment."""

    def __init__(
        self,
        *,
        resolver: "Resolver | RememberingResolver",
        target: "Target",
        allowed_hashes: Mapping[str, frozenset[str]] | None = None,
        require_hashes: bool = False,
        reinstall: bool = False,
    ) -> None:
        """`allowed_hashes` maps projects to digests, as `"sha256:…"`, one of which the file must have."""
        self._resolver = resolver
        self._target = target
        self._allowed_hashes = allowed_hashes or {}
        self._require_hashes = require_hashes
        self._reinstall = reinstall

    def plan(
        self,
        requirements: "Sequence[Requirement]",
        constraints: "Sequence[Requirement]" = (),
        likely: "Callable[[str, WheelVerdict], None] | None" = None,
    ) -> Installation:
        """Find out what would be installed; `likely` hears of wheels that will probably be part of that.

        Raises `ResolutionError`, `IndexesError` or `HashesMissing`.
        """
        installed = {found.project: found for found in self._target.installed()}
        resolution = self._resolver.resolve(requirements, constraints, likely=likely)
        new = tuple(
            package
            for package in resolution.packages
            if self._is_new(package, installed.get(package.project))
        )
        if self._require_hashes:
            lacking = [f"{p.project}=={p.version}" for p in new if p.project not in self._allowed_hashes]
            if lacking:
                raise HashesMissing(lacking)
        return Installation(resolution, new)

    def _is_new(self, package: "ResolvedPackage", installed: "InstalledDistribution | None") -> bool:
        if package.kept is not None:
            return False
        if installed is None or installed.damage or self._reinstall or package.direct_url is not None:
            return True
        return (installed.version, installed.label) != (package.version, package.label)
