"""What the floors report through: policy comes in as values, narration goes out through a reporter."""

__all__ = ["SILENT", "DeferringReporter", "RecordingReporter", "Reporter"]


class Reporter:
    """Hears what the rooms have to tell; every method does nothing unless overridden.

    Messages are single lines without a trailing full stop or newline. A reporter may be called from
    several threads at once.
    """

    def warning(self, message: str) -> None:
        """Tell of something that the user should know although the work goes on."""

    def detail(self, message: str, level: int = 1) -> None:
        """Tell of a step; `level` is how many `-v` flags it takes to see it."""

    def download_started(self, name: str, size: int | None) -> None:
        """Tell that a file of `size` bytes, if known, begins to arrive."""

    def download_advanced(self, name: str, count: int) -> None:
        """Tell that `count` more bytes of the file have arrived."""

    def download_finished(self, name: str) -> None:
        """Tell that the file is complete, or given up."""

    def upload_started(self, name: str, size: int) -> None:
        """Tell that a file of `size` bytes begins to be sent."""

    def upload_advanced(self, name: str, count: int) -> None:
        """Tell that `count` more bytes of the file have been sent."""

    def upload_finished(self, name: str) -> None:
        """Tell that the file is where it should be, or that it was given up."""


class RecordingReporter(Reporter):
    """A reporter that remembers, for tests and for callers that show warnings at the end."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.details: list[str] = []

    def warning(self, message: str) -> None:
        """Remember the warning."""
        self.warnings.append(message)

    def detail(self, message: str, level: int = 1) -> None:
        """Remember the detail, whatever its level."""
        del level
        self.details.append(message)


class DeferringReporter(Reporter):
    """A reporter that keeps warnings and details to itself until it is clear that they matter."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, int]] = []

    def warning(self, message: str) -> None:
        """Keep the warning."""
        self._heard.append((message, 0))

    def detail(self, message: str, level: int = 1) -> None:
        """Keep the detail."""
        self._heard.append((message, level))

    @property
    def has_warnings(self) -> bool:
        """Whether there is anything that the user should know."""
        return any(not level for _, level in self._heard)

    def tell(self, reporter: Reporter) -> None:
        """Pass on everything that was heard, in its order."""
        for message, level in self._heard:
            if level:
                reporter.detail(message, level)
            else:
                reporter.warning(message)


SILENT = Reporter()
