"""The scenes of the demo: one index, four machines, and the real commands."""

from collections.abc import Callable
from typing import NamedTuple

from rewheel.demo.machine_files import MACHINES
from rewheel.demo.recipe import NUMPY, TORCH
from rewheel.demo.session import Session

__all__ = ["SCENES", "Scene"]


class Scene(NamedTuple):
    """Something to show: a title, what is to be seen, and the commands that show it."""

    title: str
    story: tuple[str, ...]
    play: Callable[[Session, str], None]


def _this_machine(session: Session, index_url: str) -> None:
    session.create_environment()
    session.rewheel("install", NUMPY, "--index-url", index_url)
    session.python("import numpy; print('imported numpy', numpy.__version__)")
    session.rewheel("list")


def _install_for(machine: str, project: str) -> Callable[[Session, str], None]:
    """Install for the machine of a file, into a folder of its own that could be copied there."""

    def play(session: Session, index_url: str) -> None:
        place = ("--machine", f"{machine}.toml", "--target", machine)
        session.rewheel("install", project, *place, "--index-url", index_url)

    return play


def _matrix(session: Session, index_url: str) -> None:
    machines = [word for name in MACHINES for word in ("--machine", name)]
    session.rewheel("explain", NUMPY, *machines, "--index-url", index_url)


SCENES = (
    Scene(
        "1. This machine",
        ("numpy goes into a fresh virtual environment; the wheel fits this processor.",),
        _this_machine,
    ),
    Scene(
        "2. An Arm server",
        (
            "The same index, but for a machine that a file describes: Linux on Armv8.2-A. What it needs is",
            "put into a folder that could be copied there.",
        ),
        _install_for("arm", NUMPY),
    ),
    Scene(
        "3. A machine with an NVIDIA GPU",
        (
            "Its driver knows CUDA 12.8. The torch of this index is a stand-in: real metadata, a few bytes",
            "instead of gigabytes.",
        ),
        _install_for("cuda", TORCH),
    ),
    Scene(
        "4. A machine without a GPU",
        ("No variant of torch fits, so the plain wheel, for the processor alone, is taken.",),
        _install_for("nogpu", TORCH),
    ),
    Scene(
        "And all machines at once",
        ("Which wheel of numpy would each of these machines get?",),
        _matrix,
    ),
)
