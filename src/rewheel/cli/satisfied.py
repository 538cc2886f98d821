"""The shortest answer: what was asked for is installed, and nothing has changed since that was found out.

Whoever asks again gets the lines of the last time, without a parser, a resolver or the network. The answer
holds only for the same words, variables, folder and rewheel, and while every file that it was made from,
or that could have changed it by coming into being, is what it was: configuration, interpreter, environment
and what it has installed. In doubt there is no answer, and the usual way finds one. Nothing of the question
is kept but a hash, since it may hold secrets.
"""

# This module is what runs when there is nothing to do: it imports next to nothing, pathlib least of all.
# ruff: noqa: PTH100, PTH109, PTH116, PTH118, PTH120, PTH123, PTH208
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rewheel.cli.session import Session
    from rewheel.environments import Target

__all__ = ["recall", "remember"]

_FORMAT = "1"
_FOLDER = "answers-1"
_SETTLED = 0.05
"""Seconds after which a file that changes again gets another time, on any file system that we know."""
_FLAGS = frozenset({"-q", "--quiet", "--no-index", "--offline", "--compile", "--no-compile"})
_OPTIONS = frozenset({
    "-f", "--find-links", "-i", "--index-url", "--extra-index-url", "--cache-dir", "--link-mode", "--python",
})  # fmt: skip
"""What may stand in such a question, beside requirements: nothing that reads files or changes the answer."""
_UNIMPORTANT = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL"})
"""Variables that the shell changes at every turn and nobody here reads."""


def recall(arguments: "Sequence[str]") -> "str | None":
    """Return what to print if nothing needs to be done, None if that is not known."""
    try:
        path = _place(arguments, os.environ)
        if path is None:
            return None
        with open(path, encoding="utf-8", newline="") as file:
            digest, _, body = file.read().partition("\n")
        if digest != _digest(body):
            return None
        stamps, _, text = body.partition("\n\n")
        for line in stamps.split("\n"):
            stamp, _, name = line.partition("\t")
            if _stamp(name) != stamp:
                return None
    except (OSError, ValueError):
        return None
    return text


def remember(session: "Session", target: "Target", lines: "Iterable[str]") -> None:
    """Keep the lines that said that everything is there; silently not, when anything is out of the way."""
    import time

    settings = session.settings
    path = _place(session.arguments, session.environ)
    if path is None or settings.no_cache or settings.machine is not None:
        return
    if os.path.dirname(os.path.dirname(path)) != str(settings.cache_dir):
        return
    if settings.python and os.sep not in settings.python:
        return  # what a bare name stands for depends on all folders of PATH
    body = "".join(f"{line}\n" for line in lines)
    try:
        names = list(dict.fromkeys(_witnesses(session, target)))
        if any("\n" in name for name in names):
            return
        stamps = [f"{_stamp(name)}\t{name}" for name in names]
        if time.time() - _newest(names) < _SETTLED:
            return
        body = "\n".join(stamps) + "\n\n" + body
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103
        scratch = f"{path}.{os.getpid()}"
        with open(scratch, "w", encoding="utf-8", newline="") as file:
            file.write(f"{_digest(body)}\n{body}")
        os.replace(scratch, path)  # noqa: PTH105
    except (OSError, ValueError):
        return


def _place(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> "str | None":
    """Return where the answer to this question is kept; None for what is no question of this kind."""
    if sys.platform == "win32" or list(arguments[:1]) != ["install"] or not _is_plain(arguments):
        return None
    folder = _cache_dir(arguments, environ)
    if not folder:
        return None
    from rewheel import __version__

    parts = [_FORMAT, __version__, sys.executable, sys.version, os.getcwd(), *os.uname(), *arguments, ""]
    parts += sorted(f"{name}={value}" for name, value in environ.items() if name not in _UNIMPORTANT)
    return os.path.join(os.path.abspath(folder), _FOLDER, _digest("\0".join(parts)))


def _is_plain(arguments: "Sequence[str]") -> bool:
    """Tell whether only requirements are there, and options that are known to be harmless."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-") or word in _FLAGS:
            continue
        name, has_value, _ = word.partition("=")
        if name not in _OPTIONS or (not has_value and next(words, None) is None):
            return False
    return True


def _cache_dir(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> str:
    """Find the cache as the settings would; where a file says otherwise, `remember` keeps nothing."""
    for number, word in enumerate(arguments):
        if word == "--cache-dir" and number + 1 < len(arguments):
            return arguments[number + 1]
        if word.startswith("--cache-dir="):
            return word.partition("=")[2]
    if named := environ.get("REWHEEL_CACHE_DIR", "").strip():
        return named
    if sys.platform == "darwin":
        return ""
    base = environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):
        home = environ.get("HOME")
        base = f"{home}/.cache" if home else ""
    return f"{base}/rewheel" if base else ""


def _witnesses(session: "Session", target: "Target") -> "Iterable[str]":
    """Yield every path whose change, coming or going could make the answer another one."""
    from rewheel.config import consulted_files

    yield os.path.dirname(os.path.dirname(__file__))  # this tool itself, when it is being worked on
    yield __file__
    active = session.environ.get("VIRTUAL_ENV")
    named = str(session.flags.get("config_file") or "")
    prefix = session.cwd / active if active else None
    yield from map(str, consulted_files(session.environ, session.cwd, prefix=prefix, config_file=named))
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


def _stamp(name: str) -> str:
    try:
        status = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return f"{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}:{status.st_ino}"


def _newest(names: "Iterable[str]") -> float:
    newest = 0.0
    for name in names:
        try:
            newest = max(newest, os.stat(name).st_ctime)
        except OSError:
            continue
    return newest


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
