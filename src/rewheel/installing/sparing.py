"""Making spares, in a process of its own that nobody waits for.

It runs at the lowest priority, belongs to no terminal and may be killed: a spare counts when its mark is
there, and what was begun lies in a workplace of the store, which is swept up. Nothing that it fails at
concerns anybody.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rewheel.installing.bytecode import bytecode_folders, has_bytecode
from rewheel.installing.composing import without_traces
from rewheel.installing.errors import InstallingError
from rewheel.installing.linking import Linker, LinkMode
from rewheel.installing.spares import mark_of, spare_of
from rewheel.installing.store import Store, StoredWheel

__all__ = ["main", "make_later", "make_spare"]

_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from rewheel.installing.sparing import main
main(sys.argv[2:])
"""


def make_later(wheels: Sequence[StoredWheel], store: Store, tag: str) -> None:
    """Let an idle process make the spares that wheels with this form of bytecode lack."""
    lacking = [
        wheel.sha256
        for wheel in wheels
        if has_bytecode(wheel, tag) and not os.path.exists(mark_of(wheel, tag))  # noqa: PTH110
    ]
    if not lacking or not hasattr(os, "posix_spawn") or not sys.executable:
        return
    home = str(Path(__file__).parents[2])
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, home, str(store.cache_dir), tag, *lacking]
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    try:
        os.posix_spawn(command[0], command, os.environ, file_actions=nothing, setsid=True)
    except (OSError, NotImplementedError, ValueError):
        return


def main(arguments: Sequence[str]) -> None:
    """Make spares: the arguments are the cache folder, the form of bytecode, and the wheels' digests."""
    from rewheel.installing.compiler import yield_to_others

    yield_to_others()
    cache, tag, *digests = arguments
    store = Store(Path(cache))
    os.chdir(store.root)  # so that no other folder is kept in use
    for sha256 in digests:
        wheel = store.get(sha256)
        if wheel is not None:
            try:
                make_spare(wheel, store, tag)
            except (OSError, InstallingError):
                continue


def make_spare(wheel: StoredWheel, store: Store, tag: str) -> None:
    """Link a wheel's files and their bytecode of that form, as an environment gets them, unless that is done.

    Raises OSError, or DamagedEntry if the store's files have changed.
    """
    spare, mark = Path(spare_of(wheel, tag)), Path(mark_of(wheel, tag))
    if mark.exists():
        return
    manifest, linker = wheel.manifest, Linker(LinkMode.HARDLINK)
    scripts = f"{manifest.data_dir}/scripts"
    with store.workplace() as workplace:
        fresh = workplace / "spare"
        fresh.mkdir()
        for folder, files in manifest.folders.items():
            if folder == manifest.dist_info:
                files = without_traces(files)  # noqa: PLW2901
            if folder != scripts and not folder.startswith(f"{scripts}/"):
                (fresh / folder).mkdir(parents=True, exist_ok=True)
                linker.fill(wheel, folder, files, str(fresh / folder))
        origin, bytecode = bytecode_folders(wheel, tag, {})
        for folder, files in bytecode.items():
            there = fresh / folder / "__pycache__"
            there.mkdir(parents=True, exist_ok=True)
            linker.fill(origin, folder, files, str(there))
        spare.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            spare.rename(workplace / "left")  # what somebody who took it did not need
        fresh.rename(spare)
        mark.touch()
