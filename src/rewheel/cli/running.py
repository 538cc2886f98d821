"""One run of the command line: from the arguments to the exit code, whatever happens on the way."""

import os
import sys
from collections.abc import Sequence

import click

from rewheel import __version__
from rewheel.cli.group import COMMANDS, LazyGroup
from rewheel.cli.options import output_options
from rewheel.cli.output import Output
from rewheel.cli.session import Session
from rewheel.errors import RewheelError

__all__ = ["run", "stop_writing"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 + SIGPIPE

_EPILOG = "Exit codes: 0 done, 1 failed, 2 asked for something that cannot be asked for."


@click.command(
    "rewheel",
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="rewheel %(version)s")
@output_options
def _rewheel() -> None:
    """Wheel variants for Python: the right build of a package for the machine it runs on."""


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
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        output.error("interrupted")
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(f"{error.ctx.get_help() if error.ctx else ''}\n")
        return 2
    except click.ClickException as error:
        output.error(_sentence(error), _advice(error, arguments))
        return 2
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
    session = Session(output, environ=os.environ, arguments=arguments)
    with session, _rewheel.make_context("rewheel", list(arguments), obj=session) as context:
        code = _rewheel.invoke(context)
    return code if isinstance(code, int) else 0


def _sentence(error: click.ClickException) -> str:
    text = error.format_message().strip()
    return (text[:1].lower() + text[1:]).removesuffix(".")


def _advice(error: click.ClickException, arguments: Sequence[str]) -> str:
    context = getattr(error, "ctx", None)
    if context is not None:
        path = context.command_path
    else:  # the parser gave up before the command could be told
        path = " ".join(["rewheel", *(word for word in arguments[:1] if word in COMMANDS)])
    return f"`{path} --help` lists what can be said"


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
