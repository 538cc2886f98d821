"""Making a backend's wheel the same for everybody who builds it: times, permissions, changed METADATA."""

from collections.abc import Callable
from pathlib import Path

from rewheel.errors import RewheelError
from rewheel.wheels.errors import AlreadyVariant, InvalidWheel
from rewheel.wheels.record import SIGNATURES
from rewheel.wheels.rewriting import Edit, rewrite
from rewheel.wheels.wheel import Wheel

__all__ = ["tidy_wheel"]


def tidy_wheel(
    wheel: Path,
    *,
    output: Path,
    metadata: Callable[[bytes], bytes] | None = None,
    epoch: int | None = None,
) -> Path:
    """Write a plain wheel again into the folder `output`, under its own name, and return its path.

    Every member gets the same time (`epoch`, in seconds since 1970) and no permission but to be read or,
    where it was so, executed; `metadata` makes the METADATA of the new wheel from that of the old. Raises
    `AlreadyVariant` for a variant, and `InvalidWheel` or `InvalidFilename` for a broken wheel.
    """
    with Wheel.open(wheel) as source:
        if source.label:
            raise AlreadyVariant(f"{source.filename} is the variant {source.label!r} already")
        source.wheel_info()
        old = source.metadata_text()
        try:
            new = old if metadata is None else metadata(old)
        except RewheelError as error:
            raise InvalidWheel(str(source.filename), f"its METADATA: {error}") from error
        edit = Edit(
            frozenset(map(source.info_path, SIGNATURES)) if new != old else frozenset(),
            changed={source.info_path("METADATA"): new} if new != old else {},
            plain_modes=True,
        )
        return rewrite(source, edit, output / str(source.filename), epoch)
