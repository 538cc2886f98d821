"""Who needs whom among installed distributions, extras and variant markers included."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from rewheel.environments.installed import InstalledDistribution
from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata, Requirement
from rewheel.variants import PLAIN, VariantEnvironment, normalize_project

__all__ = ["Dependency", "DependencyGraph"]


class Dependency(NamedTuple):
    """One requirement of an installed distribution, and what is there to meet it."""

    parent: InstalledDistribution
    requirement: Requirement
    found: InstalledDistribution | None
    extra: str = ""
    """The extra of `parent` (normalised) that brings it; "" if `parent` always needs it."""

    @property
    def is_met(self) -> bool:
        """Whether a version is there that will do; a direct reference is met by any version."""
        if self.found is None:
            return False
        specifier = self.requirement.specifier
        if not specifier:
            return True
        from packaging.version import Version

        try:
            version = Version(self.found.version)
        except ValueError:  # InvalidVersion, or a number too long for Python
            return specifier == f"==={self.found.version}"
        return self.requirement.specifier_set.contains(version, prereleases=True)


class DependencyGraph:
    """The dependencies among installed distributions.

    No file says with which extras something was installed. An extra counts when another distribution asks
    for it, and default extras when one asks for none (PEP 771); an extra that only the user asked for does
    not. `variant_of` says what variant markers see; it is asked only where such markers are, and may raise
    RewheelError.
    """

    def __init__(
        self,
        installed: Iterable[InstalledDistribution],
        markers: Mapping[str, str],
        variant_of: Callable[[InstalledDistribution], VariantEnvironment] = lambda _: PLAIN,
    ) -> None:
        self._markers = markers
        self._variant_of = variant_of
        self._installed: dict[str, InstalledDistribution] = {}
        for each in installed:
            self._installed.setdefault(each.project, each)  # what is there twice is met twice in the scan
        self._metadata: dict[str, CoreMetadata] = {}
        self._variants: dict[str, VariantEnvironment] = {}
        self._needs: dict[str, list[Dependency]] = {project: [] for project in self._installed}
        self._extras: dict[str, set[str]] = {project: set() for project in self._installed}
        self.unreadable: dict[str, str] = {}
        """By project why its dependencies are not known."""
        self._follow()
        self._needed_by: dict[str, list[Dependency]] = {}
        for needs in self._needs.values():
            for dependency in needs:
                self._needed_by.setdefault(dependency.requirement.project, []).append(dependency)

    @property
    def installed(self) -> Sequence[InstalledDistribution]:
        """The distributions, each project once, sorted by project."""
        return [self._installed[project] for project in sorted(self._installed)]

    def find(self, project: str) -> InstalledDistribution | None:
        """Return the installed distribution of a project, by its normalised name."""
        return self._installed.get(project)

    def needs(self, project: str) -> Sequence[Dependency]:
        """Return what a project needs, in the order of its metadata; nothing for one that is not there."""
        return self._needs.get(project, ())

    def needed_by(self, project: str) -> Sequence[Dependency]:
        """Return the dependencies on a project, which need not be installed."""
        return self._needed_by.get(project, ())

    def extras(self, project: str) -> frozenset[str]:
        """Return the extras (normalised) that others ask of a project."""
        return frozenset(self._extras.get(project, ()))

    def lacks_defaults(self, project: str) -> bool:
        """Tell whether a project is there without what its default extras need (PEP 771)."""
        try:
            found = self._installed[project]
            defaults = self._metadata_of(found).default_extras
            return any(
                not dependency.is_met
                for extra in defaults
                for dependency in self._dependencies(found, normalize_project(extra))
            )
        except (KeyError, RewheelError):
            return False

    def roots(self) -> list[InstalledDistribution]:
        """Return what nothing else needs, and one of every cycle that nothing else needs."""
        return self._ends(
            {each: {needed.requirement.project for needed in needs} for each, needs in self._needs.items()}
        )

    def leaves(self) -> list[InstalledDistribution]:
        """Return what needs nothing else that is there, and one of every cycle that needs nothing else."""
        return self._ends(
            {each: {needed.parent.project for needed in self.needed_by(each)} for each in self._needs}
        )

    def _ends(self, following: Mapping[str, Iterable[str]]) -> list[InstalledDistribution]:
        """Return distributions from which all others are reached, one after another."""
        followed = {name for each, names in following.items() for name in names if name != each}
        ends = [each for each in self.installed if each.project not in followed]
        reached = set[str]()
        for candidate in (*ends, *self.installed):
            if candidate.project in reached:
                continue
            if candidate not in ends:
                ends.append(candidate)
            waiting = [candidate.project]
            while waiting:
                current = waiting.pop()
                if current not in reached and current in self._installed:
                    reached.add(current)
                    waiting += following[current]
        return ends

    def _follow(self) -> None:
        """Read every distribution, and then each extra as soon as somebody asks for it."""
        waiting = [(project, "") for project in sorted(self._installed, reverse=True)]
        while waiting:
            project, extra = waiting.pop()
            for dependency in self._read(project, extra):
                self._needs[project].append(dependency)
                found = dependency.found
                if found is None:
                    continue
                known = self._extras[found.project]
                new = self._asked_extras(dependency.requirement, found) - known
                known |= new
                waiting += [(found.project, name) for name in sorted(new, reverse=True)]

    def _read(self, project: str, extra: str) -> list[Dependency]:
        if project in self.unreadable:
            return []
        parent = self._installed[project]
        try:
            return list(self._dependencies(parent, extra))
        except RewheelError as error:
            self.unreadable[project] = str(error)
            return []

    def _dependencies(self, parent: InstalledDistribution, extra: str) -> Iterable[Dependency]:
        for text in self._metadata_of(parent).requires:
            requirement = Requirement.parse(text)
            variant = self._variant(parent, requirement)
            applies = requirement.applies(self._markers, variant, (extra,) if extra else ())
            if applies and extra:  # what is needed anyway was found without the extra
                applies = not requirement.applies(self._markers, variant)
            if applies:
                yield Dependency(parent, requirement, self._installed.get(requirement.project), extra)

    def _variant(self, parent: InstalledDistribution, requirement: Requirement) -> VariantEnvironment:
        if not parent.label or requirement.marker is None or not requirement.marker.uses_variants:
            return PLAIN
        if parent.project not in self._variants:
            self._variants[parent.project] = self._variant_of(parent)
        return self._variants[parent.project]

    def _asked_extras(self, requirement: Requirement, found: InstalledDistribution) -> set[str]:
        """Return the extras of `found` that a requirement asks for, defaults where it names none."""
        if requirement.default_extras_off:
            return set()
        try:
            metadata = self._metadata_of(found)
        except RewheelError:
            return set()
        wanted = requirement.extras or {normalize_project(name) for name in metadata.default_extras}
        return set(wanted) & {normalize_project(name) for name in metadata.extras}

    def _metadata_of(self, distribution: InstalledDistribution) -> CoreMetadata:
        if distribution.project not in self._metadata:
            self._metadata[distribution.project] = distribution.metadata()
        return self._metadata[distribution.project]
