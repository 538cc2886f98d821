"""What is to change in an environment, and what did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewheel.environments import InstalledDistribution
from rewheel.rows import NamedTuple
from rewheel.values import frozen
from rewheel.variants import WheelFilename

__all__ = ["Changed", "InstallItem", "Plan", "Report"]


@frozen
class InstallItem:
    """One wheel that is to be installed."""

    filename: WheelFilename
    sha256: str = ""
    """Of the wheel, in hexadecimal; "" takes whatever `wheel` is."""
    wheel: Path | None = None
    """The file, which is not needed when the store has it unpacked."""
    requested: bool = False
    """Whether it was asked for by name."""
    direct_url: Mapping[str, Any] | None = None
    """Where it came from if not from an index (PEP 610)."""
    extras: frozenset[str] = frozenset()


@frozen
class Plan:
    """A change to an environment.

    Whatever is installed of a project in `install` is removed without being in `remove`.
    """

    install: tuple[InstallItem, ...] = ()
    remove: tuple[InstalledDistribution, ...] = ()


class Changed(NamedTuple):
    """One distribution that came, went or was replaced; labels are "" for plain wheels."""

    project: str
    version: str
    label: str = ""
    previous_version: str = ""
    """What it replaced, or ""."""
    previous_label: str = ""


@frozen
class Report:
    """What was changed."""

    installed: tuple[Changed, ...] = ()
    removed: tuple[Changed, ...] = ()
    files: int = 0
    """How many files were put into the environment."""
    link_mode: str = ""
    """How they got there; "" when none did."""
