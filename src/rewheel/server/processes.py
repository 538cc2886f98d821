"""The worker processes: started, watched, and ended in peace."""

import encodings.idna  # noqa: F401 - looking up a host loads it, also in a thread, while others are forked
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from rewheel.server.settings import ServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["run_processes"]

_TURN = 0.0005
"""Seconds for which a thread may compute before others get their turn. With Python's own 5 ms, the thread
that answers requests waits so long for each of those that render pages, whenever it has something to do."""

_LARGEST_READ = 1 << 20
"""Bytes that are taken from a connection at once: each piece of an upload costs as much as the next."""


class _Server(MPServer):
    """Says stop until it is heard: a worker that is just starting misses the first time.

    Calls `when_spawned` when all workers have been forked: a thread that imports something at that moment
    would leave the import's lock to a child in which nobody ever opens it.
    """

    when_spawned: Callable[[], None]

    def startup(self, spawn_target: object, target_loader: object) -> None:
        """Fork the workers."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        self.when_spawned()

    def _stop_workers(self) -> None:
        workers: list[Any] = list(self.wrks)
        deadline = time.monotonic() + (self.workers_kill_timeout or 0)
        while any(worker.is_alive() for worker in workers):
            for worker in workers:
                if time.monotonic() < deadline:
                    worker.terminate()
                else:
                    worker.kill()
            for worker in workers:
                worker.join(0.5)
        self.wrks.clear()


def run_processes(settings: ServerSettings, port: int, on_ready: Callable[[], None]) -> None:
    """Run the workers until a signal says stop; one that dies is replaced."""
    server = _Server(
        "rewheel",
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        backlog=settings.backlog,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.header_timeout * 1000), max_buffer_size=_LARGEST_READ
        ),
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=max(1, int(settings.stop_timeout)),
    )
    waiting = threading.Thread(target=_when_answered, args=(settings.host, port, on_ready), daemon=True)
    server.when_spawned = waiting.start
    server.serve(target_loader=partial(_load, settings, os.getpid()), wrap_loader=False)


def _load(settings: ServerSettings, parent: int) -> "ASGIApp":
    """Make the application of one worker process, in that process."""
    from rewheel.server.application import build_application
    from rewheel.server.operating.logs import configure

    configure(as_json=settings.log_format == "json", with_access=settings.access_log)
    sys.setswitchinterval(_TURN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until the worker listens to it, there is nothing to end
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    application = build_application(settings)
    gc.freeze()  # what is there to stay is not searched for garbage: that would take a tenth of a second
    return application


def _follow(parent: int) -> None:
    """End with the parent process, even if it is killed: nobody else would ever stop this one."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _when_answered(host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Wait until somebody listens."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened at
    for _ in range(600):
        try:
            socket.create_connection((target, port), timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            on_ready()
            return
