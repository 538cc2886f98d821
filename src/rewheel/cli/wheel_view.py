"""One wheel, or the rim of one that lies elsewhere, for people and for programs."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.metadata import CoreMetadata
    from rewheel.variants import WheelFilename
    from rewheel.wheels import ExternalHosting, Wheel, WheelInfo

__all__ = ["WheelView"]


@frozen
class WheelView:
    """What a file is, and what its dist-info directory says."""

    path: Path
    filename: "WheelFilename"
    metadata: "CoreMetadata"
    info: "WheelInfo"
    files: int
    """How many files the archive holds."""
    unpacked: int
    """Their bytes."""
    size: int
    sha256: str
    properties: tuple[str, ...]
    hosting: "ExternalHosting | None" = None
    """Where the wheel lies; only a rim has it."""

    @classmethod
    def of(cls, path: Path) -> "WheelView":
        """Read a wheel or a rim; raises RewheelError."""
        from rewheel.wheels import Rim, Wheel

        if path.suffix == ".rim":
            with Rim.open(path, allow_http=True) as rim:
                return cls._of(path, rim.wheel, rim.hosting)
        with Wheel.open(path) as wheel:
            return cls._of(path, wheel, None)

    @classmethod
    def _of(cls, path: Path, wheel: "Wheel", hosting: "ExternalHosting | None") -> "WheelView":
        from rewheel.metadata import CoreMetadata

        members = [member for member in wheel.archive.members.values() if not member.is_dir]
        properties: tuple[str, ...] = ()
        if wheel.label:
            found = wheel.variant_metadata().properties_of(wheel.label)
            properties = tuple(str(each) for each in found or ())
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(
            path,
            wheel.filename,
            CoreMetadata.parse(wheel.metadata_text()),
            wheel.wheel_info(),
            len(members),
            sum(member.size for member in members),
            wheel.archive.size,
            sha256,
            properties,
            hosting,
        )

    def lines(self) -> Iterator[str]:
        """Write it for people."""
        name = self.filename
        yield self.path.name
        yield f"  project     {self.metadata.name} {self.metadata.version}"
        yield f"  tags        {', '.join(name.tags())}"
        if name.build:
            yield f"  build       {name.build}"
        if name.label:
            yield f"  label       {name.label}"
            yield f"  properties  {', '.join(f'[{each}]' for each in self.properties) or '(none)'}"
        major, minor = self.info.version
        yield f"  format      {major}.{minor}" + (
            f", by {self.info.generator}" if self.info.generator else ""
        )
        if self.metadata.requires_python:
            yield f"  python      {self.metadata.requires_python}"
        for requirement in self.metadata.requires:
            yield f"  requires    {requirement}"
        yield f"  files       {self.files}, {self.unpacked:,} bytes unpacked"
        yield f"  size        {self.size:,} bytes"
        yield f"  sha256      {self.sha256}"
        if self.hosting is not None:
            yield f"  wheel at    {self.hosting.uri}"
            yield f"  owner       {self.hosting.owner}"
            yield f"  wheel size  {self.hosting.size:,} bytes"
            for algorithm, digest in sorted(self.hosting.hashes.items()):
                yield f"  wheel {algorithm}  {digest}"

    def as_json(self) -> dict[str, object]:
        """Write it for programs."""
        document: dict[str, object] = {
            "filename": self.path.name,
            "name": self.metadata.name,
            "version": self.metadata.version,
            "build": self.filename.build,
            "tags": self.filename.tags(),
            "label": self.filename.label,
            "properties": list(self.properties),
            "wheel_version": "{}.{}".format(*self.info.version),
            "generator": self.info.generator,
            "requires_python": self.metadata.requires_python,
            "requires_dist": list(self.metadata.requires),
            "files": self.files,
            "unpacked_size": self.unpacked,
            "size": self.size,
            "sha256": self.sha256,
        }
        if self.hosting is not None:
            document["external"] = {
                "owner": self.hosting.owner,
                "uri": self.hosting.uri,
                "size": self.hosting.size,
                "hashes": dict(self.hosting.hashes),
            }
        return document
