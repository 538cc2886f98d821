"""Everything that can be proven of a release before others get it: file by file, together, and for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.publishing.audience import Audience, audience_of, check_reach
from rewheel.publishing.checking import FileReport, check_files
from rewheel.publishing.directory import distributions_in
from rewheel.publishing.entries import Release, releases_of
from rewheel.publishing.findings import Finding, worst_first
from rewheel.publishing.limits import NO_LIMITS, Limits, check_limits
from rewheel.publishing.release_checks import check_release, release_metadata

if TYPE_CHECKING:
    from rewheel.publishing.entries import Entry
    from rewheel.resolution import Recipient

__all__ = ["Checkup", "Questions", "ReleaseCheckup", "check_directory", "checkup_of"]


@dataclass(frozen=True, slots=True)
class Questions:
    """What to hold a release against."""

    limits: Limits = NO_LIMITS
    content: bool = True
    """Whether every file inside is compared with its hash, and compiled code is examined."""
    recipients: "Sequence[tuple[str, Recipient]]" = ()
    """Machines and their titles; empty for the known ones."""
    pythons: tuple[tuple[int, int], ...] = ()
    """Empty for those that the wheels are made for."""
    ignored: frozenset[str] = frozenset()
    """Codes that are not told."""


@dataclass(frozen=True, slots=True)
class ReleaseCheckup:
    """One release, and who gets what of it."""

    release: Release
    audience: Audience


@dataclass(frozen=True, slots=True)
class Checkup:
    """The outcome: what was found, the worst first, and who gets what of each release."""

    place: str
    """The folder or page that was checked, without secrets."""
    files: tuple[str, ...]
    unread: tuple[Finding, ...]
    """The errors, ignored ones too, of files that are no part of a release because of them."""
    contents: tuple[Release, ...]
    """The releases, as far as their files can be read."""
    releases: tuple[ReleaseCheckup, ...]
    """Those with wheels, and who gets what of them."""
    findings: tuple[Finding, ...]

    @property
    def has_errors(self) -> bool:
        """Whether the release must not be published like this."""
        return any(finding.is_error for finding in self.findings)


def check_directory(directory: Path, questions: Questions, *, with_audience: bool = True) -> Checkup:
    """Check everything that a folder holds; raises UnusableDirectory when it cannot be read."""
    reports = check_files(distributions_in(directory), content=questions.content)
    return checkup_of(str(directory), reports, questions, with_audience=with_audience)


def checkup_of(
    place: str,
    reports: Sequence[FileReport],
    questions: Questions,
    *,
    more: Iterable[Finding] = (),
    wants_index_file: bool = True,
    with_audience: bool = True,
) -> Checkup:
    """Put together what was found about files, and check what they say of each other."""
    entries: list[Entry] = [report.entry for report in reports if report.entry is not None]
    found = [finding for report in reports for finding in report.findings]
    found += more
    found += check_limits(entries, questions.limits)
    checked = []
    releases = tuple(releases_of(entries))
    for release in releases:
        found += check_release(release, wants_index_file=wants_index_file)
        if release.wheels and with_audience:
            metadata = release_metadata(release)
            audience = audience_of(
                release, metadata, recipients=questions.recipients, pythons=questions.pythons
            )
            if not questions.recipients and metadata is not None:
                found += check_reach(release, audience)
            checked.append(ReleaseCheckup(release, audience))
    told = worst_first(finding for finding in found if finding.code not in questions.ignored)
    files = tuple(report.file for report in reports)
    unread = [finding for report in reports if report.entry is None for finding in report.findings]
    errors = tuple(finding for finding in unread if finding.is_error)
    return Checkup(place, files, errors, releases, tuple(checked), tuple(told))
