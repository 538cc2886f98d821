"""The shortest answer: what was asked for is installed, and nothing has changed since that was found out.

Whoever asks again gets the lines of the last time, without a parser, a resolver or the network. The answer
holds only for the same words, variables, folder and rewheel, and while every file that it was made from,
or that could have changed it by coming into being, is what it was: configuration, interpreter, environment
and what it has installed. In doubt there is no answer, and the usual way finds one.
"""

# This module is what runs when there is nothing to do: it imports next to nothing, pathlib least of all.
# ruff: noqa: PTH120, PTH208
import os

from rewheel.cli.answers import configuration_of, load, place_of, save
from rewheel.cli.plain_words import read_plain_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rewheel.cli.session import Session
    from rewheel.environments import Target

__all__ = ["recall", "remember"]

_KIND = "satisfied-1"


def recall(arguments: "Sequence[str]") -> "str | None":
    """Return what to print if nothing needs to be done, None if that is not known."""
    try:
        path = _place(arguments, os.environ)
        return load(path) if path else None
    except (OSError, ValueError):
        return None


def remember(session: "Session", target: "Target", lines: "Iterable[str]") -> None:
    """Keep the lines that said that everything is there; silently not, when anything is out of the way."""
    settings = session.settings
    path = _place(session.arguments, session.environ)
    if not path or settings.no_cache or settings.machine is not None:
        return
    if os.path.dirname(os.path.dirname(path)) != str(settings.cache_dir):
        return
    if settings.python and os.sep not in settings.python:
        return  # what a bare name stands for depends on all folders of PATH
    text = "".join(f"{line}\n" for line in lines)
    try:
        save(path, _witnesses(session, target), text)
    except (OSError, ValueError):
        return


def _place(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> str:
    """Return where the answer to this question is kept; empty for what is no question of this kind."""
    words = read_plain_words(arguments)
    if words is None or words.dry_run:
        return ""
    return place_of(_KIND, arguments, arguments, environ)


def _witnesses(session: "Session", target: "Target") -> "Iterable[str]":
    """Yield every path whose change, coming or going could make the answer another one."""
    active = session.environ.get("VIRTUAL_ENV")
    yield from configuration_of(session, str(session.cwd / active) if active else None)
    for folder in (session.cwd, *session.cwd.parents):
        yield f"{folder}/.venv"
        yield f"{folder}/.venv/pyvenv.cfg"
    python = target.python
    yield str(python)
    yield str(python.parent / "pyvenv.cfg")
    yield str(python.parent.parent / "pyvenv.cfg")
    yield str(target.interpreter.stdlib / "EXTERNALLY-MANAGED")
    yield str(target.root / ".rewheel-transaction")
    for library in dict.fromkeys(map(str, target.scheme.libraries)):
        yield library
        for name in sorted(os.listdir(library)) if os.path.isdir(library) else ():  # noqa: PTH112
            if name.endswith((".dist-info", ".egg-info")):
                yield f"{library}/{name}"
                yield f"{library}/{name}/METADATA"
                yield f"{library}/{name}/direct_url.json"
