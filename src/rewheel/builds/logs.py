"""What a build prints: written down while it runs, kept if it fails."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["BuildLog"]

_TAIL_LINES = 30
_TAIL_BYTES = 64 << 10
_KEPT = 20  # logs of failed builds
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f]")


class BuildLog:
    """A file with everything that the hooks of one build print."""

    def __init__(self, path: Path, kept: Path, name: str) -> None:
        """Write to `path`; the log of a failure is kept in the folder `kept`, under a name with `name`."""
        self._path = path
        self._folder = kept
        self._name = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80] or "build"
        self._kept: Path | None = None

    @contextlib.contextmanager
    def section(self, title: str) -> Iterator[IO[bytes]]:
        """Give the file to write a hook's output to, below a title."""
        with self._path.open("ab") as file:
            file.write(f"--- {title}\n".encode())
            file.flush()
            yield file

    def write(self, text: str) -> None:
        """Add text of our own knowledge, such as a traceback that came another way."""
        with self._path.open("ab") as file:
            file.write(text.rstrip().encode("utf-8", "replace") + b"\n")

    def tail(self) -> str:
        """Return the last lines, without what would steer a terminal."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - _TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line.rstrip() for line in _CONTROL.sub("", text).splitlines()]
        return "\n".join([line for line in lines if line and not line.startswith("--- ")][-_TAIL_LINES:])

    def keep(self) -> Path | None:
        """Put the log where it stays, and return its path; `None` if there is none or no place for it."""
        if self._kept is None and self._path.is_file():
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                handle, name = tempfile.mkstemp(prefix=f"{self._name}-", suffix=".log", dir=self._folder)
                with open(handle, "wb") as file:  # noqa: PTH123 - it is a descriptor
                    file.write(self._path.read_bytes())
                self._kept = Path(name)
                self._forget_oldest()
        return self._kept

    def _forget_oldest(self) -> None:
        if self._folder == Path(tempfile.gettempdir()):
            return
        logs = sorted(self._folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
        for path in logs[:-_KEPT]:
            path.unlink(missing_ok=True)
