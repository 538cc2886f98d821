"""What a check of a release found, and who gets what of it: for people, and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rewheel.cli.tables import table_lines

if TYPE_CHECKING:
    from rewheel.publishing import Checkup, Finding, Rule
    from rewheel.publishing.audience import Audience, AudienceRow

__all__ = ["checkup_json", "finding_lines", "release_lines", "rule_lines", "summary_line"]


def finding_lines(findings: "Sequence[Finding]", *, with_remedies: bool = True) -> Iterator[str]:
    """Print findings, the worst first, each with what to do; a remedy is told once per code and severity."""
    told: set[str] = set()
    for finding in findings:
        yield f"{finding.severity} {finding.code}  {finding}"
        if with_remedies and finding.remedy and finding.remedy not in told:
            told.add(finding.remedy)
            yield f"    {finding.remedy}"


def release_lines(checkup: "Checkup") -> Iterator[str]:
    """Print who gets what of every release."""
    for checked in checkup.releases:
        release = checked.release
        yield ""
        yield f"Who gets what of {release.project} {release.version}"
        yield from audience_lines(checked.audience)


def audience_lines(audience: "Audience") -> Iterator[str]:
    """Print the machines and what they get, those with the same answer together."""
    rows = [("machine", "gets", "because")]
    for row in audience.rows():
        rows += [
            (name, _gets(row) if place == 0 else "", row.reason if place == 0 else "")
            for place, name in enumerate(_grouped(row.machines, audience))
        ]
    yield from table_lines(rows, indent="  ")


def _gets(row: "AudienceRow") -> str:
    what = "nothing" if row.label is None else row.label or "(plain)"
    return f"{what} (Python {', '.join(row.pythons)})" if row.pythons else what


def _grouped(titles: Sequence[str], audience: "Audience") -> list[str]:
    """Write "CUDA 12.8, H100" and "CUDA 12.8, T4" as one line, which is short if there are no others."""
    sizes = Counter(title.partition(", ")[0] for title in audience.titles.values())
    groups: dict[str, list[str]] = {}
    for title in titles:
        group, _, rest = title.partition(", ")
        groups.setdefault(group, []).append(rest)
    return [_group(group, rests, sizes[group]) for group, rests in groups.items()]


def _group(group: str, rests: Sequence[str], size: int) -> str:
    if len(rests) > 1 and len(rests) == size:
        return f"{group} (all {size})"
    return f"{group}: {'; '.join(rests)}" if any(rests) else group


def summary_line(checkup: "Checkup") -> str:
    """Say in one line how it went."""
    count = len(checkup.files)
    files = "1 file" if count == 1 else f"{count} files"
    counted = Counter(str(finding.severity) for finding in checkup.findings)
    if not counted:
        return f"{checkup.place}: {files}, nothing found"
    found = ", ".join(f"{number} {word}{'s' if number > 1 else ''}" for word, number in counted.items())
    return f"{checkup.place}: {files}, {found}"


def checkup_json(checkup: "Checkup") -> dict[str, object]:
    """Return the whole outcome for programs."""
    return {
        "place": checkup.place,
        "files": list(checkup.files),
        "ok": not checkup.has_errors,
        "findings": [finding.as_json() for finding in checkup.findings],
        "releases": [
            {
                "project": checked.release.project,
                "version": str(checked.release.version),
                "labels": list(checked.release.labels),
                "wheels": [wheel.path.name for wheel in checked.release.wheels],
                "sdists": [sdist.path.name for sdist in checked.release.sdists],
                "who_gets_what": checked.audience.as_json(),
            }
            for checked in checkup.releases
        ],
    }


def rule_lines(rule: "Rule") -> Iterator[str]:
    """Explain a code."""
    yield f"{rule.code}, {rule.severity}: {rule.title}"
    yield ""
    yield rule.meaning
    yield ""
    yield f"What to do: {rule.remedy}."
