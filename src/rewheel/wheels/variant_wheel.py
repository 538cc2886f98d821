"""Making a variant of a plain wheel without building it again, and a plain wheel of a variant."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rewheel.variants import (
    NULL_LABEL,
    Dialect,
    DocumentKind,
    Finding,
    InvalidMetadata,
    VariantMetadata,
    check_label,
    check_metadata,
    write_metadata,
)
from rewheel.wheels.archive import Archive
from rewheel.wheels.errors import (
    AlreadyVariant,
    InvalidRecord,
    NotAVariant,
    VariantMarkers,
    WheelExists,
    WheelsError,
)
from rewheel.wheels.inflate import checksum
from rewheel.wheels.plain_metadata import settle_variant_markers
from rewheel.wheels.record import SIGNATURES, RecordEntry, format_record, parse_record
from rewheel.wheels.verification import checked_record
from rewheel.wheels.wheel import VARIANT_FILE, Wheel
from rewheel.wheels.writing import ArchiveWriter, replacing

__all__ = ["make_variant", "unmake_variant"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class _Edit(NamedTuple):
    """What becomes of a wheel's members: dropped, added just before RECORD, or changed in place."""

    dropped: frozenset[str]
    added: Mapping[str, bytes] = MappingProxyType({})
    changed: Mapping[str, bytes] = MappingProxyType({})


def make_variant(
    wheel: Path,
    *,
    metadata: VariantMetadata,
    label: str,
    output: Path,
    replace: bool = False,
    dialect: Dialect | None = None,
    epoch: int | None = None,
) -> Path:
    """Write the variant `label` of a wheel into the folder `output` and return its path (PEP 825).

    All files of the wheel are kept as they are. `variant.json` holds that one label of `metadata`, in PEP
    850's dialect if there are providers, else in PEP 825's, unless `dialect` says. The same arguments give
    the same bytes; `epoch` is the time of all files, in seconds since 1970, by default that of 1980-01-01.

    Before anything is written this raises `AlreadyVariant` when the wheel has a label and `replace` is not
    set, `InvalidLabel`, `UnknownLabel` or `InvalidMetadata` when the metadata must not be published, and
    `InvalidWheel` or `InvalidFilename` when the wheel is broken.
    """
    check_label(label)
    document = _document(metadata, label, dialect)
    with Wheel.open(wheel) as source:
        if source.label and not replace:
            raise AlreadyVariant(
                f"{source.filename} is the variant {source.label!r} already",
                hint="ask for its label to be replaced",
            )
        source.wheel_info()
        source.metadata_text()
        edit = _Edit(_obsolete(source), added={source.info_path(VARIANT_FILE): document})
        return _rewrite(source, edit, output / str(source.filename.with_label(label)), epoch)


def unmake_variant(
    wheel: Path, *, output: Path, resolve_markers: bool = False, epoch: int | None = None
) -> Path:
    """Write the plain wheel of a variant into the folder `output` and return its path.

    This undoes `make_variant`, apart from signatures and times. Dependencies with variant markers are
    refused with `VariantMarkers`, or with `resolve_markers` settled to what they mean for a plain wheel.
    Raises `NotAVariant` for a plain wheel, `InvalidWheel` or `InvalidFilename` for a broken one, and
    `WheelExists` when the plain wheel is there already and holds anything else.
    """
    with Wheel.open(wheel) as source:
        if not source.label and not source.has_info(VARIANT_FILE):
            raise NotAVariant(f"{source.filename} is a plain wheel already")
        source.wheel_info()
        metadata, settled = settle_variant_markers(source.metadata_text(), str(source.filename))
        if settled and not resolve_markers:
            shown = ", ".join(settled[:3]) + (f" and {len(settled) - 3} more" if len(settled) > 3 else "")
            raise VariantMarkers(
                str(source.filename),
                f"its dependencies have variant markers: {shown}",
                hint="ask for the markers to be resolved",
            )
        edit = _Edit(_obsolete(source), changed={source.info_path("METADATA"): metadata} if settled else {})
        target = output / str(source.filename.with_label(""))
        if target.exists() and _summary(target) != _outcome(source, edit):
            raise WheelExists(str(target))  # ordinary builds have such names: it may be the only copy of one
        return _rewrite(source, edit, target, epoch)


def _document(metadata: VariantMetadata, label: str, dialect: Dialect | None) -> bytes:
    """Return the `variant.json` of one label; raises `UnknownLabel` and `InvalidMetadata`."""
    if metadata.variants.get(NULL_LABEL):
        finding = Finding(
            "null-properties", f"variants.{NULL_LABEL}", "it must not have properties", fatal=True
        )
        raise InvalidMetadata([finding])
    text = write_metadata(metadata.select(label), dialect=dialect)
    findings = check_metadata(text, kind=DocumentKind.WHEEL, label=label)
    if any(finding.fatal for finding in findings):
        raise InvalidMetadata(findings)
    return text.encode("utf-8")


def _obsolete(source: Wheel) -> frozenset[str]:
    """Return the members that no longer hold for a wheel with another label."""
    return frozenset(source.info_path(name) for name in (VARIANT_FILE, *SIGNATURES))


def _summary(path: Path) -> dict[str, tuple[int, int]]:
    """Return size and checksum of every member of a wheel, nothing if there is no wheel at `path`."""
    try:
        with Archive.open(path) as archive:
            return {name: (member.size, member.crc) for name, member in archive.members.items()}
    except WheelsError:
        return {}


def _outcome(source: Wheel, edit: _Edit) -> dict[str, tuple[int, int]]:
    """Return size and checksum of every member that `_rewrite` would write."""
    record_path = source.info_path("RECORD")
    fresh = {**edit.added, **edit.changed, record_path: _edited_record(source, record_path, edit)}
    members = source.archive.members.items()
    copied = {name: (member.size, member.crc) for name, member in members if name not in edit.dropped}
    return copied | {name: (len(content), checksum(content)) for name, content in fresh.items()}


def _rewrite(source: Wheel, edit: _Edit, target: Path, epoch: int | None) -> Path:
    """Copy a wheel to `target` with some changes, and close it."""
    checked_record(source)
    record_path = source.info_path("RECORD")
    record = _edited_record(source, record_path, edit)
    with replacing(target) as file:
        writer = ArchiveWriter(file, epoch=epoch)
        for name, member in source.archive.members.items():
            if name == record_path:
                for path, content in edit.added.items():
                    writer.add(path, content)
                writer.add(name, record, mode=member.mode)
            elif name in edit.changed:
                writer.add(name, edit.changed[name], mode=member.mode)
            elif name not in edit.dropped:
                writer.copy(source.archive, member)
        writer.finish()
        source.close()  # some systems do not let a mapped file be replaced
    return target


def _edited_record(source: Wheel, record_path: str, edit: _Edit) -> bytes:
    """Return RECORD with rows dropped, added before its own and changed; all other rows stay as they are."""
    content = source.read_info("RECORD") or b""
    text = content.decode("utf-8")
    lines = _LINE.findall(text)
    rows = [parse_record(line, str(source.filename)) for line in lines]
    if sum(map(len, rows)) != len(source.record()):
        raise InvalidRecord(str(source.filename), "RECORD has rows of several lines")
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    fresh = "".join(_row(path, data, end) for path, data in edit.added.items())
    kept: list[str] = []
    for line, row in zip(lines, rows, strict=True):
        path = row[0].path if row else ""
        if path in edit.dropped:
            continue
        if path == record_path:
            kept.append(fresh)
            fresh = ""
        kept.append(_row(path, edit.changed[path], end) if path in edit.changed else line)
    if fresh:  # RECORD does not list itself
        if kept and not kept[-1].endswith(("\n", "\r")):
            kept.append(end)
        kept.append(fresh)
    return "".join(kept).encode("utf-8")


def _row(path: str, content: bytes, end: str) -> str:
    return format_record([RecordEntry.of(path, content)]).removesuffix("\n") + end
