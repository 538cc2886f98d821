"""Wheel files: safe reading, RECORD, reproducible writing, and turning wheels into variants and back."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.wheels.archive import Archive
    from rewheel.wheels.directory import Limits, Member
    from rewheel.wheels.errors import (
        AlreadyVariant,
        InvalidArchive,
        InvalidRecord,
        InvalidWheel,
        NotAVariant,
        UnreadableFile,
        UnsupportedWheel,
        VariantMarkers,
        VariantMismatch,
        WheelExists,
        WheelsError,
    )
    from rewheel.wheels.headers import WheelInfo
    from rewheel.wheels.record import RecordEntry, digest_of, encode_digest, format_record, parse_record
    from rewheel.wheels.source import ByteSource, FileSource
    from rewheel.wheels.variant_wheel import make_variant, unmake_variant
    from rewheel.wheels.verification import checked_record, verify
    from rewheel.wheels.wheel import Wheel
    from rewheel.wheels.writing import ArchiveWriter, replacing

_HOMES = {
    "AlreadyVariant": "errors",
    "Archive": "archive",
    "ArchiveWriter": "writing",
    "ByteSource": "source",
    "FileSource": "source",
    "InvalidArchive": "errors",
    "InvalidRecord": "errors",
    "InvalidWheel": "errors",
    "Limits": "directory",
    "Member": "directory",
    "NotAVariant": "errors",
    "RecordEntry": "record",
    "UnreadableFile": "errors",
    "UnsupportedWheel": "errors",
    "VariantMarkers": "errors",
    "VariantMismatch": "errors",
    "Wheel": "wheel",
    "WheelExists": "errors",
    "WheelInfo": "headers",
    "WheelsError": "errors",
    "checked_record": "verification",
    "digest_of": "record",
    "encode_digest": "record",
    "format_record": "record",
    "make_variant": "variant_wheel",
    "parse_record": "record",
    "replacing": "writing",
    "unmake_variant": "variant_wheel",
    "verify": "verification",
}

__all__ = [
    "AlreadyVariant",
    "Archive",
    "ArchiveWriter",
    "ByteSource",
    "FileSource",
    "InvalidArchive",
    "InvalidRecord",
    "InvalidWheel",
    "Limits",
    "Member",
    "NotAVariant",
    "RecordEntry",
    "UnreadableFile",
    "UnsupportedWheel",
    "VariantMarkers",
    "VariantMismatch",
    "Wheel",
    "WheelExists",
    "WheelInfo",
    "WheelsError",
    "checked_record",
    "digest_of",
    "encode_digest",
    "format_record",
    "make_variant",
    "parse_record",
    "replacing",
    "unmake_variant",
    "verify",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
