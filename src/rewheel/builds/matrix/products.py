"""What comes of building a project for several labels and interpreters."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rewheel.errors import RewheelError

__all__ = ["Outcome", "Product"]


class Outcome(StrEnum):
    """What became of something that was to be built."""

    BUILT = "built"
    KEPT = "kept"  # an earlier run made it of the same inputs
    FAILED = "failed"
    SKIPPED = "skipped"  # not for this Python, by its recipe


@dataclass(frozen=True, slots=True)
class Product:
    """A wheel, or the source distribution, and what became of it."""

    name: str
    """The label; `plain` or `sdist` in parentheses for what has none."""
    outcome: Outcome
    python: str = ""
    """The version of Python that it was built with; empty for a source distribution."""
    path: Path | None = None
    error: RewheelError | None = None
    log: Path | None = None
