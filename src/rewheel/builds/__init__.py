"""Builds: from sources to wheels, in environments of their own (PEP 517, 518, 660)."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.builds.builder import Builder
    from rewheel.builds.errors import (
        BuildFailed,
        BuildsError,
        CircularBuild,
        ConflictingWheels,
        InvalidDeclaration,
        InvalidProject,
        PassthroughConflict,
        RepositoryError,
        UnknownLabels,
        UnsafeSources,
    )
    from rewheel.builds.unpacking import Limits, unpack_sources
    from rewheel.builds.workshop import Resolvers, Workshop

_HOMES = {
    "BuildFailed": "errors",
    "Builder": "builder",
    "BuildsError": "errors",
    "CircularBuild": "errors",
    "ConflictingWheels": "errors",
    "InvalidDeclaration": "errors",
    "InvalidProject": "errors",
    "Limits": "unpacking",
    "PassthroughConflict": "errors",
    "RepositoryError": "errors",
    "Resolvers": "workshop",
    "UnknownLabels": "errors",
    "UnsafeSources": "errors",
    "Workshop": "workshop",
    "unpack_sources": "unpacking",
}

__all__ = [
    "BuildFailed",
    "Builder",
    "BuildsError",
    "CircularBuild",
    "ConflictingWheels",
    "InvalidDeclaration",
    "InvalidProject",
    "Limits",
    "PassthroughConflict",
    "RepositoryError",
    "Resolvers",
    "UnknownLabels",
    "UnsafeSources",
    "Workshop",
    "unpack_sources",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
