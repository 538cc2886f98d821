"""Making a variant of a plain wheel without building it again, and a plain wheel of a variant."""

from collections.abc import Callable
from pathlib import Path

from rewheel.errors import RewheelError
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
from rewheel.wheels.errors import AlreadyVariant, InvalidWheel, NotAVariant, VariantMarkers, WheelExists
from rewheel.wheels.plain_metadata import settle_variant_markers
from rewheel.wheels.record import SIGNATURES
from rewheel.wheels.rewriting import Edit, outcome, rewrite, summary
from rewheel.wheels.wheel import VARIANT_FILE, Wheel

__all__ = ["EditMetadata", "make_variant", "relabel_variant", "unmake_variant"]

EditMetadata = Callable[[bytes], bytes]
"""Makes the METADATA of a new wheel from that of the old."""


def make_variant(
    wheel: Path,
    *,
    metadata: VariantMetadata,
    label: str,
    output: Path,
    replace: bool = False,
    dialect: Dialect | None = None,
    edit: EditMetadata | None = None,
    epoch: int | None = None,
) -> Path:
    """Write the variant `label` of a wheel into the folder `output` and return its path (PEP 825).

    All files of the wheel are kept as they are, but for METADATA where `edit` changes it. `variant.json`
    holds that one label of `metadata`, in PEP 850's dialect if there are providers, else in PEP 825's, unless
    `dialect` says. The same arguments give the same bytes; `epoch` is the time of all files, in seconds since
    1970, by default that of 1980-01-01.

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
        changed = _changed(source, _edited(source, edit))
        change = Edit(_obsolete(source), added={source.info_path(VARIANT_FILE): document}, changed=changed)
        return rewrite(source, change, output / str(source.filename.with_label(label)), epoch)


def relabel_variant(
    wheel: Path, *, label: str, output: Path, edit: EditMetadata | None = None, epoch: int | None = None
) -> Path:
    """Write a variant again under another label, with its properties and providers; return its path.

    Raises `NotAVariant` for a plain wheel, and what `make_variant` raises.
    """
    with Wheel.open(wheel) as source:
        if not source.label:
            raise NotAVariant(f"{source.filename} is a plain wheel", hint="give it properties with -p")
        old = source.variant_metadata()
        properties = old.properties_of(source.label)
        assert properties is not None  # or it would not be that of the label
    metadata = old.with_variants({check_label(label): properties})
    return make_variant(
        wheel, metadata=metadata, label=label, output=output, replace=True, edit=edit, epoch=epoch
    )


def unmake_variant(
    wheel: Path,
    *,
    output: Path,
    resolve_markers: bool = False,
    edit: EditMetadata | None = None,
    epoch: int | None = None,
) -> Path:
    """Write the plain wheel of a variant into the folder `output` and return its path.

    This undoes `make_variant`, apart from signatures and times; `edit` changes METADATA. Dependencies with
    variant markers are refused with `VariantMarkers`, or with `resolve_markers` settled to what they mean for
    a plain wheel.
    Raises `NotAVariant` for a plain wheel, `InvalidWheel` or `InvalidFilename` for a broken one, and
    `WheelExists` when the plain wheel is there already and holds anything else.
    """
    with Wheel.open(wheel) as source:
        if not source.label and not source.has_info(VARIANT_FILE):
            raise NotAVariant(f"{source.filename} is a plain wheel already")
        source.wheel_info()
        metadata, settled = settle_variant_markers(_edited(source, edit), str(source.filename))
        if settled and not resolve_markers:
            shown = ", ".join(settled[:3]) + (f" and {len(settled) - 3} more" if len(settled) > 3 else "")
            raise VariantMarkers(
                str(source.filename),
                f"its dependencies have variant markers: {shown}",
                hint="ask for the markers to be resolved",
            )
        change = Edit(_obsolete(source), changed=_changed(source, metadata))
        target = output / str(source.filename.with_label(""))
        if target.exists() and summary(target) != outcome(source, change):
            raise WheelExists(str(target))  # ordinary builds have such names: it may be the only copy of one
        return rewrite(source, change, target, epoch)


def _edited(source: Wheel, edit: EditMetadata | None) -> bytes:
    """Return METADATA as it is to be; raises `InvalidWheel` if it cannot be changed so."""
    content = source.metadata_text()
    if edit is None:
        return content
    try:
        return edit(content)
    except RewheelError as error:
        raise InvalidWheel(str(source.filename), f"its METADATA: {error}") from error


def _changed(source: Wheel, metadata: bytes) -> dict[str, bytes]:
    path = source.info_path("METADATA")
    return {path: metadata} if metadata != source.archive.read(path) else {}


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
