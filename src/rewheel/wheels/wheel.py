"""One wheel file: which release and variant it is, and what its dist-info directory says."""

from pathlib import Path
from typing import NoReturn, Self

from rewheel.variants import (
    DocumentKind,
    VariantMetadata,
    VariantProperties,
    WheelFilename,
    normalize_project,
    read_metadata,
)
from rewheel.wheels.archive import Archive
from rewheel.wheels.errors import InvalidRecord, InvalidWheel, UnsupportedWheel, VariantMismatch
from rewheel.wheels.headers import WheelInfo, header_fields, parse_wheel_info
from rewheel.wheels.record import RecordEntry, parse_record
from rewheel.wheels.source import ByteSource, FileSource

__all__ = ["VARIANT_FILE", "Wheel"]

VARIANT_FILE = "variant.json"
_NEWEST_MAJOR = 1
_MIB = 1 << 20
_LIMITS = {"METADATA": 16 * _MIB, "WHEEL": _MIB, "RECORD": 128 * _MIB, VARIANT_FILE: 16 * _MIB}


class Wheel:
    """A wheel whose file name and dist-info directory agree; further files are checked when they are read.

    Raises `InvalidWheel`, of which `InvalidArchive`, `InvalidRecord`, `UnsupportedWheel` and
    `VariantMismatch` are kinds. A context manager that closes the archive.
    """

    __slots__ = ("archive", "data_dir", "dist_info", "filename")

    def __init__(self, archive: Archive, filename: WheelFilename) -> None:
        self.archive = archive
        self.filename = filename
        top = {name.partition("/")[0] for name in archive.members if "/" in name}
        self.dist_info = self._own(sorted(name for name in top if name.lower().endswith(".dist-info")))
        """The name of the one dist-info directory."""
        self.data_dir = self.dist_info.removesuffix(".dist-info") + ".data"
        """The name of the directory for files outside the library directories, which may not be there."""
        data = {name for name in top if name.lower().endswith(".data")} - {self.data_dir}
        if data:  # installers would disagree about where its files belong
            self._refuse(f"{min(data)!r} is not its data directory, which is {self.data_dir!r}")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a wheel file; raises `InvalidFilename` and `UnreadableFile` besides."""
        filename = WheelFilename.parse(path.name)
        return cls.over(FileSource(path), filename)

    @classmethod
    def over(cls, source: ByteSource, filename: WheelFilename | str) -> Self:
        """Read a wheel from `source`, which then belongs to it."""
        try:
            parsed = WheelFilename.parse(filename) if isinstance(filename, str) else filename
        except BaseException:
            source.close()
            raise
        archive = Archive.over(source, str(parsed))
        try:
            return cls(archive, parsed)
        except BaseException:
            archive.close()
            raise

    def close(self) -> None:
        """Close the archive."""
        self.archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Wheel {self.filename}>"

    @property
    def label(self) -> str:
        """The variant label of the file name, empty for a plain wheel."""
        return self.filename.label

    def info_path(self, name: str) -> str:
        """Return the member name of a file of the dist-info directory."""
        return f"{self.dist_info}/{name}"

    def has_info(self, name: str) -> bool:
        """Tell whether the dist-info directory has this file."""
        return self.info_path(name) in self.archive.members

    def read_info(self, name: str) -> bytes | None:
        """Return a file of the dist-info directory, None if there is none; refuses absurd sizes."""
        path = self.info_path(name)
        if path not in self.archive.members:
            return None
        return self.archive.read(path, limit=_LIMITS.get(name, _MIB))

    def metadata_text(self) -> bytes:
        """Return METADATA, having compared its name and version with the file name's."""
        content = self._required("METADATA")
        name = version = ""
        try:
            for field, value in header_fields(content):
                if field == "name":
                    name = name or value
                elif field == "version":
                    version = version or value
                if name and version:
                    break
        except ValueError as error:
            self._refuse(f"METADATA {error}", error)
        if not name or not version:
            self._refuse(f"METADATA has no {'Version' if name else 'Name'}")
        if not self._is_own(name, version):
            self._refuse(f"METADATA is that of {name[:100]} {version[:100]}")
        return content

    def wheel_info(self) -> WheelInfo:
        """Return what WHEEL says; raises `UnsupportedWheel` for a format newer than version 1."""
        content = self._required("WHEEL")
        try:
            info = parse_wheel_info(content)
        except ValueError as error:
            self._refuse(f"WHEEL {error}", error)
        if info.version[0] > _NEWEST_MAJOR:
            raise UnsupportedWheel(
                str(self.filename),
                f"it is of wheel format {info.version[0]}.{info.version[1]}, this tool knows format 1",
                hint="it needs a newer tool",
            )
        return info

    def record(self) -> list[RecordEntry]:
        """Return the rows of RECORD as they stand there; raises `InvalidRecord` if it is missing."""
        content = self.read_info("RECORD")
        if content is None:
            raise InvalidRecord(str(self.filename), "it has no RECORD")
        return parse_record(content, str(self.filename))

    def entry_points_text(self) -> bytes | None:
        """Return `entry_points.txt`, None if there is none."""
        return self.read_info("entry_points.txt")

    def variant_json(self) -> bytes | None:
        """Return `variant.json`, None if there is none; only a labelled wheel is a variant because of it."""
        return self.read_info(VARIANT_FILE)

    def variant_metadata(self) -> VariantMetadata:
        """Return what a variant wheel says about itself (PEP 825).

        Raises `VariantMismatch` when it is a plain wheel or has no `variant.json`, and `InvalidMetadata` when
        that is broken or describes anything but exactly the label of the file name.
        """
        if not self.label:
            raise VariantMismatch(str(self.filename), "it is a plain wheel, without a variant label")
        content = self.variant_json()
        if content is None:
            raise VariantMismatch(
                str(self.filename), f"it has the label {self.label!r} but no {VARIANT_FILE}"
            )
        return read_metadata(content, kind=DocumentKind.WHEEL, label=self.label)

    def check_variant(self, expected: VariantProperties) -> VariantMetadata:
        """Check that the wheel has the properties that its index gives its label (PEP 825).

        Raises `VariantMismatch` if it does not, and what `variant_metadata` raises.
        """
        metadata = self.variant_metadata()
        own = metadata.properties_of(self.label) or VariantProperties()
        if own != expected:
            raise VariantMismatch(
                str(self.filename),
                f"its own properties are {_listed(own)}, its index says {_listed(expected)}",
            )
        return metadata

    def _required(self, name: str) -> bytes:
        content = self.read_info(name)
        return content if content is not None else self._refuse(f"it has no {name}")

    def _own(self, directories: list[str]) -> str:
        """Return the one dist-info directory, which must be that of the release in the file name."""
        if not directories:
            self._refuse("it has no dist-info directory")
        if len(directories) > 1:
            self._refuse(f"it has several dist-info directories: {', '.join(directories[:5])}")
        directory = directories[0]
        name, _, version = directory[: -len(".dist-info")].rpartition("-")
        if not directory.endswith(".dist-info") or not self._is_own(name, version):
            self._refuse(f"its dist-info directory {directory!r} is that of another release")
        return directory

    def _is_own(self, name: str, version: str) -> bool:
        """Tell whether a name and a version are those of the file name (PEP 503, PEP 440)."""
        filename = self.filename
        if name != filename.distribution and normalize_project(name) != filename.project:
            return False
        return version == filename.version or _same_version(version, filename.version)

    def _refuse(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise InvalidWheel(str(self.filename), reason) from cause


def _same_version(one: str, other: str) -> bool:
    from packaging.version import Version  # only unusual spellings need it

    try:
        return Version(one) == Version(other)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return False


def _listed(properties: VariantProperties) -> str:
    texts = [f"[{item}]" for item in properties]
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return (", ".join(texts[:5]) + more) or "none"
