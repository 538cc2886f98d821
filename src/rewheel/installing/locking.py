"""One installer at a time in one environment."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from rewheel.installing.errors import EnvironmentBusy, UnwritableTarget
from rewheel.progress import Reporter

__all__ = ["locked"]

_PAUSE = 0.05  # seconds between two attempts


@contextlib.contextmanager
def locked(root: Path, *, reporter: Reporter, timeout: float, create: bool = False) -> Iterator[None]:
    """Hold the environment whose folder is `root`, waiting for whoever holds it now.

    The folder itself is locked, so that nothing is left behind and every user and every name of it meets the
    same lock; the system releases it when the process ends, however that happens. Where folders cannot be
    locked, a file in the folder for temporary files stands for it. Waits at most `timeout` seconds, after a
    warning; then raises EnvironmentBusy. With `create`, a folder that vanished meanwhile is made again.
    """
    deadline = time.monotonic() + timeout
    told = False
    with contextlib.ExitStack() as stack:
        while True:
            attempt = contextlib.ExitStack()
            if _acquire(root, attempt, create=create):
                stack.push(attempt)
                break
            attempt.close()
            if not told:
                told = True
                reporter.warning(f"waiting for another installer to finish with {root}")
            if time.monotonic() >= deadline:
                raise EnvironmentBusy(
                    f"another installer has been working on {root} for more than {timeout:g} seconds",
                    hint="wait for it, or end it if it hangs; the next command undoes what it began",
                )
            time.sleep(_PAUSE)
        yield


def _acquire(root: Path, stack: contextlib.ExitStack, *, create: bool) -> bool:
    try:
        import fcntl
    except ImportError:
        return _acquire_file(root, stack)
    try:
        if create:
            root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise UnwritableTarget(str(root), error) from error
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems
        return _acquire_file(root, stack)
    # Whoever held it may have removed the folder, and somebody may have made another one.
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(root))  # noqa: PTH116 - beside fstat
    return False


def _acquire_file(root: Path, stack: contextlib.ExitStack) -> bool:
    """Lock a file that stands for the folder, since the folder itself cannot be locked."""
    import hashlib
    import tempfile

    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:32]
    path = Path(tempfile.gettempdir()) / f"rewheel-{name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UnwritableTarget(str(path), error) from error
    stack.callback(os.close, descriptor)
    try:
        _lock_file(descriptor)
    except OSError:
        return False
    return True


def _lock_file(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
