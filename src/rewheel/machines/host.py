"""All that a detector may look at: environment, files, documented tools, driver libraries at arm's length.

Detectors never touch the computer directly. They get a `Host`, so that a test can give them another file
tree and another PATH, and so that nothing of this computer leaks into answers about another one
(`BlindHost`). Foreign code never runs in our process: tools and libraries are asked in a subprocess that
can be killed, because drivers do hang and crash.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rewheel.machines.platform import current_machine, current_system, normalize_arch
from rewheel.values import frozen

if TYPE_CHECKING:
    import subprocess

__all__ = ["Answer", "BlindHost", "Host", "ProbeAnswer"]

_OUTPUT_LIMIT = 4 << 20
"""Bytes that a tool may answer with; `nvidia-smi -q` needs some 20 KiB per GPU."""

_MARKER = "rewheel-probe:"
_PROBES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probes")  # noqa: PTH100,PTH118,PTH120 - pathlib costs start-up time


@frozen
class Answer:
    """What a tool said; `failure` is "" or tells how it failed, `found` whether it exists at all."""

    output: str
    failure: str = ""
    found: bool = True


@frozen
class ProbeAnswer:
    """What a probe found out: a JSON object, or None together with the `failure`."""

    data: Mapping[str, object] | None
    failure: str = ""


@frozen
class Host:
    """The computer as detectors see it.

    `arch` is the architecture of the interpreter that will run the wheels, normalised. `root` stands
    before every path that is read. `longest_wait` caps the time, in seconds, that anybody waits for a tool.
    """

    environ: Mapping[str, str]
    system: str
    arch: str
    root: str = ""
    longest_wait: float = 60.0

    @classmethod
    def here(cls, environ: Mapping[str, str], *, interpreter_arch: str = "") -> "Host":
        """Look at this computer, for an interpreter of the given architecture (default: our own)."""
        return cls(environ, current_system(), normalize_arch(interpreter_arch or current_machine()))

    @property
    def is_blind(self) -> bool:
        """Whether nothing but the architecture and the environment variables can be seen."""
        return False

    def folder(self, variable: str, default: str) -> str:
        """Name a folder that Windows tells in a variable, whose case does not matter there."""
        return self.environ.get(variable.upper()) or self.environ.get(variable) or default

    def read_bytes(self, path: str, limit: int = 1 << 20) -> bytes | None:
        """Read the first `limit` bytes of a file; None if it cannot be read. Never blocks on a pipe."""
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self.root + path, flags)
        except (OSError, ValueError):
            return None
        chunks = []
        try:
            while limit > 0 and (chunk := os.read(descriptor, min(limit, 1 << 16))):
                chunks.append(chunk)
                limit -= len(chunk)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return b"".join(chunks)

    def read_text(self, path: str, limit: int = 1 << 20) -> str | None:
        """Read the first `limit` bytes of a text file, however strange; None if it cannot be read."""
        data = self.read_bytes(path, limit)
        return None if data is None else data.decode("utf-8", "replace")

    def glob(self, pattern: str) -> list[str]:
        """List the paths that match an absolute pattern, sorted, as `read_text` takes them."""
        import glob

        found = glob.glob(pattern.lstrip("/"), root_dir=self.root or "/")  # noqa: PTH207 - below another root
        return sorted(f"/{path}" for path in found)

    def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        without: Sequence[str] = (),
        with_errors: bool = False,
    ) -> Answer:
        """Run a tool found on the PATH of `environ`, in that environment, and return what it printed.

        Its output is kept even if it fails. Variables named in `without` are withheld from it. After
        `timeout` seconds, or when it says too much, it is killed together with its children.
        """
        import subprocess

        program = self._find(command[0])
        if program is None:
            return Answer("", f"{command[0]} was not found", found=False)
        environment = {name: value for name, value in self.environ.items() if name not in without}
        try:
            process = subprocess.Popen(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Answer("", f"{command[0]} could not be started: {error}")
        return _listen(process, command[0], min(timeout, self.longest_wait))

    def probe(
        self, name: str, *arguments: str, timeout: float = 10.0, without: Sequence[str] = ()
    ) -> ProbeAnswer:
        """Run one of our own probe scripts in a bare interpreter and return the object that it found.

        A probe loads a driver library, which may crash or hang: that is the probe's end, not ours.
        """
        if not sys.executable:
            return ProbeAnswer(None, "there is no interpreter to run the probe with")
        script = os.path.join(_PROBES, f"{name}.py")  # noqa: PTH118 - as above
        answer = self.run([sys.executable, "-I", "-S", script, *arguments], timeout=timeout, without=without)
        if answer.failure:
            return ProbeAnswer(None, answer.failure.replace(sys.executable, f"the {name} probe"))
        return _parse_probe(name, answer.output)

    def _find(self, name: str) -> str | None:
        if os.path.isabs(name):  # noqa: PTH117 - as above
            return name if os.access(name, os.X_OK) else None
        folders = self.environ.get("PATH", os.defpath).split(os.pathsep)
        if self.system == "Darwin":
            folders += [f"{self.root}/usr/sbin", f"{self.root}/sbin"]  # sysctl is not on everyone's PATH
        endings = (".exe", "") if self.system == "Windows" else ("",)
        for folder in folders:
            for ending in endings:
                path = os.path.join(folder, name + ending)  # noqa: PTH118 - as above
                # Relative folders are skipped: nothing from the current directory is ever run.
                if os.path.isabs(folder) and os.access(path, os.X_OK) and os.path.isfile(path):  # noqa: PTH113,PTH117
                    return path
        return None


class BlindHost(Host):
    """A computer that cannot be looked at: no file, no tool, no library, only variables and architecture."""

    __slots__ = ()

    @property
    def is_blind(self) -> bool:
        """Whether nothing but the architecture and the environment variables can be seen: yes."""
        return True

    def read_bytes(self, path: str, limit: int = 1 << 20) -> bytes | None:
        """See no file."""
        del path, limit
        return None

    def glob(self, pattern: str) -> list[str]:
        """See no folder."""
        del pattern
        return []

    def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        without: Sequence[str] = (),
        with_errors: bool = False,
    ) -> Answer:
        """Find no tool."""
        del timeout, without, with_errors
        return Answer("", f"{command[0]} was not found", found=False)

    def probe(
        self, name: str, *arguments: str, timeout: float = 10.0, without: Sequence[str] = ()
    ) -> ProbeAnswer:
        """Probe nothing."""
        del arguments, timeout, without
        return ProbeAnswer(None, f"there is nothing to ask the {name} probe about")


def _listen(process: "subprocess.Popen[bytes]", name: str, timeout: float) -> Answer:
    """Collect a process's output within the limits of time and size, and see to its end."""
    import subprocess
    import threading
    import time

    deadline = time.monotonic() + timeout
    received: list[bytes] = []
    pipe = process.stdout
    assert pipe is not None

    def read() -> None:
        with pipe:
            received.append(pipe.read(_OUTPUT_LIMIT + 1))

    # A thread, because Windows cannot wait for a pipe with a timeout, and a grandchild may keep it open.
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    failure = ""
    try:
        reader.join(timeout)
        if reader.is_alive():
            failure = f"{name} did not answer within {timeout:g} s"
        elif len(received[0]) > _OUTPUT_LIMIT:
            failure = f"{name} answered with more than {_OUTPUT_LIMIT >> 20} MiB"
        else:
            process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        failure = f"{name} did not end within {timeout:g} s"
    except BaseException:  # the user interrupts us; its own session keeps the tool from hearing that
        _kill(process)
        raise
    if failure:
        _kill(process)
        reader.join(1.0)
    elif process.returncode < 0:
        failure = f"{name} crashed (signal {-process.returncode})"
    elif process.returncode:
        failure = f"{name} failed with exit status {process.returncode}"
    output = received[0][:_OUTPUT_LIMIT] if received else b""
    return Answer(output.decode("utf-8", "replace"), failure)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    import signal

    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # its own session, so its children too
        else:
            process.kill()
    except OSError:
        process.kill()
    process.wait()


def _parse_probe(name: str, output: str) -> ProbeAnswer:
    """Find the probe's one line among whatever a library printed, and hold it to being a JSON object."""
    import json

    lines = [line for line in output.splitlines() if line.startswith(_MARKER)]
    if len(lines) != 1:
        return ProbeAnswer(None, f"the {name} probe gave no answer")
    try:
        data = json.loads(lines[0][len(_MARKER) :])
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return ProbeAnswer(None, f"the {name} probe gave an unreadable answer")
    return ProbeAnswer(data)
