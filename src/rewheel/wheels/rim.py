"""Remote installable metadata: the dist-info directory of a wheel that lies elsewhere (PEP 759)."""

import hashlib
import io
from pathlib import Path
from typing import NoReturn, Self

from rewheel.variants import WheelFilename
from rewheel.wheels.errors import InvalidRim, WheelsError
from rewheel.wheels.external import HOSTING_FILE, HOSTING_LIMIT, ExternalHosting
from rewheel.wheels.record import SIGNATURES
from rewheel.wheels.source import ByteSource, BytesSource, FileSource
from rewheel.wheels.verification import checked_record
from rewheel.wheels.wheel import VARIANT_FILE, Wheel
from rewheel.wheels.writing import ArchiveWriter, replacing

__all__ = ["Rim", "dismount", "rim_name", "wheel_name"]

_LARGEST = 64 << 20  # bytes unpacked; METADATA, licences and software bills of materials stay far below
_MOST_FILES = 10_000


class Rim:
    """A `.rim` file that has been checked from end to end: small, and nothing of it is left to trust.

    It holds a wheel's dist-info directory and `EXTERNAL-HOSTING.json`, nothing else, and every file is what
    RECORD says. Raises `InvalidRim`, and `InvalidFilename` for its name. A context manager.
    """

    __slots__ = ("hosting", "wheel")

    def __init__(self, wheel: Wheel, *, allow_http: bool = False) -> None:
        self.wheel = wheel
        """The wheel's dist-info directory; its other files are not there."""
        try:
            self._check_members()
            self._check_content()
            self.hosting = self._hosting(allow_http=allow_http)
            """Where the wheel itself lies."""
        except InvalidRim:
            raise
        except WheelsError as error:
            self._refuse(getattr(error, "reason", error.message), error)

    @classmethod
    def open(cls, path: Path, *, allow_http: bool = False) -> Self:
        """Open and check a `.rim` file; raises `UnreadableFile` besides."""
        filename = WheelFilename.parse(wheel_name(path.name))
        return cls.over(FileSource(path), filename, allow_http=allow_http)

    @classmethod
    def over(cls, source: ByteSource, filename: WheelFilename | str, *, allow_http: bool = False) -> Self:
        """Read a rim from `source`, which then belongs to it; `filename` is the wheel's, not the rim's.

        `allow_http` is for trials without certificates: PEP 759 allows https alone.
        """
        try:
            wheel = Wheel.over(source, filename)
        except WheelsError as error:
            reason = getattr(error, "reason", error.message)
            raise InvalidRim(rim_name(str(filename)), reason, hint=error.hint) from error
        try:
            return cls(wheel, allow_http=allow_http)
        except BaseException:
            wheel.close()
            raise

    @property
    def filename(self) -> WheelFilename:
        """The file name of the wheel."""
        return self.wheel.filename

    @property
    def name(self) -> str:
        """The file name of the rim itself."""
        return rim_name(str(self.wheel.filename))

    def close(self) -> None:
        """Close the file."""
        self.wheel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Rim {self.name}>"

    def _check_members(self) -> None:
        """Refuse what does not belong to the dist-info directory, and absurd amounts of what does."""
        inside = self.wheel.dist_info + "/"
        members = self.wheel.archive.members
        total = sum(member.size for member in members.values())
        if len(members) > _MOST_FILES or total > _LARGEST:
            self._refuse(f"it has {len(members)} files of {total} bytes, which is absurd")
        for name in members:
            if not name.startswith(inside):
                self._refuse(f"it holds {name[:200]!r}: only the dist-info directory belongs into it")

    def _check_content(self) -> None:
        """Compare every file with RECORD, which is that of the wheel, and the headers with the name."""
        wheel = self.wheel
        wheel.metadata_text()
        wheel.wheel_info()
        if wheel.label:
            self._check_variant()
        rows = {entry.path: entry for entry in wheel.record()}
        exempt = {wheel.info_path(name) for name in ("RECORD", *SIGNATURES, HOSTING_FILE)}
        if wheel.info_path(HOSTING_FILE) in rows:
            self._refuse(f"RECORD lists {HOSTING_FILE}, so the wheel itself would hold it")
        for name, member in wheel.archive.members.items():
            if name in exempt or member.is_dir:
                continue
            entry = rows.get(name)
            if entry is None or not entry.is_strong:
                self._refuse(f"RECORD does not vouch for {name[:200]!r}")
            content, hasher = wheel.archive.read(name), entry.hasher()
            hasher.update(content)
            if problem := entry.disagreement(hasher.digest(), len(content)):
                self._refuse(f"{name[:200]!r} {problem} of RECORD")

    def _check_variant(self) -> None:
        from rewheel.variants import VariantsError

        try:
            self.wheel.variant_metadata()
        except VariantsError as error:
            self._refuse(f"{VARIANT_FILE}: {error.message}", error)

    def _hosting(self, *, allow_http: bool) -> ExternalHosting:
        path = self.wheel.info_path(HOSTING_FILE)
        if path not in self.wheel.archive.members:
            self._refuse(f"it has no {HOSTING_FILE}")
        content = self.wheel.archive.read(path, limit=HOSTING_LIMIT)
        try:
            return ExternalHosting.parse(content, str(self.wheel.filename), allow_http=allow_http)
        except ValueError as error:
            self._refuse(f"{HOSTING_FILE} {error}", error)

    def _refuse(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise InvalidRim(self.name, reason) from cause


def rim_name(filename: str) -> str:
    """Return the name of the rim of a wheel."""
    return filename.removesuffix(".whl") + ".rim"


def wheel_name(filename: str) -> str:
    """Return the name of the wheel of a rim; raises `InvalidRim` if the name is not that of a rim."""
    if not filename.endswith(".rim"):
        raise InvalidRim(filename, "a rim's name ends in '.rim'")
    return filename.removesuffix(".rim") + ".whl"


def dismount(
    wheel: Path,
    *,
    uri: str,
    owner: str,
    output: Path,
    epoch: int | None = None,
    allow_http: bool = False,
) -> Path:
    """Write the rim of a wheel into the folder `output` and return its path (PEP 759, dismounting wheels).

    `uri` is where the wheel will be fetched from; one that ends with "/" is completed by its file name.
    `allow_http` is for trials, and for indexes that were told to take such rims. The same arguments give the
    same bytes. Raises `InvalidWheel` or `InvalidFilename` for a broken wheel and
    `InvalidRim` for a URI or an owner that no index would take, before anything is written.
    """
    if uri.endswith("/"):
        uri += wheel.name
    with Wheel.open(wheel) as source:
        if source.filename.extension != "whl":
            raise InvalidRim(wheel.name, "only wheels whose name ends in '.whl' have a rim")
        if source.has_info(HOSTING_FILE):
            raise InvalidRim(wheel.name, f"the wheel holds a file {HOSTING_FILE} of its own")
        checked_record(source)
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        hosting = ExternalHosting(owner, uri, source.archive.size, {"sha256": digest})
        try:
            hosting.check(str(source.filename), allow_http=allow_http)
        except ValueError as error:
            raise InvalidRim(rim_name(wheel.name), f"{HOSTING_FILE} {error}") from error
        content = _dismounted(source, hosting, epoch)
        # Nothing is written that would be refused.
        Rim.over(BytesSource(content), source.filename, allow_http=allow_http).close()
        target = output / rim_name(str(source.filename))
    with replacing(target) as rim:
        rim.write(content)
    return target


def _dismounted(source: Wheel, hosting: ExternalHosting, epoch: int | None) -> bytes:
    """Return the archive with the dist-info directory as it is, and the hosting file before RECORD."""
    file = io.BytesIO()
    writer = ArchiveWriter(file, epoch=epoch)
    for name, member in source.archive.members.items():
        if not name.startswith(source.dist_info + "/") or member.is_dir:
            continue
        if name == source.info_path("RECORD"):
            writer.add(source.info_path(HOSTING_FILE), hosting.as_json())
        writer.copy(source.archive, member)
    writer.finish()
    return file.getvalue()
