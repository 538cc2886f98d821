"""Wheel files: safe reading, RECORD, reproducible writing, turning wheels into variants and rims."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.wheels.archive import Archive
    from rewheel.wheels.directory import Limits, Member
    from rewheel.wheels.errors import (
        AlreadyVariant,
        InvalidArchive,
        InvalidRecord,
        InvalidRim,
        InvalidWheel,
        NotAVariant,
        UnreadableFile,
        UnsupportedWheel,
        VariantMarkers,
        VariantMismatch,
        WheelExists,
        WheelsError,
    )
    from rewheel.wheels.external import ExternalHosting
    from rewheel.wheels.headers import WheelInfo
    from rewheel.wheels.plain_metadata import settle_variant_markers
    from rewheel.wheels.record import RecordEntry, digest_of, encode_digest, format_record, parse_record
    from rewheel.wheels.rim import Rim, dismount, rim_name, wheel_name
    from rewheel.wheels.source import ByteSource, BytesSource, FileSource
    from rewheel.wheels.tidying import tidy_wheel
    from rewheel.wheels.variant_wheel import make_variant, relabel_variant, unmake_variant
    from rewheel.wheels.verification import checked_record, verify
    from rewheel.wheels.wheel import Wheel
    from rewheel.wheels.writing import ArchiveWriter, replacing

_HOMES = {
    "AlreadyVariant": "errors",
    "Archive": "archive",
    "ArchiveWriter": "writing",
    "ByteSource": "source",
    "BytesSource": "source",
    "ExternalHosting": "external",
    "FileSource": "source",
    "InvalidArchive": "errors",
    "InvalidRecord": "errors",
    "InvalidRim": "errors",
    "InvalidWheel": "errors",
    "Limits": "directory",
    "Member": "directory",
    "NotAVariant": "errors",
    "RecordEntry": "record",
    "Rim": "rim",
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
    "dismount": "rim",
    "encode_digest": "record",
    "format_record": "record",
    "make_variant": "variant_wheel",
    "parse_record": "record",
    "relabel_variant": "variant_wheel",
    "replacing": "writing",
    "rim_name": "rim",
    "settle_variant_markers": "plain_metadata",
    "tidy_wheel": "tidying",
    "unmake_variant": "variant_wheel",
    "verify": "verification",
    "wheel_name": "rim",
}

__all__ = [
    "AlreadyVariant",
    "Archive",
    "ArchiveWriter",
    "ByteSource",
    "BytesSource",
    "ExternalHosting",
    "FileSource",
    "InvalidArchive",
    "InvalidRecord",
    "InvalidRim",
    "InvalidWheel",
    "Limits",
    "Member",
    "NotAVariant",
    "RecordEntry",
    "Rim",
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
    "dismount",
    "encode_digest",
    "format_record",
    "make_variant",
    "parse_record",
    "relabel_variant",
    "replacing",
    "rim_name",
    "settle_variant_markers",
    "tidy_wheel",
    "unmake_variant",
    "verify",
    "wheel_name",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
