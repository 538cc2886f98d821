"""What a folder of distributions holds: its wheels and sdists, checked and grouped by release."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rewheel.publishing.checking import FileReport, check_files, is_checked
from rewheel.publishing.entries import Release, releases_of
from rewheel.publishing.errors import UnusableDirectory
from rewheel.publishing.findings import Finding

__all__ = ["Contents", "distributions_in", "read_directory"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a folder; releases are sorted by project and version."""

    directory: Path
    releases: tuple[Release, ...]
    findings: tuple[Finding, ...]
    """About single files; what they say of each other is for `check_release`."""


def distributions_in(directory: Path) -> list[Path]:
    """Return the files directly inside `directory` that can be published, sorted by name.

    Raises UnusableDirectory when the folder itself cannot be read.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
        return [path for path in paths if is_checked(path.name) and path.is_file()]
    except OSError as error:
        hint = "" if directory.exists() else "name the folder that holds the wheels"
        raise UnusableDirectory(directory, error, hint=hint) from error


def read_directory(
    directory: Path, *, content: bool = True, code: bool = True, sha256: bool = True
) -> Contents:
    """Check every distribution directly inside `directory`; files of other kinds are passed over.

    A file that is unfit to be published becomes an error among the findings instead of an entry. `content`,
    `code` and `sha256` are those of `check_file`. Raises UnusableDirectory when the folder itself cannot
    be read.
    """
    reports = check_files(distributions_in(directory), content=content, code=code, sha256=sha256)
    return contents_of(directory, reports)


def contents_of(directory: Path, reports: Sequence[FileReport]) -> Contents:
    """Group by release what was found about the files of a folder."""
    entries = [report.entry for report in reports if report.entry is not None]
    findings = tuple(finding for report in reports for finding in report.findings)
    return Contents(directory, tuple(releases_of(entries)), findings)
