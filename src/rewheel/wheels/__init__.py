"""Wheel files: safe reading, RECORD, reproducible writing, and turning wheels into variants and back."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.wheels.archive import Archive
    from rewheel.wheels.directory import Limits, Member
    from rewheel.wheels.errors import (
        AlreadyVariant,
        InvalidArchive,
        InvalidRecord,
        InvalidWheel,
        UnreadableFile,
        UnsupportedWheel,
        VariantMarkers,
        VariantMismatch,
        WheelsError,
    )
    from rewheel.wheels.headers import WheelInfo
    from rewheel.wheels.record import RecordEntry, digest_of, encode_digest, format_record, parse_record
    from rewheel.wheels.source import ByteSource, FileSource
    from rewheel.wheels.wheel import Wheel

_HOMES = {
    "AlreadyVariant": "errors",
    "Archive": "archive",
    "ByteSource": "source",
    "FileSource": "source",
    "InvalidArchive": "errors",
    "InvalidRecord": "errors",
    "InvalidWheel": "errors",
    "Limits": "directory",
    "Member": "directory",
    "RecordEntry": "record",
    "UnreadableFile": "errors",
    "UnsupportedWheel": "errors",
    "VariantMarkers": "errors",
    "VariantMismatch": "errors",
    "Wheel": "wheel",
    "WheelInfo": "headers",
    "WheelsError": "errors",
    "digest_of": "record",
    "encode_digest": "record",
    "format_record": "record",
    "parse_record": "record",
}

__all__ = [
    "AlreadyVariant",
    "Archive",
    "ByteSource",
    "FileSource",
    "InvalidArchive",
    "InvalidRecord",
    "InvalidWheel",
    "Limits",
    "Member",
    "RecordEntry",
    "UnreadableFile",
    "UnsupportedWheel",
    "VariantMarkers",
    "VariantMismatch",
    "Wheel",
    "WheelInfo",
    "WheelsError",
    "digest_of",
    "encode_digest",
    "format_record",
    "parse_record",
]


def __getattr__(name: str) -> object:
    """Load the module of a public name when the name is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{home}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
