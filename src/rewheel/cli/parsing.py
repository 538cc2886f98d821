"""The real parser of the command line, for what is not said in plain words."""

import sys
from collections.abc import Sequence

import click

from rewheel import __version__
from rewheel.cli.group import COMMANDS, LazyGroup
from rewheel.cli.options import output_options
from rewheel.cli.session import Session

__all__ = ["invoke"]

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


def invoke(arguments: Sequence[str], session: Session) -> int:
    """Parse and run one command, and return its exit code; raises what the command raises."""
    try:
        with _rewheel.make_context("rewheel", list(arguments), obj=session) as context:
            code = _rewheel.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(f"{error.ctx.get_help() if error.ctx else ''}\n")
        return 2
    except click.ClickException as error:
        session.output.error(_sentence(error), _advice(error, arguments))
        return 2
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
