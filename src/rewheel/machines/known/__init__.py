"""Computers that many people have, each as a machine file, to say who would get what of a release.

The files beside this module are what our detectors say on such computers. `tests/machines/known_recipes.py`
writes them, and a test holds them to what the detectors say today.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from rewheel.machines.machine import Machine
from rewheel.machines.machine_file import read_machine_file

__all__ = ["KnownMachine", "known_machines"]


class KnownMachine(NamedTuple):
    """A common computer: a name to ask for it by, a title for people, and what it supports."""

    name: str
    title: str
    """Such as "CUDA 12.8, H100": what such machines share first, then what sets this one apart."""
    machine: Machine


@cache
def known_machines() -> tuple[KnownMachine, ...]:
    """Return the known machines: processors first, then accelerators, sorted by name within."""
    paths = sorted(Path(__file__).parent.glob("*.toml"), key=_place)
    machines = [(path.stem, read_machine_file(path, {})) for path in paths]
    return tuple(KnownMachine(name, machine.name, machine) for name, machine in machines)


_PROCESSORS = ("linux-x86_64", "linux-musl", "windows", "linux-aarch64", "macos")
_ACCELERATORS = ("cuda", "rocm", "intel", "tpu", "ascend")


def _place(path: Path) -> tuple[int, str]:
    kinds = (*_PROCESSORS, *_ACCELERATORS)
    return next((i for i, kind in enumerate(kinds) if path.stem.startswith(kind)), len(kinds)), path.stem
