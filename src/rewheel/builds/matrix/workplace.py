"""A folder to build in whose path is the same for the same build: compilers write it into what they make."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["place_key", "steady_workplace"]

_OWNER = ".rewheel-process"


def place_key(digest: str, label: str, implementation: str, version: Sequence[int]) -> str:
    """Name what is built: sources by their digest, the label, and for which Python."""
    return f"{digest} {label} {implementation}{version[0]}.{version[1]}"


@contextlib.contextmanager
def steady_workplace(key: str) -> Iterator[Path]:
    """Give an empty folder whose path depends on nothing but `key`, and remove it afterwards.

    If somebody works there already, it is another one: better a wheel with another path in it than none.
    """
    place = Path(tempfile.gettempdir()) / f"rewheel-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not _taken(place):
        _forget_abandoned(place)
        if not _taken(place):
            place = Path(tempfile.mkdtemp(prefix="rewheel-build-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _taken(place: Path) -> bool:
    """Make the folder ours, if nobody has it."""
    try:
        place.mkdir(mode=0o700)
        (place / _OWNER).write_text(str(os.getpid()))
    except OSError:
        return False
    return True


def _forget_abandoned(place: Path) -> None:
    """Remove a folder of ours whose process was killed."""
    try:
        if os.name == "nt" or place.is_symlink() or place.stat().st_uid != os.getuid():
            return
        os.kill(int((place / _OWNER).read_text()), 0)
    except ProcessLookupError:
        shutil.rmtree(place, ignore_errors=True)
    except (OSError, ValueError):
        return
