"""A verdict on every eligible wheel of a version, best first (PEP 825, variant ordering)."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from rewheel.resolution.choice import Status, WheelVerdict
from rewheel.values import field, frozen

if TYPE_CHECKING:
    from rewheel.resolution.combined import CombinedMetadata
    from rewheel.resolution.releases import WheelFile
    from rewheel.variants import Ranking

__all__ = ["Wishes", "judge"]

_LAST = 1 << 40
"""A place after every label: plain wheels come after all variants and after null."""


@frozen
class Wishes:
    """What the user asked of one project; wishes choose among what fits, they never make anything fit."""

    label: str | None = None
    """The only label to take; empty for the plain wheel, `None` for no wish."""
    not_labels: Collection[str] = field(default_factory=frozenset)
    only_plain: bool = False


def judge(
    wheels: Sequence["WheelFile"],
    *,
    combined: "CombinedMetadata | None",
    ranking: "Ranking | None",
    wishes: Wishes,
) -> list[WheelVerdict]:
    """Say of every wheel what becomes of it: first those that would do, best first, then the others.

    A label counts more than a platform tag, and a tag more than a build number; all labels come before null,
    and null before the plain wheels.
    """
    usable: list[WheelFile] = []
    out: list[WheelVerdict] = []
    for wheel in wheels:
        obstacle = _obstacle(wheel.filename.label, combined, ranking) or _wish(wheel.filename.label, wishes)
        if obstacle is None:
            usable.append(wheel)
        else:
            out.append(_verdict(wheel, *obstacle, ranking=ranking))
    ordered = _ordered(usable, ranking)
    verdicts = []
    for position, wheel in enumerate(ordered):
        if position == 0:
            status, reason = Status.SELECTED, _winning_reason(wheel, ranking, wheels)
        else:
            status, reason = Status.COMPATIBLE, _losing_reason(ordered[0], wheel, ranking)
        verdicts.append(_verdict(wheel, status, reason, ranking=ranking, position=position))
    return verdicts + out


def _obstacle(
    label: str, combined: "CombinedMetadata | None", ranking: "Ranking | None"
) -> tuple[Status, str] | None:
    if not label or combined is None:
        return None
    if ranking is None:
        return Status.IGNORED, combined.problem
    if label in combined.dropped:
        return Status.IGNORED, combined.dropped[label]
    verdict = ranking.verdicts[label]
    if verdict.compatible:
        return None
    return (Status.UNKNOWN_LABEL if verdict.properties is None else Status.UNSUPPORTED), verdict.reason


def _wish(label: str, wishes: Wishes) -> tuple[Status, str] | None:
    if label and wishes.only_plain:
        return Status.EXCLUDED, "variants are switched off"
    if wishes.label is not None and label != wishes.label:
        return Status.EXCLUDED, f"you asked for {wishes.label or 'the plain wheel'}"
    if label and label in wishes.not_labels:
        return Status.EXCLUDED, "you excluded it"
    return None


def _ordered(wheels: Sequence["WheelFile"], ranking: "Ranking | None") -> list["WheelFile"]:
    """Sort best first; the file name makes the order total."""

    def place(wheel: "WheelFile") -> tuple[int, int]:
        label = wheel.filename.label
        position = ranking.verdicts[label].position if ranking is not None and label else None
        return (_LAST if position is None else position, _LAST if wheel.tag_rank is None else wheel.tag_rank)

    if len(wheels) < 2:
        return list(wheels)
    ordered = sorted(wheels, key=lambda wheel: wheel.name)
    ordered.sort(key=lambda wheel: wheel.filename.build_key, reverse=True)
    ordered.sort(key=place)
    return ordered


def _verdict(
    wheel: "WheelFile",
    status: Status,
    reason: str,
    *,
    ranking: "Ranking | None",
    position: int | None = None,
) -> WheelVerdict:
    label = wheel.filename.label
    known = ranking.verdicts[label].properties if ranking is not None and label else None
    return WheelVerdict(wheel.file, wheel.filename, status, reason, position, tuple(known or ()))


def _winning_reason(wheel: "WheelFile", ranking: "Ranking | None", wheels: Sequence["WheelFile"]) -> str:
    label = wheel.filename.label
    if label and ranking is not None:
        deciding = ", ".join(f"[{found}]" for found in ranking.verdicts[label].deciding)
        return f"best supported: {deciding}" if deciding else "fits every machine, and no other variant fits"
    if any(other.filename.label for other in wheels):
        return "no variant is left, so the plain wheel is taken"
    return "best platform tag"


def _losing_reason(best: "WheelFile", wheel: "WheelFile", ranking: "Ranking | None") -> str:
    label = wheel.filename.label
    if label == best.filename.label:
        if wheel.tag_rank != best.tag_rank:
            return "another wheel has a better platform tag"
        return "another wheel has a newer build"
    if not label or ranking is None:
        return "variants before plain wheels"
    from rewheel.variants import why_better

    return why_better(ranking.verdicts[best.filename.label], ranking.verdicts[label])
