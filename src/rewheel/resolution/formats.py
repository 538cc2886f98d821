"""Whether wheels and sources of a project may be taken: `--no-binary` and `--only-binary`."""

from rewheel.values import frozen

__all__ = ["ALL", "Formats"]

ALL = ":all:"
"""Stands for every project that is not named itself."""


@frozen
class Formats:
    """Which projects must, and which must not, be built; by normalised name, or `ALL`.

    A project's own name counts more than `ALL`. What a requirement names by path or URL is taken as it is.
    """

    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    prefer_binary: bool = False
    """Rather take an older version that has a wheel than build a newer one."""

    def allows_wheels(self, project: str) -> bool:
        """Whether the project's wheels may be installed."""
        if project in self.no_binary or project in self.only_binary:
            return project in self.only_binary
        return ALL not in self.no_binary

    def allows_sources(self, project: str) -> bool:
        """Whether the project may be built."""
        if project in self.no_binary or project in self.only_binary:
            return project in self.no_binary
        return ALL not in self.only_binary
