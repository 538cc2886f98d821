"""What is in an uploaded file, checked as `rewheel release check` checks it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from rewheel.metadata import CoreMetadata, InvalidCoreMetadata
from rewheel.publishing import Finding, SdistEntry, WheelEntry, check_file
from rewheel.publishing.findings import Collector
from rewheel.publishing.property_checks import check_properties
from rewheel.publishing.wheel_checks import check_dependencies
from rewheel.server.catalog.files import NewFile
from rewheel.server.catalog.releases import Description
from rewheel.server.catalog.tokens import Identity
from rewheel.server.catalog.versions import sort_key
from rewheel.server.errors import Refused
from rewheel.server.intake.spooling import Spooled
from rewheel.variants import InvalidFilename, write_metadata
from rewheel.wheels import BytesSource, ExternalHosting, Rim, WheelsError, rim_name

__all__ = ["RIM", "SDIST", "WHEEL", "Inspected", "describe", "inspect", "is_distribution"]

WHEEL = "wheel"
SDIST = "sdist"
RIM = "rim"

_SHOWN = (
    "author", "author-email", "maintainer", "maintainer-email", "license", "license-expression",
    "license-file", "keywords", "classifier", "project-url", "home-page", "requires-dist",
    "provides-extra", "default-extra",
)  # fmt: skip
"""Fields of the core metadata that pages show besides the summary."""

_FEW = 20
"""Findings that one refusal lists; more would not help anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A file that is fit to be published, and everything that the catalog wants to know of it."""

    spooled: Spooled
    filename: str
    """As pages list it: of a rim (PEP 759) the name of its wheel."""
    kind: str
    project: str
    """The normalised name."""
    display_name: str
    """The name as the metadata has it."""
    version: str
    sort_key: str
    requires_python: str
    metadata: bytes | None
    """The METADATA of a wheel, to be served on its own (PEP 658)."""
    label: str
    variant_json: str | None
    description: Description
    notes: tuple[str, ...] = ()
    """What its maintainer should know although it is no reason to refuse the file."""
    hosting: ExternalHosting | None = None
    """Where the wheel lies, of which this is the rim."""
    provenance: str = ""
    """The provenance object of its attestations, which are verified (PEP 740)."""

    @property
    def uploaded_name(self) -> str:
        """The name under which the file itself was sent."""
        return rim_name(self.filename) if self.hosting is not None else self.filename

    @property
    def listed_sha256(self) -> str:
        """The hash that pages give: of a rim that of its wheel."""
        return self.hosting.hashes["sha256"] if self.hosting is not None else self.spooled.sha256

    def as_file(self, *, by: Identity | None = None, organisation_id: int | None = None) -> NewFile:
        """Return the file for the catalog; `organisation_id` says who hosts a wheel that lies elsewhere."""
        place = self.hosting
        return NewFile(
            filename=self.filename,
            kind=self.kind,
            sha256=self.listed_sha256,
            size=place.size if place is not None else self.spooled.size,
            hashes=dict(place.hashes) if place is not None else {"sha256": self.spooled.sha256},
            external_url=place.uri if place is not None else None,
            rim_sha256=self.spooled.sha256 if place is not None else None,
            organisation_id=organisation_id,
            requires_python=self.requires_python,
            metadata_sha256=hashlib.sha256(self.metadata).hexdigest() if self.metadata is not None else None,
            label=self.label,
            variant_json=self.variant_json,
            provenance=self.provenance,
            uploader_id=by.account_id if by is not None else None,
        )


def inspect(spooled: Spooled, *, content: bool = True, allow_http: bool = False) -> Inspected:
    """Look into a file; raises Refused (400) with everything that is wrong with it.

    Without `content` the files inside a wheel are not compared with their hashes. `allow_http` lets rims
    name wheels that are not fetched over https.
    """
    name = spooled.path.name
    if name.endswith(".rim"):
        return _rim(spooled, allow_http=allow_http)
    report = (
        # Whether code is made for the right processors is for its maintainer to prove, in time of their own.
        check_file(
            spooled.path,
            content=content,
            code=False,
            sha256=spooled.sha256,
            wheel=BytesSource(spooled.content) if spooled.content is not None else None,
        )
        if is_distribution(name)
        else None
    )
    entry = report.entry if report is not None else None
    if report is None or report.has_errors or not isinstance(entry, WheelEntry | SdistEntry):
        raise _refusal(name, report.findings if report is not None else ())
    notes = tuple(str(finding).removeprefix(f"{name}: ") for finding in report.findings)
    return _wheel(spooled, entry, notes) if isinstance(entry, WheelEntry) else _sdist(spooled, entry, notes)


def is_distribution(name: str) -> bool:
    """Tell by its name whether a file is one that an index takes."""
    return name.endswith((".whl", ".whlx", ".tar.gz", ".zip"))


def _refusal(name: str, findings: Sequence[Finding]) -> Refused:
    errors = [finding for finding in findings if finding.is_error] or list(findings)
    if not errors:
        return Refused(
            400,
            f"{name}: this is neither a wheel nor a source distribution",
            hint="wheels end in .whl, source distributions in .tar.gz",
            kind="invalid-filename",
        )
    words = [f"{str(finding).removeprefix(f'{name}: ')} [{finding.code}]" for finding in errors[:_FEW]]
    if len(errors) > _FEW:
        words.append(f"and {len(errors) - _FEW} more")
    return Refused(
        400,
        f"{name}: {'; '.join(words)}",
        hint=errors[0].remedy or "`rewheel release check` finds the same before an upload",
        kind="invalid-file",
    )


def _wheel(spooled: Spooled, entry: WheelEntry, notes: tuple[str, ...]) -> Inspected:
    return Inspected(
        spooled=spooled,
        filename=entry.path.name,
        kind=WHEEL,
        project=entry.filename.project,
        display_name=entry.core.name,
        version=str(entry.version),
        sort_key=sort_key(entry.version),
        requires_python=entry.requires_python,
        metadata=entry.metadata,
        label=entry.filename.label,
        variant_json=write_metadata(entry.variants) if entry.variants is not None else None,
        description=describe(entry.core, entry.metadata),
        notes=notes,
    )


def _sdist(spooled: Spooled, entry: SdistEntry, notes: tuple[str, ...]) -> Inspected:
    return Inspected(
        spooled=spooled,
        filename=entry.path.name,
        kind=SDIST,
        project=entry.project,
        display_name=entry.core.name,
        version=str(entry.version),
        sort_key=sort_key(entry.version),
        requires_python=entry.requires_python,
        metadata=None,
        label="",
        variant_json=None,
        description=describe(entry.core, entry.metadata),
        notes=notes,
    )


def _rim(spooled: Spooled, *, allow_http: bool) -> Inspected:
    """Look into the metadata of a wheel that lies elsewhere. Nothing is fetched from there."""
    try:
        with Rim.open(spooled.path, allow_http=allow_http) as rim:
            metadata, filename, hosting = rim.wheel.metadata_text(), rim.filename, rim.hosting
            variants = rim.wheel.variant_metadata() if rim.wheel.label else None
        core = CoreMetadata.parse(metadata)
        version = Version(core.version)
    except (WheelsError, InvalidFilename, InvalidCoreMetadata, InvalidVersion) as error:
        raise Refused(
            400,
            str(error),
            hint="`rewheel wheel dismount` makes a rim, `rewheel wheel verify` checks it",
            kind="invalid-file",
        ) from error
    name = spooled.path.name
    if "sha256" not in hosting.hashes:
        raise Refused(400, f"{name}: it gives no sha256, which pages need", kind="invalid-file")
    found = Collector(name)  # what can be checked of a wheel without its files
    check_dependencies(core, found, is_plain=not filename.label)
    if variants is not None:
        check_properties(variants, filename.label, found)
    if found.has_errors:
        raise _refusal(name, found.found)
    return Inspected(
        spooled=spooled,
        filename=str(filename),
        kind=RIM,
        project=filename.project,
        display_name=core.name,
        version=str(version),
        sort_key=sort_key(version),
        requires_python=core.requires_python,
        metadata=metadata,
        label=filename.label,
        variant_json=write_metadata(variants) if variants is not None else None,
        description=describe(core, metadata),
        notes=tuple(str(finding).removeprefix(f"{name}: ") for finding in found.found),
        hosting=hosting,
    )


def describe(core: CoreMetadata, text: bytes) -> Description:
    """Return what pages show of core metadata, given also as the text that it was read from."""
    shown: dict[str, Any] = {name: list(core.headers[name]) for name in _SHOWN if name in core.headers}
    body = core.field("description") or _body(text)
    return Description(
        summary=core.field("summary")[:2048],
        requires_python=core.requires_python,
        metadata=shown,
        description=body.replace("\0", ""),
        description_content_type=core.field("description-content-type")[:200],
    )


def _body(text: bytes) -> str:
    """Return what follows the headers, where newer metadata has its description."""
    for end in (b"\r\n\r\n", b"\n\n"):
        _, found, body = text.partition(end)
        if found:
            return body.decode("utf-8", "replace").strip()
    return ""
