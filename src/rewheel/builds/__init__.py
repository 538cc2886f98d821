"""Builds: from sources to wheels, in environments of their own (PEP 517, 518, 660)."""

from rewheel.builds.builder import Builder
from rewheel.builds.errors import (
    BuildFailed,
    BuildsError,
    CircularBuild,
    InvalidProject,
    PassthroughConflict,
    RepositoryError,
    UnsafeSources,
)
from rewheel.builds.unpacking import Limits, unpack_sources
from rewheel.builds.workshop import Resolvers, Workshop

__all__ = [
    "BuildFailed",
    "Builder",
    "BuildsError",
    "CircularBuild",
    "InvalidProject",
    "Limits",
    "PassthroughConflict",
    "RepositoryError",
    "Resolvers",
    "UnsafeSources",
    "Workshop",
    "unpack_sources",
]
