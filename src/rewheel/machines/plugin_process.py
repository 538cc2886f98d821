"""One plugin, one process: started, heard, limited in time and ended with everything it started."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from rewheel.machines.plugin_api import PluginError, printable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import IO

__all__ = ["PluginRun", "redact", "run_plugin"]

_RESULT_LIMIT = 4 * 1024 * 1024  # bytes, as plugin_runner.py has it
_OUTPUT_LIMIT = 64 * 1024  # bytes of printed text that are kept; the rest is read and dropped
_OUTPUT_LINES = 10
_LINE_LIMIT = 200  # characters

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(?:API|ACCESS|PRIVATE)_?KEY|AUTH(?!OR)", re.IGNORECASE
)


class PluginRun(NamedTuple):
    """What a process left behind: the bytes of its result file and the first lines that it printed."""

    data: bytes
    output: tuple[str, ...]


def run_plugin(
    python: Path, request: Mapping[str, Any], *, environ: Mapping[str, str], timeout: float
) -> PluginRun:
    """Run the asking script with `python` and return its result file, unparsed.

    The process is isolated from the user's site directories and from the current directory, has no
    standard input, and what it prints is heard but never passed on. After `timeout` seconds, or when it
    ends, its whole process group is killed. Raises PluginError, with the first lines of what was printed,
    when there is no result.
    """
    import json
    import tempfile
    from pathlib import Path

    script = Path(__file__).with_name("plugin_runner.py")
    try:
        with tempfile.TemporaryDirectory(prefix="rewheel-plugin-", ignore_cleanup_errors=True) as folder:
            request_file, result_file = Path(folder, "request.json"), Path(folder, "result.json")
            request_file.write_text(json.dumps(request), encoding="utf-8")
            command = [str(python), "-I", str(script), str(request_file), str(result_file)]
            status, printed = _run(command, folder, environ, timeout)
            data = _result(result_file) if status == 0 else None
    except OSError as error:
        raise PluginError(f"there is no place for its answer: {error}") from error
    output = _cleaned(printed, environ)
    if status is None:
        raise PluginError(f"it did not answer within {timeout:g} s", output=output)
    if data is None:
        raise PluginError(_ending(status), output=output)
    return PluginRun(data, output)


def _run(
    command: Sequence[str], folder: str, environ: Mapping[str, str], timeout: float
) -> tuple[int | None, bytes]:
    """Run to the end or to the timeout; returns the exit status, None for the latter, and the output."""
    import subprocess
    import threading
    from contextlib import suppress

    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,  # a reader that is stuck at our own exit must not hold a lock
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except (OSError, ValueError) as error:
        raise PluginError(f"its interpreter cannot be started: {error}") from error
    assert process.stdout is not None
    kept = bytearray()
    listener = threading.Thread(target=_listen, args=(process.stdout, kept), daemon=True)
    listener.start()
    status: int | None = None
    try:
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout)
    finally:
        _kill_group(process)
        # A grandchild that left the group may hold the pipe open: it is not waited for.
        listener.join(1.0)
    return status, bytes(kept)


def _listen(stream: IO[bytes], kept: bytearray) -> None:
    with stream:
        while chunk := stream.read(65536):
            kept += chunk[: max(0, _OUTPUT_LIMIT - len(kept))]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, if it still runs, and whatever it left behind in its group."""
    import subprocess
    from contextlib import suppress

    if os.name == "posix":
        import signal

        # The group keeps its number as long as anybody is in it, even after its leader has gone.
        with suppress(ProcessLookupError, PermissionError):  # nobody left; macOS says the latter of zombies
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        process.kill()
    with suppress(subprocess.TimeoutExpired):  # a process that hangs inside a driver cannot even be killed
        process.wait(5.0)


def _result(path: Path) -> bytes | None:
    """Read the result, if it is a plain file of sane size: the plugin could have put anything there."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(_RESULT_LIMIT + 1)
    if len(data) > _RESULT_LIMIT:
        raise PluginError(f"its answer is larger than {_RESULT_LIMIT} bytes")
    return data


def _ending(status: int) -> str:
    if status == 0:
        return "it ended without an answer"
    if status > 0:
        return f"it ended without an answer, with exit status {status}"
    import signal

    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"it was killed by {name}"


def redact(text: str, environ: Mapping[str, str]) -> str:
    """Hide credentials in URLs and the values of variables whose names speak of secrets."""
    text = _CREDENTIALS.sub("***", text)
    for name, value in environ.items():
        if len(value) >= 6 and _SECRET_NAME.search(name):
            text = text.replace(value, "***")
    return text


def _cleaned(printed: bytes, environ: Mapping[str, str]) -> tuple[str, ...]:
    text = redact(printed.decode("utf-8", "replace"), environ)
    lines = (printable(line, _LINE_LIMIT) for line in text.splitlines())
    return tuple([line for line in lines if line][:_OUTPUT_LINES])
