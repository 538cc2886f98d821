"""A relay in front of servers: it balances between them, and a test can close it as if they were gone."""

import contextlib
import itertools
import selectors
import socket
import threading
from types import TracebackType
from typing import Self

__all__ = ["Gate"]

_PIECE = 1 << 16


class Gate:
    """Passes connections on to ports of 127.0.0.1, to each in turn, while it is open; a context manager."""

    def __init__(self, *targets: int) -> None:
        self._targets = itertools.cycle(targets)
        self._listener: socket.socket | None = None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self.port = 0

    def __enter__(self) -> Self:
        """Open it, on a free port that it keeps."""
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def open(self) -> None:
        """Accept connections, also again."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse new connections, and break those that there are."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", next(self._targets)))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            threading.Thread(target=self._relay, args=(near, far), daemon=True).start()

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        """Pass bytes both ways until one side is done."""
        with near, far, selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            with contextlib.suppress(OSError):
                while self._pass_on(selector):
                    pass
        with self._lock:
            self._pairs.discard((near, far))

    @staticmethod
    def _pass_on(selector: selectors.BaseSelector) -> bool:
        for key, _ in selector.select():
            data = key.fileobj.recv(_PIECE)  # type: ignore[union-attr]
            if not data:
                return False
            key.data.sendall(data)
        return True
