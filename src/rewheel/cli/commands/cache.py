"""`rewheel cache`: where the cache is, what is in it, and away with it."""

import os
from pathlib import Path

import click

from rewheel.cli.options import cache_options, json_option, output_options, pass_session
from rewheel.cli.reporter import size_text
from rewheel.cli.session import CACHE_PARTS, Session
from rewheel.cli.tables import table_lines
from rewheel.errors import RewheelError, UsageError

__all__ = ["command"]


@click.group("cache")
def command() -> None:
    """Look at, prune and empty the cache."""


@command.command("dir")
@cache_options
@output_options
@pass_session
def directory(session: Session) -> None:
    """Print the folder of the cache."""
    session.output.result(str(session.settings.cache_dir))


@command.command("info")
@json_option
@cache_options
@output_options
@pass_session
def info(session: Session, *, as_json: bool) -> None:
    """Say what the cache holds, and how much of it."""
    root = session.settings.cache_dir
    parts = {name: _measure(*_folders(root, name)) for name in CACHE_PARTS}
    if as_json:
        session.output.json(
            {
                "directory": str(root),
                "parts": {name: {"files": files, "size": size} for name, (files, size) in parts.items()},
            }
        )
        return
    session.output.result(str(root))
    rows = [
        (name, f"{files} files", size_text(size), CACHE_PARTS[name]) for name, (files, size) in parts.items()
    ]
    for line in table_lines(rows, indent="  "):
        session.output.result(line)


@command.command("prune")
@click.option(
    "--older-than", "days", type=click.IntRange(min=0), default=30, metavar="DAYS",
    help="Keep what was used within so many days. [default: 30]",
)  # fmt: skip
@cache_options
@output_options
@pass_session
def prune(session: Session, *, days: int) -> None:
    """Remove what was not used for long; no environment needs it.

    Unpacked wheels stay as long as an environment shares their files.
    """
    from rewheel.indexes import Cache
    from rewheel.installing import Store
    from rewheel.installing.pruning import Pruned, prune_entries, prune_store

    settings = session.settings
    if settings.no_cache:
        raise UsageError("--no-cache leaves no cache to prune")
    root, seconds = settings.cache_dir, days * 86400.0
    wheels = prune_store(Store(root), seconds)
    pages = Cache(root).prune(seconds)
    others = [name for name in CACHE_PARTS if name not in {"indexes", "wheels"}]
    rest = prune_entries((folder for name in others for folder in _folders(root, name)), seconds)
    done = wheels.plus(Pruned(pages.files, pages.size)).plus(rest)
    session.output.say(f"Removed {done.entries} entries, {size_text(done.size)}, from {root}")
    if done.in_use:
        session.output.say(f"Kept {done.in_use} older wheels that environments share")


@command.command("clean")
@cache_options
@output_options
@pass_session
def clean(session: Session) -> None:
    """Remove everything that rewheel keeps in the cache; other files in its folder stay."""
    import shutil

    settings = session.settings
    if settings.no_cache:
        raise UsageError("--no-cache leaves no cache to clean")
    folders = [folder for name in CACHE_PARTS for folder in _folders(settings.cache_dir, name)]
    files, size = _measure(*folders)
    for folder in folders:
        try:
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink()
            else:
                shutil.rmtree(folder)
        except OSError as error:
            raise RewheelError(f"{folder}: cannot be removed: {error.strerror or error}") from error
    session.output.say(f"Removed {files} files, {size_text(size)}, from {settings.cache_dir}")


def _folders(root: Path, name: str) -> list[Path]:
    """Return the folders of one part, whatever the version of their form."""
    try:
        return sorted(
            path for path in root.iterdir() if path.name == name or path.name.startswith(f"{name}-")
        )
    except OSError:
        return []


def _measure(*folders: Path) -> tuple[int, int]:
    """Count the files below the folders and their bytes; what vanishes meanwhile does not count."""
    files = size = 0
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                try:
                    status = (Path(parent) / name).lstat()
                except OSError:
                    continue
                files, size = files + 1, size + status.st_size
    return files, size
