"""What would I get? The choice of installers for a release, machine by machine, put into words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewheel.resolution import Choice, WheelVerdict
    from rewheel.resolution.outlook import Outlook

__all__ = ["Answer", "Other", "Support", "answer_of"]

_MOST_OTHERS = 60
"""Labels beside the chosen one that a machine in a long list is told about."""


@dataclass(frozen=True, slots=True)
class Other:
    """A label that was not taken: what became of it, and why."""

    label: str
    """Empty for the plain wheel."""
    status: str
    """As `rewheel explain` says it: compatible, unsupported, wrong-platform, …."""
    reason: str
    place: int | None
    """1 would be the best; None if it would not do."""


@dataclass(frozen=True, slots=True)
class Support:
    """What the machine supports in one namespace that mattered, and where that is known from."""

    namespace: str
    origin: str
    features: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one machine gets of a release."""

    machine: str
    about: str
    """A few more words about the machine."""
    label: str | None
    """Empty for the plain wheel, None if no wheel would do."""
    reason: str
    filename: str = ""
    size: int | None = None
    is_built: bool = False
    """Whether installers build the source distribution instead."""
    others: tuple[Other, ...] = ()
    unsaid: int = 0
    """How many more labels there are of which nothing is said."""
    supports: tuple[Support, ...] = ()


def answer_of(
    outlook: "Outlook", *, machine: str, about: str = "", most: int = _MOST_OTHERS, has_sources: bool = False
) -> Answer:
    """Put one outlook into words; of each label its best wheel counts.

    `has_sources` says that there is a source distribution, which is built where no wheel would do.
    """
    choice = outlook.choice
    selected = choice.selected
    reason = outlook.reason
    if all(str(verdict.status) == "wrong-platform" for verdict in choice.verdicts):
        reason = "no wheel of this release is for this platform and Python"
    others = list(_others(choice))
    return Answer(
        machine=machine,
        about=about,
        label=outlook.label,
        reason=reason,
        is_built=selected is None and has_sources,
        filename=str(selected.filename) if selected is not None else "",
        size=selected.file.size if selected is not None else None,
        others=tuple(others[:most]),
        unsaid=max(0, len(others) - most),
        supports=tuple(
            Support(namespace, str(found.origin), tuple(found.features.items()))
            for namespace, found in choice.supports.items()
        ),
    )


def _others(choice: "Choice") -> Iterable[Other]:
    """Yield one line per label that was not taken: those that would do first, as they are ranked."""
    taken = choice.selected.label if choice.selected is not None else None
    best: dict[str, WheelVerdict] = {}
    for verdict in choice.verdicts:
        known = best.get(verdict.label)
        if known is None or _far(verdict) < _far(known):
            best[verdict.label] = verdict
    for label, verdict in best.items():
        if label != taken:
            place = None if verdict.position is None else verdict.position + 1
            yield Other(label, str(verdict.status), verdict.reason, place)


def _far(verdict: "WheelVerdict") -> int:
    """Tell how far a wheel is from being taken: of two with one label, the nearer one says more."""
    if verdict.position is not None:
        return 0
    return {"wrong-python": 2, "wrong-platform": 3}.get(str(verdict.status), 1)
