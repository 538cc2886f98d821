"""Whether the files of an installed distribution are what its RECORD says."""

import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rewheel.environments.installed import InstalledDistribution
    from rewheel.wheels import RecordEntry

__all__ = ["Damage", "DamagedFile", "damaged_files"]

_BLOCK = 1 << 20


class Damage(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    SIZE = "size"
    HASH = "hash"


class DamagedFile(NamedTuple):
    """A file that is not what RECORD says; `path` is as RECORD writes it."""

    path: str
    damage: Damage


def damaged_files(distribution: "InstalledDistribution", *, read: bool = False) -> Iterator[DamagedFile]:
    """Compare files with RECORD: that they are there, and their sizes; with `read` also their hashes.

    Bytecode that is gone is made again, so it does not count. Raises DamagedDistribution when there is no
    RECORD to compare with; an old egg-info never has one and is taken as it is.
    """
    if distribution.is_egg:
        return
    folder = distribution.path.parent
    for entry in distribution.record():
        damage = _damage(folder / entry.path, entry, read=read)
        if damage is not None:
            yield DamagedFile(entry.path, damage)


def _damage(path: Path, entry: "RecordEntry", *, read: bool) -> Damage | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None if entry.path.endswith(".pyc") else Damage.MISSING
    except (OSError, ValueError):  # a name that no file can have
        return Damage.UNREADABLE
    if not stat.S_ISREG(status.st_mode):
        return Damage.MISSING
    if entry.size is not None and entry.size != status.st_size:
        return Damage.SIZE
    if not read or not entry.is_strong:
        return None
    state = entry.hasher()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                state.update(block)
    except OSError:
        return Damage.UNREADABLE
    return Damage.HASH if entry.disagreement(state.digest(), status.st_size) else None
