"""A real nginx with the configuration of deploy/: only ports and folders are those of a test."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.processes import end, free_ports, wait_until

__all__ = ["Nginx", "nginx_program", "running_nginx"]

CONFIGURATION = Path(__file__).parents[2] / "deploy/nginx/nginx.conf"


class Nginx:
    """One that answers at `port`, with TLS if it was given a certificate; its logs are files."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def requests(self) -> list[str]:
        """The lines of its log of requests."""
        return (self.folder / "access.log").read_text().splitlines()

    @property
    def errors(self) -> str:
        """What it complained about."""
        return (self.folder / "error.log").read_text()


def nginx_program() -> str:
    """Find it, or skip the test."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("nginx is not installed")
    return found


def adjusted(folder: Path, port: int, *behind: tuple[str, int], certificate: Path | None = None) -> str:
    """Return the configuration for a test; every replacement has to find what it replaces.

    `behind` are two servers, or one that stands for both.
    """
    text = CONFIGURATION.read_text(encoding="utf-8")
    listen = f"listen 127.0.0.1:{port};"
    if certificate is not None:
        listen = (
            f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate};"
        )
    replacements = {
        r"worker_processes auto;": "worker_processes 1; daemon off;",
        r"/tmp/nginx": str(folder / "nginx"),
        r"/dev/stdout": str(folder / "access.log"),
        r"/dev/stderr": str(folder / "error.log"),
        r"index-1:8000": f"{behind[0][0]}:{behind[0][1]}",
        r"index-2:8000": f"{behind[-1][0]}:{behind[-1][1]}",
        r"listen 8080;": listen,
    }
    for pattern, replacement in replacements.items():
        text, count = re.subn(pattern, replacement.replace("\\", r"\\"), text)
        assert count, pattern
    if not Path("/etc/nginx/mime.types").exists():
        types = folder / "mime.types"
        types.write_text("types { text/html html; }\n")
        text = text.replace("/etc/nginx/mime.types", str(types))
    return text


@contextmanager
def running_nginx(*behind: tuple[str, int], certificate: Path | None = None) -> Iterator[Nginx]:
    """Run it meanwhile, in front of one server or two; skips the test where there is no nginx."""
    program = nginx_program()
    folder = Path(tempfile.mkdtemp(prefix="rewheel-nginx-"))
    folder.chmod(0o755)  # its workers are another user's when root starts it
    (port,) = free_ports(1)
    try:
        path = folder / "nginx.conf"
        path.write_text(adjusted(folder, port, *behind, certificate=certificate))
        process = subprocess.Popen(
            [program, "-p", folder, "-e", folder / "start.log", "-c", path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _listens(port), process, folder / "start.log")
            yield Nginx(folder, port)
        finally:
            end(process, signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
