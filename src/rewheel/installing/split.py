"""Workers split off from this process while it has one thread: what is loaded need not be loaded by them.

The first one sleeps until somebody speaks to it. Then it loads what unpacking needs, and splits off the
others. All of them end with their input, and thus with the process that they come from.
"""

import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import NoReturn, TextIO

__all__ = ["Split", "split_off"]


class _Pipes(NamedTuple):
    """Both ends of the two pipes of one worker."""

    questions: int
    ask: int
    answers: int
    answer: int

    @classmethod
    def make(cls) -> "_Pipes":
        return cls(*os.pipe(), *os.pipe())


class Split:
    """A worker as its parent sees it: questions go in, answers come out, a line each."""

    def __init__(self, pipes: _Pipes, pid: int) -> None:
        self.stdin: TextIO | None = open(pipes.ask, "w", encoding="utf-8", errors="surrogateescape")  # noqa: PTH123, SIM115
        self.stdout: TextIO | None = open(pipes.answers, encoding="utf-8", errors="surrogateescape")  # noqa: PTH123, SIM115
        self.pid = pid
        """Its number, 0 if it is not our own child."""

    def wait(self) -> int:
        """Wait for its end; at once for whoever is not our own child."""
        if not self.pid:
            return 0
        try:
            return os.waitpid(self.pid, 0)[1]
        except ChildProcessError:  # somebody else has waited for all children
            return 0


def split_off(count: int) -> list[Split]:
    """Split off so many workers, as cheap as one while none is spoken to; none where that is not safe.

    It is safe on Linux, in a process with a single thread: locks that others hold stay locked in the copy.
    """
    if count < 1 or not sys.platform.startswith("linux") or threading.active_count() > 1:
        return []
    pipes: list[_Pipes] = []
    try:
        if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - only their number is needed
            return []
        pipes += [_Pipes.make() for _ in range(count)]
        pid = os.fork()
    except OSError:
        for each in pipes:
            for descriptor in each:
                os.close(descriptor)
        return []
    if pid == 0:
        _live(pipes)
    for each in pipes:
        os.close(each.questions)
        os.close(each.answer)
    return [Split(each, 0 if number else pid) for number, each in enumerate(pipes)]


def _live(pipes: list[_Pipes]) -> "NoReturn":
    """Be a worker, and never return to what the parent was doing, whatever happens."""
    try:
        # What the parent had open is none of our business, and is not to be closed by chance later on.
        gc.freeze()
        gc.disable()  # what unpacking leaves behind has no cycles
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _keep_open({end for each in pipes for end in (each.questions, each.answer)})
        _work(pipes)
    finally:
        os._exit(0)


def _work(pipes: list[_Pipes]) -> None:
    import select

    first = select.poll()
    first.register(pipes[0].questions, select.POLLIN)
    if not any(events & select.POLLIN for _, events in first.poll()):
        return  # nobody has needed us
    from rewheel.installing import unpacker

    unpacker.load()
    mine = pipes[0]
    for other in pipes[1:]:
        if os.fork() == 0:
            mine = other
            break
    _keep_open({mine.questions, mine.answer})
    with (
        open(mine.questions, encoding="utf-8", errors="surrogateescape") as questions,  # noqa: PTH123
        open(mine.answer, "w", encoding="utf-8", errors="surrogateescape") as answers,  # noqa: PTH123
    ):
        unpacker.main(questions, answers)


def _keep_open(wanted: set[int]) -> None:
    """Close all but these, and let the standard streams lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - only names are needed
        descriptor = int(name)
        if descriptor > 2 and descriptor not in wanted:
            try:
                os.close(descriptor)
            except OSError:  # the folder that was just listed
                continue
