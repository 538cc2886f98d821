"""A place where real commands run as a user would run them, but see nothing of the user's own settings."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rewheel.demo.errors import DemoError

__all__ = ["Session", "ended_in_order", "open_session"]

_COMMAND_TIMEOUT = 300.0
"""Seconds after which a command of the demo counts as stuck."""


class Session:
    """Runs commands in a folder of its own, with a virtual environment that was made for it.

    `say` gets what the demo itself has to tell, in lines without their newline; the commands write to the
    same standard output by themselves.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self._environ = _environment(folder, environ)

    @property
    def _scripts(self) -> Path:
        return self.folder / "venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def _python(self) -> Path:
        return self._scripts / ("python.exe" if os.name == "nt" else "python")

    def create_environment(self) -> None:
        """Create the empty virtual environment that `install` finds as the active one."""
        import venv

        try:
            venv.create(self.folder / "venv", symlinks=os.name != "nt")
        except (OSError, ValueError) as error:
            raise DemoError(f"a virtual environment cannot be created: {error}") from error

    def rewheel(self, *arguments: str) -> None:
        """Show a rewheel command, then run it; raises DemoError if it fails."""
        shown = " ".join(["rewheel", *arguments])
        self.say(f"$ {shown}")
        self._run([sys.executable, "-m", "rewheel", *arguments], shown)

    def python(self, code: str) -> None:
        """Show and run a line of Python in the virtual environment; raises DemoError if it fails."""
        self.say(f'$ python -c "{code}"')
        # isolated, so that what is imported comes from this environment and from nowhere else
        self._run([str(self._python), "-I", "-c", code], "python")

    def _run(self, command: Sequence[str], shown: str) -> None:
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self._environ,
                check=False,
                timeout=_COMMAND_TIMEOUT,
                stdin=subprocess.DEVNULL,
                # Ctrl-C is for the demo, which then ends its command: one message instead of two
                process_group=None if os.name == "nt" else 0,
            )
        except subprocess.TimeoutExpired as error:
            raise DemoError(f"`{shown}` did not end within {_COMMAND_TIMEOUT:.0f} seconds") from error
        except OSError as error:
            raise DemoError(f"`{shown}` cannot be run: {error.strerror or error}") from error
        if done.returncode != 0:
            raise DemoError(f"`{shown}` failed with exit code {done.returncode}; its message is above")


def _environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the commands: the user's, without anything that configures installers."""
    own = {
        name: value for name, value in environ.items() if not name.upper().startswith(("PIP_", "REWHEEL_"))
    }
    if own.get("PYTHONPATH"):  # may be relative, and the commands run elsewhere
        own["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, own["PYTHONPATH"].split(os.pathsep)))
    settings = folder / "rewheel.toml"
    settings.touch()
    temporary = folder / "tmp"
    temporary.mkdir()
    return own | {
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
        "REWHEEL_CONFIG_FILE": str(settings),
        "REWHEEL_CACHE_DIR": str(folder / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "VIRTUAL_ENV": str(folder / "venv"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@contextmanager
def open_session(environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Session]:
    """Open a session whose folder is gone afterwards, also when the user has had enough in between."""
    with tempfile.TemporaryDirectory(prefix="rewheel-demo-", ignore_cleanup_errors=True) as folder:
        yield Session(Path(folder).resolve(), environ, say)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the demo in order, as Ctrl-C does, where Python allows to say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        sys.exit(128 + number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
