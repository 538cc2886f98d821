"""The demo from its first line to its last."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rewheel.demo.errors import DemoError
from rewheel.demo.machine_files import write_machine_files
from rewheel.demo.market import Market
from rewheel.demo.pantry import open_pantry
from rewheel.demo.recipe import NUMPY, NUMPY_VERSION
from rewheel.demo.scenes import SCENES
from rewheel.demo.server import serve
from rewheel.demo.session import Session, ended_in_order, open_session
from rewheel.environments import find_target
from rewheel.errors import RewheelError

__all__ = ["run"]


def run(
    market: Callable[[], Market],
    *,
    cache_dir: Path,
    environ: Mapping[str, str],
    say: Callable[[str], None] | None = None,
) -> int:
    """Show the demo and return 0.

    `market` is called only when `cache_dir` does not hold the demo's index yet, and gives what offers the
    real wheels: usually an `IndexMarket`. `say` takes the demo's own lines, by default to the standard
    output, which the commands that it runs write to as well. Everything but the cache is gone when this
    returns or raises.

    Raises RewheelError when the wheels cannot be had, or when a command fails.
    """
    say = say or _to_stdout
    with ended_in_order():
        tags = find_target(sys.executable, None, environ, Path.cwd(), cache_dir=cache_dir).tags
        with _told_as_a_whole():
            pantry = open_pantry(cache_dir, tags, market, say)
        if pantry.numpy_version != NUMPY_VERSION:
            python = ".".join(map(str, sys.version_info[:2]))
            say(f"{NUMPY} {NUMPY_VERSION} has no wheels for Python {python}; this is {pantry.numpy_version}.")
        with open_session(environ, say) as session, serve(pantry.directory) as url:
            _play(session, f"{url}simple/")
    say("")
    say(f"That was the demo. Its index stays in {pantry.directory.parent}, everything else is gone.")
    return 0


def _play(session: Session, index_url: str) -> None:
    """Show the scenes, one after the other."""
    write_machine_files(session.folder)
    for scene in SCENES:
        session.say("")
        session.say(f"=== {scene.title} ===")
        for line in scene.story:
            session.say(line)
        session.say("")
        scene.play(session, index_url)


@contextmanager
def _told_as_a_whole() -> Iterator[None]:
    """Say of an error what it means for the demo."""
    try:
        yield
    except DemoError:
        raise
    except RewheelError as error:
        hints = filter(None, [error.hint, "only the first run needs the package index"])
        raise DemoError(
            f"the real wheels for the demo cannot be had: {error}", hint="; ".join(hints)
        ) from error


def _to_stdout(line: str) -> None:
    # flushed, so that the line stands before what the next command writes
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
