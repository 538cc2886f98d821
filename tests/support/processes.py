"""Servers that tests start and end: free ports, the wait until they answer, and an end that is certain."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["StartError", "end", "free_ports", "wait_until"]


class StartError(RuntimeError):
    """A server of the tests ended, or did not answer in time; carries the end of its log."""


def free_ports(count: int) -> list[int]:
    """Give TCP ports of 127.0.0.1 that nobody listens on; all are distinct."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket())
            sock.bind(("127.0.0.1", 0))
            ports.append(int(sock.getsockname()[1]))
        return ports


def wait_until(
    is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path, *, seconds: float = 60
) -> None:
    """Wait until the server answers. Raises StartError if it ends or stays silent."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-3000:] if log.exists() else "(no log)"
            raise StartError(f"{process.args!r} ended with {process.poll()}:\n{tail}")
        time.sleep(0.02)


def end(process: "subprocess.Popen[bytes]", signal_number: int, *, patience: float = 10) -> None:
    """Ask a process to end, and kill it if it does not."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
