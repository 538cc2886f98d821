"""Labels that depend on the versions of other distributions (PEP 850, built-in provider abi_dependency).

Such a label fits when a distribution that is installed with it, or already there, has one of the versions
that it names. So labels cannot be chosen before versions are, nor versions before labels: the search takes
versions for granted, holds itself to them, and tries the next ones when they lead nowhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.metadata.version_keys import parse_version
from rewheel.variants import normalize_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from rewheel.machines import NamespaceSupport
    from rewheel.resolution.choice import Choice
    from rewheel.variants import VariantMetadata

__all__ = ["AbiVersions", "matches", "parse_abi_versions"]

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_VALUE = r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,2}"
_MOST_ASSUMPTIONS = 64


def matches(value: str, version: "Version") -> bool:
    """Tell whether a version is one that a value names: `==VALUE.*`, whose numbers count as written.

    `2` names 2.9.1, but `2.0` and `2.0.0` do not; a version with an epoch never matches.
    """
    if version.epoch or not re.fullmatch(_VALUE, value):
        return False
    wanted = [int(part) for part in value.split(".")]
    release = [*version.release, 0, 0, 0]
    return release[: len(wanted)] == wanted


def parse_abi_versions(text: str) -> dict[str, str]:
    """Read `a==1.2,b==3`: versions that count as installed, by project; raises `UsageError`."""
    versions = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, version = (part.strip() for part in item.partition("=="))
        if not (equals and re.fullmatch(_NAME, name) and parse_version(version)):
            raise UsageError(f"VARIANT_ABI_DEPENDENCY: {item!r} is not of the form NAME==VERSION")
        versions[normalize_project(name)] = version
    return versions


class AbiVersions:
    """The versions that are taken for granted, and what labels were seen to ask of them."""

    def __init__(self) -> None:
        self.assumed: Mapping[str, Version] = {}
        self._asked: dict[str, set[str]] = {}
        self._namespaces: set[str] = set()

    def support(
        self, namespace: str, metadata: "VariantMetadata", labels: Iterable[str]
    ) -> "NamespaceSupport":
        """Return which of the values that the labels name fit the versions taken for granted."""
        from rewheel.machines import NamespaceSupport, Origin, OriginKind

        self._namespaces.add(namespace)
        features: dict[str, set[str]] = {}
        for label in labels:
            for found in metadata.properties_of(label) or ():
                if found.namespace == namespace:
                    features.setdefault(found.feature, set()).add(found.value)
        fitting: dict[str, tuple[str, ...]] = {}
        for feature in sorted(features):
            project = normalize_project(feature)
            self._asked.setdefault(project, set()).update(features[feature])
            version = self.assumed.get(project)
            if version is not None:
                values = [value for value in features[feature] if matches(value, version)]
                fitting[feature] = tuple(sorted(values, key=lambda value: (-value.count("."), value)))
        known = [f"{name} {version}" for name, version in sorted(self.assumed.items()) if name in self._asked]
        return NamespaceSupport(namespace, fitting, Origin(OriginKind.VERSIONS, ", ".join(known)))

    def assumptions(
        self, versions_of: Callable[[str], Sequence["Version"]]
    ) -> Iterator[dict[str, "Version"]]:
        """Yield versions to take for granted, the most preferred first, for all that was asked so far.

        `versions_of` gives the versions that a project may have, the preferred first; only those that some
        label names are of interest.
        """
        projects = sorted(self._asked)
        useful = [
            [v for v in versions_of(project) if any(matches(value, v) for value in self._asked[project])]
            for project in projects
        ]
        known = [(project, versions) for project, versions in zip(projects, useful, strict=True) if versions]
        combinations = product(*(dict.fromkeys(versions) for _, versions in known))
        for combination in islice(combinations, _MOST_ASSUMPTIONS):
            if combination:
                yield {project: version for (project, _), version in zip(known, combination, strict=True)}

    def relied_on(self, choice: "Choice | None") -> set[str]:
        """Return the projects whose versions speak for the label that was chosen."""
        if choice is None or choice.selected is None:
            return set()
        return {
            normalize_project(found.feature)
            for found in choice.selected.properties
            if found.namespace in self._namespaces and found.namespace in choice.supports
        }
