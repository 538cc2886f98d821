"""What can be wrong with a wheel.

WheelsError
    UnreadableFile          the file cannot be opened or read at all
    WheelExists             another wheel of the output's name is there already
    AlreadyVariant          the wheel has a label and replacing it was not asked for
    NotAVariant             there is nothing to take away from a plain wheel
    InvalidWheel            the file breaks the wheel format (also a ValueError)
        InvalidArchive      ... as a zip archive
        InvalidRecord       ... in its RECORD
        UnsupportedWheel    ... because it is of a newer format than this tool knows
        VariantMismatch     ... because label, `variant.json` and index do not agree
        VariantMarkers      ... because a plain wheel would keep variant markers
        InvalidRim          ... as the metadata of a wheel that lies elsewhere
"""

from rewheel.errors import RewheelError

__all__ = [
    "AlreadyVariant",
    "InvalidArchive",
    "InvalidRecord",
    "InvalidRim",
    "InvalidWheel",
    "NotAVariant",
    "UnreadableFile",
    "UnsupportedWheel",
    "VariantMarkers",
    "VariantMismatch",
    "WheelExists",
    "WheelsError",
]


class WheelsError(RewheelError):
    """Something about a wheel file went wrong."""


class UnreadableFile(WheelsError):
    """The operating system does not let us open, read or write a file."""

    def __init__(self, path: str, reason: str, *, action: str = "read") -> None:
        super().__init__(f"cannot {action} {path}: {reason}")
        self.path = path
        self.reason = reason


class WheelExists(WheelsError):
    """A wheel with other content has the name that was to be written."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is there already, with other content", hint="write to another folder")
        self.path = path


class AlreadyVariant(WheelsError):
    """The wheel has a label already, and replacing it was not asked for."""


class NotAVariant(WheelsError):
    """The wheel is a plain one, although a variant was needed."""


class InvalidWheel(WheelsError, ValueError):
    """The file is not a wheel that may be used; `wheel` is its name, `reason` says why."""

    def __init__(self, wheel: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{wheel}: {reason}", hint=hint)
        self.wheel = wheel
        self.reason = reason


class InvalidArchive(InvalidWheel):
    """The file is not a zip archive, or not one that is safe to read."""


class InvalidRecord(InvalidWheel):
    """RECORD cannot be parsed, or does not agree with the files of the wheel."""


class UnsupportedWheel(InvalidWheel):
    """The wheel is of a format version that this tool does not know."""


class VariantMismatch(InvalidWheel):
    """The filename's label, `variant.json` and what the index says do not agree."""


class VariantMarkers(InvalidWheel):
    """The wheel's dependencies use variant markers, which a plain wheel must not have."""


class InvalidRim(InvalidWheel):
    """A `.rim` file that must not be used (PEP 759), or that cannot be made."""
