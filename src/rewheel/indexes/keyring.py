"""Logins from the keyring of the system, through the `keyring` command.

The command is a process of its own: importing the library would take longer than most installations, and a
backend that hangs or crashes costs no more than its time limit. It has no terminal to ask anybody anything
on, so that no command of ours ever waits for somebody to type.
"""

import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from rewheel.progress import SILENT, Reporter

__all__ = ["Keyring", "KeyringProvider"]

_LARGEST = 64 * 1024
"""Bytes of an answer above which it is none."""


class KeyringProvider(StrEnum):
    """Where the command is from; the words are pip's."""

    AUTO = "auto"  # from PATH, else from the library
    SUBPROCESS = "subprocess"  # from PATH
    IMPORT = "import"  # from the library that is installed beside us (the extra `keyring`)
    DISABLED = "disabled"


class Keyring:
    """Asks the keyring; a command that cannot be had or does not answer is given up for good."""

    def __init__(
        self,
        provider: KeyringProvider = KeyringProvider.DISABLED,
        environ: Mapping[str, str] | None = None,
        *,
        timeout: float = 30.0,
        reporter: Reporter = SILENT,
    ) -> None:
        """`environ` are the variables that the command sees; `timeout` is in seconds for one question."""
        self._provider = provider
        self._environ = {**(environ or {}), "PYTHONIOENCODING": "utf-8"}
        self._timeout = timeout
        self._reporter = reporter
        self._found: tuple[str, ...] | None = None

    def find(self, services: Iterable[str], user: str = "") -> tuple[str, str] | None:
        """Return user and password for the first of the services that the keyring knows; None for none."""
        for service in services:
            login = self._ask(service, user)
            if login is not None:
                self._reporter.detail(f"the keyring has a password for {service}")
                return login
        return None

    @property
    def _command(self) -> tuple[str, ...]:
        if self._found is None:
            self._found = _find_command(self._provider, self._environ.get("PATH", ""))
        return self._found

    def _ask(self, service: str, user: str) -> tuple[str, str] | None:
        if not self._command or service.startswith("-") or user.startswith("-"):
            return None
        import subprocess

        question = ["get", service, user] if user else ["--mode", "creds", "get", service]
        try:
            done = subprocess.run(
                [*self._command, *question],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                timeout=self._timeout,
                check=False,
                # Without a terminal, or on Windows a console, there is nothing to ask on.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            hangs = isinstance(error, subprocess.TimeoutExpired)
            why = f"gave no answer within {self._timeout:g} seconds" if hangs else "cannot be run"
            self._reporter.warning(f"the keyring {why}, so it is not asked again")
            self._found = ()
            return None
        if done.returncode or len(done.stdout) > _LARGEST:
            return None
        return _read(done.stdout, user)


def _read(answer: bytes, user: str) -> tuple[str, str] | None:
    """Read a password, or the line of a user and that of a password."""
    try:
        lines = answer.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    expected = 1 if user else 2
    if len(lines) != expected or not lines[-1]:
        return None
    return (user or lines[0]), lines[-1]


def _find_command(provider: KeyringProvider, path: str) -> tuple[str, ...]:
    import importlib.util
    import shutil

    if provider in {KeyringProvider.AUTO, KeyringProvider.SUBPROCESS}:
        found = shutil.which("keyring", path=path) if path else None
        # Neither `.` on PATH nor Windows' habit of looking there may have a project's file run as ours.
        if found is not None and Path(found).is_absolute() and Path(found).parent != Path.cwd():
            return (found,)
    if provider in {KeyringProvider.AUTO, KeyringProvider.IMPORT} and importlib.util.find_spec("keyring"):
        return sys.executable, "-P", "-m", "keyring"
    return ()
