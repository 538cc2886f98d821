"""What was chosen among the wheels of one version, and why: the one object that every report prints."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, overload

from rewheel.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rewheel.indexes import File
    from rewheel.machines import NamespaceSupport
    from rewheel.resolution.building import Buildable
    from rewheel.variants import VariantProperty, WheelFilename

__all__ = ["Choice", "Explanation", "Status", "Verdicts", "WheelVerdict"]


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


class Verdicts(Sequence[WheelVerdict]):
    """Verdicts on wheels that would do, and then on others, of which most are never asked for."""

    __slots__ = ("_all", "_find_others", "usable")

    def __init__(
        self, usable: Sequence[WheelVerdict], find_others: "Callable[[], Iterable[WheelVerdict]]"
    ) -> None:
        self.usable = usable
        self._find_others = find_others
        self._all: Sequence[WheelVerdict] | None = None

    def _list(self) -> Sequence[WheelVerdict]:
        if self._all is None:
            self._all = (*self.usable, *self._find_others())
        return self._all

    def __len__(self) -> int:
        return len(self._list())

    @overload
    def __getitem__(self, number: int) -> WheelVerdict: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[WheelVerdict]: ...

    def __getitem__(self, number: Any) -> Any:
        return self.usable[0] if number == 0 and self.usable else self._list()[number]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


@frozen
class Choice:
    """The outcome of PEP 825's selection for one version of a project, on one machine, from one source."""

    project: str
    version: str
    source: str
    """The redacted name of the index or directory that offers the wheels."""
    machine: str
    verdicts: Sequence[WheelVerdict]
    """Every wheel of the version: those that would do, best first, then the others by file name."""
    supports: Mapping[str, "NamespaceSupport"] = field(default_factory=dict)
    """What the machine was found to support, for the namespaces that mattered."""
    metadata_origin: str = ""
    """Where the variant metadata was read: the index file's name, `"the wheels"`, or empty if not needed."""
    problems: tuple[str, ...] = ()
    """What was wrong with the release's variant metadata, one line each."""
    may_have_variants: bool = True
    """Whether any of the wheels may have a label."""
    sources: "Buildable | None" = None
    """What would be built because no wheel would do; a wheel made from sources is a plain one (PEP 825)."""

    @property
    def selected(self) -> WheelVerdict | None:
        """The wheel that is taken, if any would do."""
        verdicts = self.verdicts.usable if isinstance(self.verdicts, Verdicts) else self.verdicts
        first = verdicts[0] if verdicts else None
        return first if first is not None and first.status is Status.SELECTED else None

    @property
    def variants_are_to_blame(self) -> bool:
        """Whether there are variants that would do if only this machine, or the user, let them."""
        return self.may_have_variants and any(
            verdict.label and verdict.status in _BLAMED_ON_VARIANTS for verdict in self.verdicts
        )

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
