"""What has to be built before it can be installed, and the seam to who can build it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.indexes import File
    from rewheel.metadata import CoreMetadata
    from rewheel.variants import WheelFilename

__all__ = ["Buildable", "BuiltWheel", "Described", "WheelBuilder"]


@frozen
class Buildable:
    """Sources of which a wheel can be made: a source distribution, a folder, or a repository."""

    project: str
    """The normalised name that the wheel must have; empty if nobody knows it yet."""
    file: "File | None" = None
    """A source distribution; `None` for a folder or a repository."""
    url: str = ""
    """What a requirement names, with its fragment; empty for what an index offers."""
    editable: bool = False
    """Whether the folder itself is to be what is imported (PEP 660)."""

    @property
    def place(self) -> str:
        """Where the sources are, without secrets, for messages."""
        from rewheel.config import redact_url

        return self.file.filename if self.file is not None and not self.url else redact_url(self.url)


class Described(NamedTuple):
    """What sources turn out to be."""

    metadata: "CoreMetadata"
    direct_url: Mapping[str, Any] | None
    """What PEP 610 records of sources that a requirement names; `None` for what an index offers."""


class BuiltWheel(NamedTuple):
    """A wheel made from sources; it is on disk until its builder is closed."""

    path: Path
    sha256: str
    filename: "WheelFilename"


class WheelBuilder(Protocol):
    """Makes wheels from sources, which runs code of theirs. Both methods raise `RewheelError`."""

    def describe(self, sources: Buildable) -> Described:
        """Return the core metadata of the wheel that the sources become, building it only if need be."""
        ...

    def build(self, sources: Buildable) -> BuiltWheel:
        """Return the wheel, which has the metadata that `describe` gives."""
        ...
