"""The reporter that the floors below speak through: lines on standard error, and a status on a terminal."""

import threading
import time

from rewheel.cli.output import Output
from rewheel.progress import Reporter

__all__ = ["TerminalReporter", "size_text"]

_INTERVAL = 0.1  # seconds between two pictures of the status
_SETTLED = 0.5  # seconds after which a speed means something


class TerminalReporter(Reporter):
    """Prints warnings once each, details as far as `-v` asks, and on a terminal how far downloads are."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._downloads = _Transfers("downloading")
        self._uploads = _Transfers("uploading")
        self._shown_at = 0.0

    def warning(self, message: str) -> None:
        """Print the warning, unless it was printed before."""
        with self._lock:
            if message in self._warned:
                return
            self._warned.add(message)
        self._output.warning(message)

    def detail(self, message: str, level: int = 1) -> None:
        """Print the step if `-v` was given `level` times."""
        self._output.detail(message, level)

    def download_started(self, name: str, size: int | None) -> None:
        """Remember the file; with `-v` say so."""
        self._output.detail(f"downloading {name}" + (f" ({size_text(size)})" if size else ""), 1)
        with self._lock:
            self._downloads.start(name, size or 0, time.monotonic())

    def download_advanced(self, name: str, count: int) -> None:
        """Move the status on."""
        self._advance(self._downloads, name, count)

    def download_finished(self, name: str) -> None:
        """Forget the file, and with the last one the status."""
        self._finish(self._downloads, name)

    def upload_started(self, name: str, size: int) -> None:
        """Remember the file; with `-v` say so."""
        self._output.detail(f"uploading {name} ({size_text(size)})", 1)
        with self._lock:
            self._uploads.start(name, size, time.monotonic())

    def upload_advanced(self, name: str, count: int) -> None:
        """Move the status on."""
        self._advance(self._uploads, name, count)

    def upload_finished(self, name: str) -> None:
        """Forget the file, and with the last one the status."""
        self._finish(self._uploads, name)

    def _advance(self, transfers: "_Transfers", name: str, count: int) -> None:
        if not self._output.shows_status:
            return
        with self._lock:
            transfers.advance(name, count)
            now = time.monotonic()
            if now - self._shown_at < _INTERVAL:
                return
            self._shown_at = now
            self._output.status(transfers.picture(now))

    def _finish(self, transfers: "_Transfers", name: str) -> None:
        with self._lock:
            if transfers.finish(name) and self._output.shows_status:
                self._output.status("")


class _Transfers:
    """The files that are on their way together: from the first that starts until there is none."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._running: dict[str, tuple[int, int]] = {}  # name: bytes arrived, bytes expected
        self._done = 0  # files
        self._done_size = 0  # bytes
        self._since = 0.0

    def start(self, name: str, size: int, now: float) -> None:
        if not self._running:
            self._done = self._done_size = 0
            self._since = now
        self._running[name] = (0, size)

    def advance(self, name: str, count: int) -> None:
        arrived, expected = self._running.get(name, (0, 0))
        self._running[name] = (arrived + count, expected)

    def finish(self, name: str) -> bool:
        """Tell whether it was the last."""
        if name in self._running:
            self._done += 1
            self._done_size += self._running.pop(name)[0]
        return not self._running

    def picture(self, now: float) -> str:
        """Describe all of them in less than a line: the largest of those that run stands for the others."""
        arrived = self._done_size + sum(pair[0] for pair in self._running.values())
        expected = self._done_size + sum(max(pair) for pair in self._running.values())
        files = self._done + len(self._running)
        largest = max(self._running, key=lambda name: max(self._running[name]))
        what, which = (f"{self._done} of {files} files", f"  {largest}") if files > 1 else (largest, "")
        seconds = now - self._since
        pace = f", {size_text(int(arrived / seconds))}/s" if seconds >= _SETTLED else ""
        return f"{self._verb} {what}  {size_text(arrived)} of {size_text(expected)}{pace}{which}"


def size_text(size: int) -> str:
    """Return a size in bytes as people read it, in powers of ten: `17.6 MB`."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"
