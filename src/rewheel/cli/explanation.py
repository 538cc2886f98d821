"""Why which wheel: the table for one machine, the matrix for several, and JSON for programs."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rewheel.cli.reporter import size_text
from rewheel.cli.tables import table_lines

if TYPE_CHECKING:
    from rewheel.machines import NamespaceSupport
    from rewheel.resolution import Choice, Explanation, WheelVerdict

__all__ = ["explanation_json", "explanation_lines", "matrix_lines"]


def explanation_lines(explanation: "Explanation") -> Iterator[str]:
    """Tell of one choice: what was asked of whom, and what became of every wheel, and why."""
    choice = explanation.choice
    yield f"{choice.project} {choice.version}  from {choice.source}  for {choice.machine}"
    yield from _background(choice)
    yield from _passed_over(explanation.skipped)
    yield ""
    yield from table_lines([_row(verdict) for verdict in choice.verdicts], indent="  ")
    if choice.selected is None:
        yield f"  {_instead(choice)}"


def matrix_lines(explanations: Sequence["Explanation"]) -> Iterator[str]:
    """Set wheels against machines; then say for each machine why it gets what it gets."""
    choices = [explanation.choice for explanation in explanations]
    projects = dict.fromkeys(f"{choice.project} {choice.version}" for choice in choices)
    sources = dict.fromkeys(choice.source for choice in choices)
    yield f"{', '.join(projects)}  from {', '.join(sources)}"
    yield ""
    by_machine = [{str(verdict.filename): verdict for verdict in choice.verdicts} for choice in choices]
    filenames = _in_order(choices)
    head = ("wheel", *(choice.machine for choice in choices))
    rows = [(name, *(_cell(verdicts.get(name)) for verdicts in by_machine)) for name in filenames]
    yield from table_lines([head, *rows], indent="  ")
    yield ""
    for choice in choices:
        selected = choice.selected
        if selected is None:
            yield f"  {choice.machine}: {_instead(choice, 'no wheel would do')}"
        else:
            what = f"variant {selected.label}" if selected.label else "the plain wheel"
            yield f"  {choice.machine}: {what}, {selected.reason}"
        for line in _background(choice):
            yield f"  {line}"


def explanation_json(explanation: "Explanation") -> dict[str, object]:
    """Return one explanation for programs."""
    choice = explanation.choice
    selected = choice.selected
    return {
        "requirement": explanation.requirement,
        "project": choice.project,
        "version": choice.version,
        "machine": choice.machine,
        "source": choice.source,
        "selected": str(selected.filename) if selected else None,
        "label": selected.label if selected else None,
        "built_from": choice.sources.place if choice.sources else None,
        "metadata_origin": choice.metadata_origin,
        "problems": list(choice.problems),
        "supports": {namespace: _support(support) for namespace, support in choice.supports.items()},
        "wheels": [_verdict(verdict) for verdict in choice.verdicts],
        "skipped": [
            {"version": skipped.version, "wheels": [_verdict(verdict) for verdict in skipped.verdicts]}
            for skipped in explanation.skipped
        ],
    }


def _instead(choice: "Choice", otherwise: str = "no wheel of this version would do") -> str:
    """Say what becomes of a version of which no wheel is taken."""
    if choice.sources is not None:
        return f"no wheel would do, so one would be built from {choice.sources.place}"
    return otherwise


def _passed_over(skipped: Sequence["Choice"]) -> Iterator[str]:
    """Tell which versions were not taken, those together that have the same reason."""
    versions: dict[str, list[str]] = {}
    for choice in skipped:
        versions.setdefault(_obstacle(choice), []).append(choice.version)
    for obstacle, those in versions.items():
        verb = "version" if len(those) == 1 else "versions"
        yield f"  {verb} {_shortened(those)} passed over: {obstacle}"


def _obstacle(choice: "Choice") -> str:
    from collections import Counter

    reasons = dict.fromkeys(verdict.reason for verdict in choice.verdicts)
    if len(reasons) == 1:
        return next(iter(reasons))
    counted = Counter(str(verdict.status) for verdict in choice.verdicts)
    if len(counted) == 1:
        return f"every wheel is {next(iter(counted))}"
    return ", ".join(f"{count} {status}" for status, count in counted.items()) or "it has no wheels"


def _background(choice: "Choice") -> Iterator[str]:
    for namespace, support in choice.supports.items():
        lists = "; ".join(
            f"{name} {_shortened(values)}" for name, values in support.features.items() if values
        )
        yield f"  {namespace} {support.origin}" + (f": {_shortened_text(lists)}" if lists else "")
    if choice.metadata_origin:
        yield f"  variant metadata from {choice.metadata_origin}"
    for problem in choice.problems:
        yield f"  problem: {problem}"


def _row(verdict: "WheelVerdict") -> tuple[str, ...]:
    filename = verdict.filename
    build = f"{filename.build}-" if filename.build else ""
    tag = f"{build}{filename.python}-{filename.abi}-{filename.platform}"
    size = size_text(verdict.file.size) if verdict.file.size is not None else ""
    number = "" if verdict.position is None else str(verdict.position + 1)
    return (number, str(verdict.status), verdict.label or "(plain)", tag, size, verdict.reason)


def _cell(verdict: "WheelVerdict | None") -> str:
    from rewheel.resolution import Status

    if verdict is None:
        return "-"
    if verdict.status is Status.COMPATIBLE and verdict.position is not None:
        return f"{verdict.status} ({verdict.position + 1})"
    return str(verdict.status)


def _in_order(choices: Sequence["Choice"]) -> list[str]:
    """Return all file names, first those that some machine could take, in the order of the machines."""
    good = [str(v.filename) for choice in choices for v in choice.verdicts if v.position is not None]
    rest = [str(v.filename) for choice in choices for v in choice.verdicts if v.position is None]
    return list(dict.fromkeys([*good, *sorted(rest)]))


def _shortened(values: Sequence[str]) -> str:
    return ", ".join(values) if len(values) <= 8 else f"{', '.join(values[:6])}, … {values[-1]}"


def _shortened_text(text: str, width: int = 160) -> str:
    return text if len(text) <= width else f"{text[: width - 2]} …"


def _support(support: "NamespaceSupport") -> dict[str, object]:
    return {
        "origin": str(support.origin.kind),
        "detail": support.origin.detail,
        "provider": support.provider,
        "features": {feature: list(values) for feature, values in support.features.items()},
    }


def _verdict(verdict: "WheelVerdict") -> dict[str, object]:
    return {
        "filename": str(verdict.filename),
        "label": verdict.label,
        "verdict": str(verdict.status),
        "reason": verdict.reason,
        "position": verdict.position,
        "properties": [str(item) for item in verdict.properties],
        "size": verdict.file.size,
        "source": verdict.file.source.name,
        "url": verdict.file.location,
        "hashes": dict(verdict.file.hashes),
    }
