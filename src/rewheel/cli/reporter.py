"""The reporter that the floors below speak through: lines on standard error, and a status on a terminal."""

import threading
import time

from rewheel.cli.output import Output
from rewheel.progress import Reporter

__all__ = ["TerminalReporter", "size_text"]

_INTERVAL = 0.1  # seconds between two pictures of the status


class TerminalReporter(Reporter):
    """Prints warnings once each, details as far as `-v` asks, and what is being downloaded."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._running: dict[str, tuple[int, int]] = {}  # name: bytes arrived, bytes expected
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
            self._running[name] = (0, size or 0)

    def download_advanced(self, name: str, count: int) -> None:
        """Move the status on."""
        if not self._output.shows_status:
            return
        with self._lock:
            arrived, expected = self._running.get(name, (0, 0))
            self._running[name] = (arrived + count, expected)
            now = time.monotonic()
            if now - self._shown_at < _INTERVAL:
                return
            self._shown_at = now
            text = self._picture()
        self._output.status(text)

    def download_finished(self, name: str) -> None:
        """Forget the file, and with the last one the status."""
        with self._lock:
            self._running.pop(name, None)
            is_over = not self._running
        if is_over and self._output.shows_status:
            self._output.status("")

    def _picture(self) -> str:
        arrived = sum(pair[0] for pair in self._running.values())
        expected = sum(max(pair) for pair in self._running.values())
        name = next(iter(self._running)) if len(self._running) == 1 else f"{len(self._running)} files"
        return f"downloading {name}  {size_text(arrived)} of {size_text(expected)}"


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
