"""Answers that hold while nothing has changed that they were made from: kept in files that prove themselves.

An answer belongs to a question, of which only a hash is kept, since it may hold secrets: the words, the
variables, the folder and this tool. Beside it stand its witnesses: every file that could make it another one
by changing, coming or going, each with what it looked like.
"""

# This module runs when there is nothing to do: it imports next to nothing, pathlib least of all.
# ruff: noqa: PTH100, PTH103, PTH105, PTH116, PTH118, PTH120, PTH123
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rewheel.cli.session import Session

__all__ = ["configuration_of", "digest", "load", "place_of", "save"]

_FOLDER = "answers-1"
_SETTLED = 0.05
"""Seconds after which a file that changes again gets another time, on any file system that we know."""
_UNIMPORTANT = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL"})
"""Variables that the shell changes at every turn and nobody here reads."""


def place_of(
    kind: str,
    arguments: "Sequence[str]",
    words: "Iterable[str]",
    environ: "Mapping[str, str]",
    without: "Collection[str]" = (),
) -> str:
    """Return where the answer of this kind to these words is kept; empty if that is not known.

    Variables in `without` have no say about it. The cache is found in `arguments` as the settings would find
    it; where a file says otherwise, `save` is not to be called.
    """
    folder = "" if sys.platform == "win32" else _cache_dir(arguments, environ)
    if not folder:
        return ""
    from rewheel import __version__

    parts = [kind, __version__, sys.executable, sys.version, os.getcwd(), *os.uname(), *words, ""]  # noqa: PTH109
    ignored = _UNIMPORTANT.union(without)
    parts += sorted(f"{name}={value}" for name, value in environ.items() if name not in ignored)
    return os.path.join(os.path.abspath(folder), _FOLDER, digest("\0".join(parts)))


def load(path: str) -> "str | None":
    """Return an answer if it is whole and its witnesses look as they did; raises OSError or ValueError."""
    with open(path, encoding="utf-8", newline="") as file:
        seal, _, body = file.read().partition("\n")
    if seal != digest(body):
        return None
    stamps, _, text = body.partition("\n\n")
    for line in stamps.split("\n"):
        stamp, _, name = line.partition("\t")
        if _stamp(name) != stamp:
            return None
    return text


def save(path: str, witnesses: "Iterable[str]", text: str) -> None:
    """Keep an answer, unless a witness has only just changed; raises OSError or ValueError."""
    import time

    names = list(dict.fromkeys(witnesses))
    if any("\n" in name for name in names):
        return
    stamps = [f"{_stamp(name)}\t{name}" for name in names]
    if time.time() - _newest(names) < _SETTLED:
        return
    body = "\n".join(stamps) + "\n\n" + text
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    scratch = f"{path}.{os.getpid()}"
    with open(scratch, "w", encoding="utf-8", newline="") as file:
        file.write(f"{digest(body)}\n{body}")
    os.replace(scratch, path)


def configuration_of(session: "Session", prefix: "str | None") -> "Iterator[str]":
    """Yield every file that has, or could have, a say about the settings; `prefix` is an environment."""
    from pathlib import Path

    from rewheel.config import consulted_files

    yield os.path.dirname(os.path.dirname(__file__))  # this tool itself, when it is being worked on
    yield __file__
    named = str(session.flags.get("config_file") or "")
    folder = Path(prefix) if prefix is not None else None
    yield from map(str, consulted_files(session.environ, session.cwd, prefix=folder, config_file=named))


def digest(text: str) -> str:
    """Return a hash of a text, also of one that is no valid Unicode."""
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _cache_dir(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> str:
    """Find the cache as the settings would."""
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
