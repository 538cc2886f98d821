"""A Python on a platform, neither of which need be here: as much of a target as choosing wheels needs."""

from collections.abc import Mapping
from functools import cached_property

from rewheel.environments.tags import PlatformDescription, described_markers, platforms_in, python_tags
from rewheel.values import frozen

__all__ = ["DescribedPython"]

_NEWEST_MICRO = 99
"""The newest of its series, whatever its number will be: nobody means to ask about an old one."""


@frozen(slots=False)
class DescribedPython:
    """CPython of a version, such as (3, 12), on a described platform."""

    version: tuple[int, int]
    platform: PlatformDescription

    @cached_property
    def tags(self) -> Mapping[str, int]:
        """Every wheel tag that can be used, with its rank; raises UnknownPlatform."""
        return python_tags(self.version, self.platform)

    @cached_property
    def platforms(self) -> frozenset[str]:
        """The platform parts of the tags."""
        return platforms_in(self.tags)

    @cached_property
    def markers(self) -> Mapping[str, str]:
        """The environment of dependency specifiers (PEP 508), without `extra`."""
        version = "{}.{}".format(*self.version)
        full = f"{version}.{_NEWEST_MICRO}"
        own = {
            "implementation_name": "cpython",
            "implementation_version": full,
            "platform_python_implementation": "CPython",
            "python_full_version": full,
            "python_version": version,
        }
        return described_markers(own, self.platform)

    def __str__(self) -> str:
        return "{}.{}".format(*self.version)
