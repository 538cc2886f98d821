"""What distributions say about themselves: core metadata and the requirements in it."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.metadata.core_metadata import CoreMetadata
    from rewheel.metadata.dependency_edit import DependencyEdit
    from rewheel.metadata.editing import edit_metadata
    from rewheel.metadata.errors import InvalidCoreMetadata, InvalidRequirement, MetadataError
    from rewheel.metadata.requirements import Requirement

_HOMES = {
    "CoreMetadata": "core_metadata",
    "DependencyEdit": "dependency_edit",
    "InvalidCoreMetadata": "errors",
    "InvalidRequirement": "errors",
    "MetadataError": "errors",
    "Requirement": "requirements",
    "edit_metadata": "editing",
}

__all__ = [
    "CoreMetadata",
    "DependencyEdit",
    "InvalidCoreMetadata",
    "InvalidRequirement",
    "MetadataError",
    "Requirement",
    "edit_metadata",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
