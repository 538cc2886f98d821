"""What can be wrong with a folder that is about to be published.

RewheelError
    PublishingError
        InvalidSdist            a source distribution cannot be read
        UnusableDirectory       the folder cannot be read or written
        UploadFailed            the index does not take a file, or cannot be reached
        UnpublishableRelease    its wheels are invalid or contradict each other; `findings` says how
"""

from collections.abc import Sequence
from pathlib import Path

from rewheel.errors import RewheelError
from rewheel.publishing.findings import Finding

__all__ = ["InvalidSdist", "PublishingError", "UnpublishableRelease", "UnusableDirectory", "UploadFailed"]


class PublishingError(RewheelError):
    """Publishing stopped; whatever was published before is still as it was."""


class InvalidSdist(PublishingError, ValueError):
    """The file is not a source distribution that can be read."""


class UnusableDirectory(PublishingError, OSError):
    """The folder, or a file in it, cannot be read or written."""

    def __init__(self, path: Path, error: OSError | str, *, hint: str = "") -> None:
        self.path = path
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else error
        super().__init__(f"{path}: {reason}", hint=hint)


class UnpublishableRelease(PublishingError, ValueError):
    """Wheels are invalid or contradict each other; nothing was written.

    `findings` holds everything that was found, the harmless things too, so that one look is enough to
    mend a release.
    """

    def __init__(self, directory: Path, findings: Sequence[Finding], *, hint: str = "") -> None:
        self.directory = directory
        self.findings = tuple(findings)
        fatal = [str(finding) for finding in self.findings if finding.is_error]
        count = "1 problem" if len(fatal) == 1 else f"{len(fatal)} problems"
        super().__init__("\n  ".join([f"{directory}: {count}, nothing was written", *fatal]), hint=hint)


class UploadFailed(PublishingError):
    """The index does not have the file; `done` of `total` files of the release are there."""

    def __init__(self, file: str, url: str, reason: str, *, hint: str = "") -> None:
        self.file = file
        self.url = url
        self.reason = reason
        self.done = self.total = 0
        super().__init__(f"{file}: {reason}", hint=hint)
