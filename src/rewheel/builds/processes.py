"""The processes of builds: run one after the other or side by side, and stopped all at once."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO

__all__ = ["Processes", "Stopped"]


class Stopped(Exception):  # noqa: N818 - a signal to the threads of an abandoned run, never shown
    """The run was given up, and with it whatever is still being built."""


class Processes:
    """Runs commands, each in a process group of its own; thread-safe.

    A build that is waited for in one thread can so be ended by another: an interrupt from the keyboard
    reaches only the main thread, and must not leave compilers behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: str | None,
        environ: Mapping[str, str],
        output: IO[bytes],
        timeout: float,
    ) -> int | None:
        """Return the exit code of a command, or `None` if it took more than `timeout` seconds.

        Raises OSError if it can't be started, and `Stopped` if everything was stopped meanwhile.
        """
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name != "nt",
            )
            self._running.add(process)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with self._lock:
                self._running.discard(process)
            if process.returncode is None:
                _kill(process)
        if self._stopped:
            raise Stopped
        return code

    def stop(self) -> None:
        """End everything that runs, with all that it started; whatever would begin later does not."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        import signal

        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
