"""What was chosen among the wheels of one version, and why: the one object that every report prints."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from rewheel.values import field, frozen

if TYPE_CHECKING:
    from rewheel.indexes import File
    from rewheel.machines import NamespaceSupport
    from rewheel.resolution.building import Buildable
    from rewheel.variants import VariantProperty, WheelFilename

__all__ = ["Choice", "Explanation", "Status", "WheelVerdict"]


class Status(StrEnum):
    """What became of one wheel; all but the first two keep it from being installed."""

    SELECTED = "selected"
    COMPATIBLE = "compatible"  # would do, but another wheel is preferred
    UNSUPPORTED = "unsupported"  # a property of its label is not supported by the machine
    UNKNOWN_LABEL = "unknown-label"  # the release's variant metadata does not know its label
    IGNORED = "ignored"  # the variant metadata could not be read, or it disagrees with the wheel
    EXCLUDED = "excluded"  # the user asked for another one
    WRONG_PLATFORM = "wrong-platform"  # its platform compatibility tags do not fit
    WRONG_PYTHON = "wrong-python"  # its Requires-Python excludes the target interpreter
    YANKED = "yanked"  # PEP 592: withdrawn by its maintainer
    WRONG_HASH = "wrong-hash"  # none of the hashes that the user allows


_BLAMED_ON_VARIANTS = frozenset({Status.UNSUPPORTED, Status.UNKNOWN_LABEL, Status.IGNORED, Status.EXCLUDED})


@frozen
class WheelVerdict:
    """One wheel of the version: what became of it and the reason, as one sentence fragment."""

    file: "File"
    filename: "WheelFilename"
    status: Status
    reason: str
    position: int | None = None
    """Place among the wheels that would do; 0 is the best, `None` means that it would not do."""
    properties: tuple["VariantProperty", ...] = ()
    """The properties of its label, sorted; empty for null and plain wheels and for unknown labels."""

    @property
    def label(self) -> str:
        """The variant label of its file name; empty for a plain wheel."""
        return self.filename.label


@frozen
class Choice:
    """The outcome of PEP 825's selection for one version of a project, on one machine, from one source."""

    project: str
    version: str
    source: str
    """The redacted name of the index or directory that offers the wheels."""
    machine: str
    verdicts: tuple[WheelVerdict, ...]
    """Every wheel of the version: those that would do, best first, then the others by file name."""
    supports: Mapping[str, "NamespaceSupport"] = field(default_factory=dict)
    """What the machine was found to support, for the namespaces that mattered."""
    metadata_origin: str = ""
    """Where the variant metadata was read: the index file's name, `"the wheels"`, or empty if not needed."""
    problems: tuple[str, ...] = ()
    """What was wrong with the release's variant metadata, one line each."""
    sources: "Buildable | None" = None
    """What would be built because no wheel would do; a wheel made from sources is a plain one (PEP 825)."""

    @property
    def selected(self) -> WheelVerdict | None:
        """The wheel that is taken, if any would do."""
        first = self.verdicts[0] if self.verdicts else None
        return first if first is not None and first.status is Status.SELECTED else None

    @property
    def variants_are_to_blame(self) -> bool:
        """Whether there are variants that would do if only this machine, or the user, let them."""
        return any(verdict.label and verdict.status in _BLAMED_ON_VARIANTS for verdict in self.verdicts)

    @property
    def variants(self) -> tuple[WheelVerdict, ...]:
        """One verdict per label: the best wheel of it, plain wheels left out."""
        seen: dict[str, WheelVerdict] = {}
        for verdict in self.verdicts:
            if verdict.label:
                seen.setdefault(verdict.label, verdict)
        return tuple(seen.values())


@frozen
class Explanation:
    """What would be taken for one requirement, and which versions are passed over for it."""

    requirement: str
    choice: Choice
    skipped: tuple[Choice, ...] = ()
