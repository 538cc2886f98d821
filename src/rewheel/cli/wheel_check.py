"""Everything that is wrong with one wheel file or rim, as a list that is empty when nothing is."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewheel.variants import Finding

__all__ = ["check_wheel"]


def check_wheel(path: Path) -> "list[Finding]":
    """Read a wheel or a rim from end to end; a file that is neither gives one fatal finding."""
    from rewheel.errors import RewheelError
    from rewheel.variants import Finding
    from rewheel.wheels import Rim, Wheel, verify

    try:
        if path.suffix == ".rim":
            Rim.open(path).close()
            return []
        with Wheel.open(path) as wheel:
            return list(verify(wheel))
    except RewheelError as error:
        reason = str(getattr(error, "reason", error.message))
        return [Finding("rim" if path.suffix == ".rim" else "wheel", "", reason, fatal=True)]
