"""The demo's packages on a real index server, filled by real uploads, for people to look at."""

import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rewheel.demo.errors import DemoError
from rewheel.demo.market import Market
from rewheel.demo.pantry import open_pantry
from rewheel.demo.recipe import NUMPY, TORCH
from rewheel.demo.session import ended_in_order
from rewheel.environments import find_target

__all__ = ["serve_index"]

_STOPPING = 30.0
"""Seconds that the server gets to finish."""
_UPLOADING = 900.0
"""Seconds after which uploading counts as stuck."""


def serve_index(
    market: Callable[[], Market],
    *,
    cache_dir: Path,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    port: int = 8000,
    stays: Callable[[], None] | None = None,
) -> int:
    """Serve an index with the demo's packages until somebody has seen enough, and return 0.

    `market` is opened only when `cache_dir` does not hold the packages yet. `stays` waits for the end, by
    default that of the server, which Ctrl-C brings about. The index is gone afterwards. Raises RewheelError
    when the packages cannot be had or the server does not start.
    """
    with (
        ended_in_order(),
        tempfile.TemporaryDirectory(prefix="rewheel-demo-", ignore_cleanup_errors=True) as folder,
    ):
        tags = find_target(sys.executable, None, environ, Path.cwd(), cache_dir=cache_dir).tags
        pantry = open_pantry(cache_dir, tags, market, say)
        token = secrets.token_urlsafe(32)
        own = _environment(Path(folder), environ, token)
        with _server(Path(folder), own, port) as (server, url):
            say("Uploading the packages, as their maintainers would …")
            _publish(pantry.directory, url, own)
            say("")
            say("Look at the variants, and at what your own machine would get:")
            for project in (NUMPY, TORCH):
                say(f"  {url}project/{project}/")
            say(f"Manage it at {url}admin/ with the token {token}")
            say("Ctrl-C ends the demo.")
            try:
                (stays or server.wait)()
            except KeyboardInterrupt:
                say("")
    return 0


def _environment(folder: Path, environ: Mapping[str, str], token: str) -> dict[str, str]:
    """Return the environment of the commands: the user's, without anything that configures installers."""
    own = {
        name: value for name, value in environ.items() if not name.upper().startswith(("PIP_", "REWHEEL_"))
    }
    settings = folder / "rewheel.toml"
    settings.touch()
    return own | {
        "REWHEEL_CONFIG_FILE": str(settings),
        "REWHEEL_CACHE_DIR": str(folder / "cache"),
        "REWHEEL_ADMIN_TOKEN": token,
        "REWHEEL_SERVER_TITLE": "Demo index",
        "REWHEEL_TOKEN": token,
        "PIP_CONFIG_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@contextmanager
def _server(
    folder: Path, environ: Mapping[str, str], port: int
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `rewheel serve` meanwhile, and give its address."""
    where = ["--data", str(folder / "index"), "--port", str(port)]
    process = subprocess.Popen(
        _command("serve", *where),
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.strip())
            found = re.search(r"Serving at (\S+/)simple/", line)
            if found:
                yield process, found[1]
                return
        raise DemoError(f"the index server did not start: {' '.join(said[-5:])}")
    finally:
        process.terminate()
        try:
            process.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _publish(directory: Path, url: str, environ: Mapping[str, str]) -> None:
    command = _command("release", "publish", str(directory), "--to", f"{url}legacy/", "--no-check", "-q")
    try:
        done = subprocess.run(
            command, env=dict(environ), stdin=subprocess.DEVNULL, check=False, timeout=_UPLOADING
        )
    except subprocess.TimeoutExpired as error:
        raise DemoError(f"uploading did not end within {_UPLOADING:.0f} seconds") from error
    if done.returncode != 0:
        raise DemoError("the packages could not be uploaded; the reason is above")


def _command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "rewheel", *arguments]
