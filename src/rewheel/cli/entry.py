"""The front door: answers at once what needs no thought, and loads the rest only for the rest."""

import sys

TYPE_CHECKING = False  # the typing module costs more than all that is done here
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run the command line, `argv` without the program's name or `sys.argv`, and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started us
        _write_into_nowhere()
    if arguments in (["--version"], ["-V"]):
        from rewheel import __version__

        return _print(f"rewheel {__version__}\n")
    if arguments[:1] == ["install"]:
        from rewheel.cli.satisfied import recall

        known = recall(arguments)
        if known is not None:
            return _print(known)
    from rewheel.cli.running import run

    if argv is not None:
        return run(arguments)
    _collect_rarely()
    code = run(arguments)
    _leave(code)
    return code


def _collect_rarely() -> None:
    """Look for garbage in cycles less often: a short run makes much that stays, and little of that kind."""
    import gc

    gc.set_threshold(500_000, 50, 100)


def _leave(code: int) -> None:
    """End the process at once: taking everything apart first takes as long as a small installation.

    What asked to be called at the end is called, and what was printed arrives; if it does not, the usual end
    tells of that.
    """
    import atexit
    import os
    import threading

    if sys.flags.interactive or sys.gettrace() is not None or threading.current_thread().daemon:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way, and it is as old as the module
    os._exit(code)


def _write_into_nowhere() -> None:
    """Put something in the place of streams that are not there."""
    import os

    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _print(text: str) -> int:
    """Print what takes no thought."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:  # nobody reads them: the usual way knows what to do about that
        from rewheel.cli.running import stop_writing

        return stop_writing()
    return 0
