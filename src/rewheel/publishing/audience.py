"""Who gets what of a release: common machines against its labels, told in as few lines as possible."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewheel.machines import OriginKind, known_machines
from rewheel.publishing.entries import Release, WheelEntry
from rewheel.publishing.findings import Collector
from rewheel.resolution import OfferedWheel, Outlook, Recipient, Status, who_gets_what
from rewheel.variants import NULL_LABEL

if TYPE_CHECKING:
    from rewheel.variants import VariantMetadata

__all__ = ["Audience", "AudienceRow", "audience_of", "check_reach"]

_DEFAULT_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Asked about when the wheels name no version of their own."""


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """Machines that get the same with the same Pythons."""

    machines: tuple[str, ...]
    """Their titles."""
    pythons: tuple[str, ...]
    """Such as "3.12"; empty if all that were asked about do."""
    label: str | None
    """What they get, empty for the plain wheel; None if no wheel would do."""
    reason: str


@dataclass(frozen=True, slots=True)
class Audience:
    """All machines that were asked about, and what each of them gets."""

    outlooks: tuple[Outlook, ...]
    titles: Mapping[str, str]
    pythons: tuple[tuple[int, int], ...]

    def rows(self) -> list[AudienceRow]:
        """Sum up: neighbours that get the same for the same reason share a row."""
        rows: list[AudienceRow] = []
        for row in self._by_machine():
            last = rows[-1] if rows else None
            if last is not None and (last.pythons, last.label, last.reason) == row[1:]:
                rows[-1] = AudienceRow((*last.machines, row[0]), *row[1:])
            else:
                rows.append(AudienceRow((row[0],), *row[1:]))
        return rows

    def _by_machine(self) -> Iterator[tuple[str, tuple[str, ...], str | None, str]]:
        by_machine: dict[str, dict[tuple[str | None, str], list[str]]] = {}
        for look in self.outlooks:
            results = by_machine.setdefault(look.recipient.name, {})
            results.setdefault((look.label, look.reason), []).append("{}.{}".format(*look.python))
        for name, results in by_machine.items():
            for (label, reason), pythons in results.items():
                shown = () if len(results) == 1 else tuple(pythons)
                yield self.titles[name], shown, label, reason

    def as_json(self) -> list[dict[str, object]]:
        """Return every machine with every Python, for programs."""
        return [
            {
                "machine": look.recipient.name,
                "title": self.titles[look.recipient.name],
                "python": "{}.{}".format(*look.python),
                "label": look.label,
                "wheel": str(look.choice.selected.filename) if look.choice.selected else None,
                "reason": look.reason,
            }
            for look in self.outlooks
        ]


def audience_of(
    release: Release,
    metadata: "VariantMetadata | None",
    *,
    recipients: Sequence[tuple[str, Recipient]] = (),
    pythons: Sequence[tuple[int, int]] = (),
) -> Audience:
    """Choose for the known machines, or for others given with their titles, among the wheels of a release."""
    if not recipients:
        recipients = [(known.title, Recipient(known.name, known.machine)) for known in known_machines()]
    asked = tuple(pythons) or _pythons_of(release.wheels)
    wheels = [
        OfferedWheel(wheel.filename, wheel.requires_python, None, wheel.size) for wheel in release.wheels
    ]
    outlooks = who_gets_what(wheels, metadata, [recipient for _, recipient in recipients], asked)
    return Audience(tuple(outlooks), {recipient.name: title for title, recipient in recipients}, asked)


def check_reach(release: Release, audience: Audience) -> Collector:
    """Find labels that fit the platform of some machine of the audience and yet are nobody's choice."""
    found = Collector(f"{release.project} {release.version}")
    taken = {look.label for look in audience.outlooks}
    considered = {
        verdict.label
        for look in audience.outlooks
        for verdict in look.choice.verdicts
        if verdict.status not in {Status.WRONG_PLATFORM, Status.WRONG_PYTHON}
    }
    untold = _untold(audience)
    left_out = [
        label
        for label in release.labels
        if label in considered.difference(taken, {NULL_LABEL})
        and untold.isdisjoint(_namespaces(release, label))
    ]
    if left_out:
        shown = ", ".join(left_out[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
        labels = "the label" if len(left_out) == 1 else "the labels"
        found.add("RW214", f"no known machine would take {labels} {shown}")
    return found


def _untold(audience: Audience) -> set[str]:
    """Return the namespaces of which nothing is known here: of plugins, and of other packages' versions."""
    kinds = {OriginKind.UNKNOWN, OriginKind.VERSIONS}
    return {
        namespace
        for look in audience.outlooks
        for namespace, support in look.choice.supports.items()
        if support.origin.kind in kinds
    }


def _namespaces(release: Release, label: str) -> set[str]:
    return {
        item.namespace
        for wheel in release.variant_wheels
        if wheel.filename.label == label and wheel.variants is not None
        for item in wheel.variants.properties_of(label) or ()
    }


def _pythons_of(wheels: Iterable[WheelEntry]) -> tuple[tuple[int, int], ...]:
    """Return the versions of Python that the wheels are built for one by one, else the usual ones."""
    found: set[tuple[int, int]] = set()
    for wheel in wheels:
        if wheel.filename.abi in {"none", "abi3"}:
            continue
        for tag in wheel.filename.python.split("."):
            digits = tag.removeprefix("cp")
            if tag.startswith("cp") and digits.isdecimal() and 2 <= len(digits) <= 3:
                found.add((int(digits[0]), int(digits[1:])))
    return tuple(sorted(found)) or _DEFAULT_PYTHONS
