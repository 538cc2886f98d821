"""What distributions say about themselves: core metadata and the requirements in it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.metadata.core_metadata import CoreMetadata
    from rewheel.metadata.errors import InvalidCoreMetadata, InvalidRequirement, MetadataError
    from rewheel.metadata.requirements import Requirement

_HOMES = {
    "CoreMetadata": "core_metadata",
    "InvalidCoreMetadata": "errors",
    "InvalidRequirement": "errors",
    "MetadataError": "errors",
    "Requirement": "requirements",
}

__all__ = ["CoreMetadata", "InvalidCoreMetadata", "InvalidRequirement", "MetadataError", "Requirement"]


def __getattr__(name: str) -> object:
    """Load the module of a public name when the name is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{home}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
