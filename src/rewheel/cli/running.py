"""One run of the command line: from the arguments to the exit code, whatever happens on the way."""

import os
import sys
from collections.abc import Sequence

from rewheel import __version__
from rewheel.cli.output import Output
from rewheel.cli.plain_words import read_plain_words
from rewheel.errors import RewheelError

__all__ = ["run", "stop_writing"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 + SIGPIPE


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; everything that goes wrong becomes a line and a code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter must not end the run
            stream.reconfigure(errors="backslashreplace")
    output = Output(sys.stdout, sys.stderr, os.environ)
    try:
        code = _run(arguments, output)
        output.flush()
    except BrokenPipeError:
        return stop_writing()
    except RewheelError as error:  # a full disk behind the output, noticed only when all was said
        output.error(str(error))
        stop_writing()
        return error.exit_code
    except KeyboardInterrupt:
        output.error("interrupted")
        return INTERRUPTED
    return code


def _run(arguments: Sequence[str], output: Output) -> int:
    debugging = bool(os.environ.get("REWHEEL_DEBUG"))
    try:
        return _invoke(arguments, output)
    except BrokenPipeError:
        raise
    except RewheelError as error:
        if debugging:
            output.traceback(error)
        output.error(str(error), error.hint)
        return error.exit_code
    except OSError as error:
        if debugging or output.verbosity >= 2:
            output.traceback(error)
        output.error(": ".join(filter(None, [_named(error.filename), error.strerror or str(error)])))
        return 1
    except Exception as bug:  # noqa: BLE001 - the last line of defence: nobody should have to read a traceback
        if debugging or output.verbosity >= 2:
            output.traceback(bug)
        output.error(
            f"this is a bug in rewheel {__version__}: {type(bug).__name__}: {bug}",
            "please report it, with what `REWHEEL_DEBUG=1` or `-vv` prints",
        )
        return 1


def _invoke(arguments: Sequence[str], output: Output) -> int:
    words = read_plain_words(arguments)
    if words is not None:
        output.verbosity -= words.quiet
        from rewheel.cli.recalled import repeat

        if repeat(arguments, os.environ, output):
            return 0
    from rewheel.cli.session import Session

    with Session(output, environ=os.environ, arguments=arguments) as session:
        if words is None:
            from rewheel.cli.parsing import invoke

            return invoke(arguments, session)
        from rewheel.cli.installation import install

        session.flags.update(words.flags)
        install(session, words.requirements, dry_run=words.dry_run)
    return 0


def _named(filename: object) -> str:
    return os.fsdecode(filename) if isinstance(filename, str | bytes) else ""


def stop_writing() -> int:
    """Nobody reads on: keep the interpreter from complaining about it when it flushes at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # a stream without a descriptor has nothing to flush either
        pass
    return BROKEN_PIPE
