"""The story of an installation: which variants there were, what speaks against each, what was taken."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rewheel.cli.reporter import size_text

if TYPE_CHECKING:
    from rewheel.installing import Changed, Installation
    from rewheel.resolution import Choice, ResolvedPackage, WheelVerdict

__all__ = [
    "change_line",
    "choice_lines",
    "collecting_line",
    "kept_line",
    "label_text",
    "planned_line",
    "properties_text",
    "supports_text",
]


def choice_lines(choice: "Choice") -> Iterator[str]:
    """Tell how a wheel was chosen among the variants of a version; nothing if there were none."""
    from rewheel.resolution import Status

    verdicts = _one_per_label(choice) if choice.may_have_variants else ()
    if not verdicts:
        return
    count = "1 variant" if len(verdicts) == 1 else f"{len(verdicts)} variants"
    known_from = supports_text(choice)
    yield f"{choice.project} {choice.version}: {count}" + (f", {known_from}" if known_from else "")
    words = {Status.IGNORED: "ignored", Status.EXCLUDED: "excluded"}
    compatible = [verdict for verdict in verdicts if verdict.status in {Status.SELECTED, Status.COMPATIBLE}]
    refused = sorted(
        (verdict for verdict in verdicts if verdict not in compatible), key=lambda verdict: verdict.label
    )
    width = max((len(verdict.label) for verdict in refused), default=0)
    for verdict in refused:
        yield f"  {words.get(verdict.status, 'rejected')} {verdict.label:<{width}}   {verdict.reason}"
    selected = choice.selected
    if selected is None:
        outcome = "no wheel is selected"
    elif not selected.label:
        outcome = "selected the plain wheel"
    else:
        outcome = f"selected {selected.label}   {properties_text(selected) or '(no properties)'}"
    yield f"  {len(compatible) or 'none'} compatible; {outcome}"


def collecting_line(package: "ResolvedPackage") -> str:
    """Name the file that is fetched, and its size, or the sources that are built."""
    return f"Collecting {package.project}  {_origin(package)}"


def change_line(change: "Changed", *, verb: str = "Installed") -> str:
    """Tell what came, and what it replaced."""
    line = f"{verb} {change.project} {change.version}{label_text(change.label)}"
    before = (change.previous_version, change.previous_label)
    if change.previous_version and before != (change.version, change.label):
        line += f", was {change.previous_version}{label_text(change.previous_label)}"
    return line


def planned_line(package: "ResolvedPackage") -> str:
    """Tell what would be installed, and from which file."""
    return f"Would install {package.project} {package.version}{label_text(package.label)}  {_origin(package)}"


def _origin(package: "ResolvedPackage") -> str:
    file = package.file
    name = str(package.wheel.filename) if package.wheel is not None else ""
    if package.sources is not None:
        name = package.sources.place
    return name + (f" ({size_text(file.size)})" if file is not None and file.size else "")


def kept_line(package: "ResolvedPackage") -> str:
    """Tell what stays as it is."""
    return f"Already satisfied: {package.project} {package.version}{label_text(package.label)}"


def planned_lines(planned: "Installation") -> Iterator[str]:
    """Tell what would be installed, and how each wheel was chosen."""
    yield from _choices(planned)
    new = {package.project for package in planned.new}
    for package in planned.resolution.packages:
        yield planned_line(package) if package.project in new else kept_line(package)


def collecting_lines(planned: "Installation") -> Iterator[str]:
    """Tell how each wheel was chosen, and then what is fetched."""
    yield from _choices(planned)
    yield from map(collecting_line, planned.new)


def done_lines(done: "Installation") -> Iterator[str]:
    """Tell what was there already and what changed."""
    new = {package.project for package in done.new}
    for package in done.resolution.packages:
        if package.requested and package.project not in new:
            yield kept_line(package)
    yield from map(change_line, done.report.installed)
    for change in done.report.removed:
        yield change_line(change, verb="Removed")


def _choices(planned: "Installation") -> Iterator[str]:
    for package in planned.new:
        if package.choice is not None:
            yield from choice_lines(package.choice)


def label_text(label: str) -> str:
    """Say in brackets which variant it is; nothing for a plain wheel."""
    return f" (variant {label})" if label else ""


def properties_text(verdict: "WheelVerdict") -> str:
    """Write the properties of a wheel's label, each in brackets."""
    return " ".join(f"[{item}]" for item in verdict.properties)


def supports_text(choice: "Choice") -> str:
    """Tell which providers were asked, and where each answer is from."""
    return ", ".join(f"{namespace} {support.origin}" for namespace, support in choice.supports.items())


def _one_per_label(choice: "Choice") -> list["WheelVerdict"]:
    """Return the verdict on each label that was considered at all; the first wheel of a label speaks for it.

    A label whose every wheel is for another platform or Python, yanked or of a wrong hash never came into
    question (PEP 825, selection: variants are looked at last).
    """
    from rewheel.resolution import Status

    beside = {Status.WRONG_PLATFORM, Status.WRONG_PYTHON, Status.YANKED, Status.WRONG_HASH}
    return list(_first_by_label(verdict for verdict in choice.verdicts if verdict.status not in beside))


def _first_by_label(verdicts: Iterable["WheelVerdict"]) -> Iterator["WheelVerdict"]:
    seen = {""}
    for verdict in verdicts:
        if verdict.label not in seen:
            seen.add(verdict.label)
            yield verdict
