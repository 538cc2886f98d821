"""Where a backup is kept: a folder, which the next backup only adds to, or one tar file."""

import io
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from rewheel.server.errors import ServerError

__all__ = [
    "MANIFEST",
    "Reader",
    "Writer",
    "blob_name",
    "catalog_name",
    "open_reader",
    "open_writer",
    "sha256_in",
]

MANIFEST = "manifest.json"
_CATALOG = re.compile(r"catalog-[0-9a-f]{64}\.jsonl\.gz")
_BLOB = re.compile(r"blobs/([0-9a-f]{2})/([0-9a-f]{62})")
_MANIFEST_LIMIT = 1 << 20


class Writer(Protocol):
    """Takes in the members of a backup; they count when the block in which it was opened ends well."""

    def has(self, name: str) -> bool:
        """Tell whether the member is there from an earlier backup."""

    def add(self, name: str, path: Path) -> None:
        """Copy a file in."""

    def forget_others(self) -> None:
        """Remove what earlier backups have put there, and this one has neither put nor found."""


class Reader(Protocol):
    """Gives the members of a backup."""

    def manifest(self) -> bytes:
        """Return the description; raises ServerError if there is none."""

    @contextmanager
    def catalog(self, sha256: str) -> Iterator[BinaryIO]:
        """Give the packed rows whose digest the manifest names; it has not been checked yet."""

    def blobs(self) -> Iterator[tuple[str, BinaryIO]]:
        """Yield SHA-256, as the name promises it, and content of every blob."""


def catalog_name(sha256: str) -> str:
    """Return the name of the packed rows in a backup: an older one's stay until the new one is whole."""
    return f"catalog-{sha256}.jsonl.gz"


def blob_name(sha256: str) -> str:
    """Return the name of a blob inside of a backup."""
    return f"blobs/{sha256[:2]}/{sha256[2:]}"


def sha256_in(name: str) -> str | None:
    """Return whose name it is; None if it is not that of a blob."""
    match = _BLOB.fullmatch(name)
    return match[1] + match[2] if match else None


@contextmanager
def open_writer(place: Path) -> Iterator[Writer]:
    """Open a folder, or a tar file if the name ends so, which appears when it is complete.

    Raises ServerError for a folder that holds something else, and for a file that exists.
    """
    try:
        if place.suffix == ".tar":
            with _open_tar(place) as writer:
                yield writer
        else:
            yield _FolderWriter.open(place)
    except OSError as error:
        raise ServerError(f"{place}: cannot be written: {error.strerror or error}") from error


@contextmanager
def open_reader(place: Path) -> Iterator[Reader]:
    """Open what `open_writer` has made. Raises ServerError for anything else."""
    try:
        if place.is_dir():
            yield _FolderReader(place)
        elif place.is_file():
            with tarfile.open(place, "r:") as archive:
                yield _TarReader(archive)
        else:
            raise ServerError(f"{place}: there is no such backup")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ServerError(f"{place}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


class _FolderWriter:
    """Blobs never change, so those that are there stay; the manifest comes last, at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()

    @classmethod
    def open(cls, folder: Path) -> "_FolderWriter":
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
            raise ServerError(
                f"{folder}: is neither empty nor a backup", hint="name a new folder, or an earlier backup"
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder)

    def has(self, name: str) -> bool:
        self._known.add(name)
        return (self._folder / name).is_file()

    def add(self, name: str, path: Path) -> None:
        self._known.add(name)
        goal = self._folder / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        scratch = goal.with_name(f".{goal.name}.part")
        try:
            shutil.copyfile(path, scratch)
            with scratch.open("rb+") as stream:
                os.fsync(stream.fileno())
            scratch.replace(goal)
        finally:
            scratch.unlink(missing_ok=True)

    def forget_others(self) -> None:
        for path in (*self._folder.glob("catalog-*.jsonl.gz"), *self._folder.glob("blobs/*/*")):
            name = path.relative_to(self._folder).as_posix()
            if name not in self._known and (_CATALOG.fullmatch(name) or sha256_in(name)):
                path.unlink()


class _TarWriter:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def has(self, name: str) -> bool:
        del name
        return False

    def add(self, name: str, path: Path) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = path.stat().st_size
        entry.mtime = int(path.stat().st_mtime)
        entry.mode = 0o600
        with path.open("rb") as stream:
            self._archive.addfile(entry, stream)

    def forget_others(self) -> None:
        """Do nothing: a tar file is always new."""


@contextmanager
def _open_tar(place: Path) -> Iterator[_TarWriter]:
    if place.exists():
        raise ServerError(f"{place}: exists already", hint="name a new file; folders are added to")
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
                yield _TarWriter(archive)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(place)
    finally:
        scratch.unlink(missing_ok=True)


class _FolderReader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifest(self) -> bytes:
        path = self._folder / MANIFEST
        if not path.is_file() or path.stat().st_size > _MANIFEST_LIMIT:
            raise _no_backup(self._folder)
        return path.read_bytes()

    @contextmanager
    def catalog(self, sha256: str) -> Iterator[BinaryIO]:
        path = self._folder / catalog_name(sha256)
        if not path.is_file():
            raise _no_backup(self._folder)
        with path.open("rb") as stream:
            yield stream

    def blobs(self) -> Iterator[tuple[str, BinaryIO]]:
        top = self._folder / "blobs"
        for path in sorted(top.glob("*/*")) if top.is_dir() else ():
            sha256 = sha256_in(path.relative_to(self._folder).as_posix())
            if sha256 is not None and path.is_file() and not path.is_symlink():
                with path.open("rb") as stream:
                    yield sha256, stream


class _TarReader:
    """Reads members by their names alone: links, devices and foreign paths are passed over."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def manifest(self) -> bytes:
        with suppress(KeyError):
            member = self._archive.getmember(MANIFEST)
            stream = self._archive.extractfile(member) if member.isreg() else None
            if stream is not None and member.size <= _MANIFEST_LIMIT:
                return stream.read()
        raise _no_backup(Path(str(self._archive.name)))

    @contextmanager
    def catalog(self, sha256: str) -> Iterator[BinaryIO]:
        try:
            stream = self._archive.extractfile(catalog_name(sha256))
        except KeyError:
            stream = None
        if stream is None:
            raise _no_backup(Path(str(self._archive.name)))
        with stream:
            yield io.BufferedReader(stream)  # type: ignore[type-var]

    def blobs(self) -> Iterator[tuple[str, BinaryIO]]:
        for member in self._archive:
            sha256 = sha256_in(member.name)
            stream = self._archive.extractfile(member) if sha256 is not None and member.isreg() else None
            if sha256 is not None and stream is not None:
                with stream:
                    yield sha256, stream  # type: ignore[misc]


def _no_backup(place: Path) -> ServerError:
    return ServerError(f"{place}: is no backup of an index", hint="`rewheel index backup` makes them")
