"""Unpacking an archive of sources, which a stranger made, into a folder of its own and nowhere else."""

import contextlib
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import IO, NamedTuple

from rewheel.builds.errors import UnsafeSources

__all__ = ["Limits", "unpack_sources"]

_CHUNK = 1 << 20
_EARLIEST, _LATEST = 315_532_800, 4_102_444_800
"""Seconds since 1970 between which a file's time is kept: 1980, before which zip has no dates, and 2100."""


class Limits(NamedTuple):
    """What an archive may come to; the largest sources on PyPI stay far below."""

    bytes: int = 8 << 30
    files: int = 500_000
    path: int = 1024
    """Characters of one member's path."""


_LIMITS = Limits()


class _Member(NamedTuple):
    name: str
    kind: str  # "file", "folder", "link" or "hard link"
    size: int
    executable: bool
    time: float
    target: str
    open: Callable[[], IO[bytes]] | None
    """Gives the content of a file."""


def unpack_sources(archive: Path, folder: Path, *, limits: Limits = _LIMITS) -> Path:
    """Unpack a tar or zip archive into the folder, which is made, and return the sources' root in it.

    Only files, folders and links that stay inside come out of it, without owners and special permissions
    (PEP 721). Links are made last, so that nothing is ever written through one. Raises `UnsafeSources`, and
    leaves nothing behind then.
    """
    name = archive.name
    try:
        folder.mkdir(parents=True)
        with contextlib.closing(_members(archive)) as members:
            _Unpacking(name, folder, limits).run(members)
        return _root(name, folder)
    except UnsafeSources:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (
        tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, ValueError, KeyError,
        NotImplementedError, RuntimeError, MemoryError,
    ) as error:  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise UnsafeSources(name, reason or type(error).__name__) from error


class _Unpacking:
    """One archive on its way into one folder."""

    def __init__(self, archive: str, folder: Path, limits: Limits) -> None:
        self._archive = archive
        self._folder = folder
        self._limits = limits
        self._bytes = 0
        self._files = 0
        self._links: dict[str, str] = {}

    def run(self, members: Iterator[_Member]) -> None:
        for member in members:
            self._files += 1
            if self._files > self._limits.files:
                raise self._unsafe(f"it has more than {self._limits.files:,} members")
            path = self._path(member.name)
            if path == ".":
                continue
            if path in self._links:
                raise self._unsafe(f"{path!r} is there twice, once as a link")
            if member.kind == "folder":
                (self._folder / path).mkdir(parents=True, exist_ok=True)
            elif member.kind == "link":
                self._plan_link(path, member.target)
            elif member.kind == "hard link":
                self._copy(path, self._path(member.target))
            else:
                self._write(path, member)
        self._make_links()

    def _path(self, name: str) -> str:
        """Return the member's path below the folder, or refuse it."""
        if not name or len(name) > self._limits.path or not name.isprintable():
            raise self._unsafe(f"{name[:80]!a} can't be the name of a file")
        parts = name.split("/")
        is_bad = "\\" in name or name.startswith("/") or ".." in parts or ":" in parts[0]
        if is_bad:
            raise self._unsafe(f"{name!r} lies outside of it")
        return posixpath.normpath(name)

    def _write(self, path: str, member: _Member) -> None:
        assert member.open is not None
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as content, target.open("wb") as file:
            while chunk := content.read(_CHUNK):
                self._count(len(chunk))
                file.write(chunk)
        target.chmod(0o755 if member.executable else 0o644)
        if _EARLIEST <= member.time <= _LATEST:
            os.utime(target, (member.time, member.time))

    def _copy(self, path: str, original: str) -> None:
        source, target = self._folder / original, self._folder / path
        if original in self._links or not source.is_file():
            raise self._unsafe(f"{path!r} is a link to {original!r}, which is no file before it")
        self._count(source.stat().st_size)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source != target:
            shutil.copy2(source, target)

    def _plan_link(self, path: str, target: str) -> None:
        if not target or not target.isprintable() or "\\" in target or target.startswith("/"):
            raise self._unsafe(f"{path!r} is a link to {target!r}")
        if posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).split("/")[0] == "..":
            raise self._unsafe(f"{path!r} is a link to {target!r}, outside of it")
        if (self._folder / path).exists():
            raise self._unsafe(f"{path!r} is there twice, once as a link")
        self._links[path] = target

    def _make_links(self) -> None:
        """Make the links when all else is there, and look where they lead, also through one another."""
        for path, target in self._links.items():
            place = self._folder / path
            if any(str(parent) in self._links for parent in Path(path).parents):
                raise self._unsafe(f"{path!r} lies behind a link")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        root = Path(os.path.realpath(self._folder))
        for path, target in self._links.items():
            real = Path(os.path.realpath(self._folder / path))
            if not real.is_relative_to(root):
                raise self._unsafe(f"{path!r} is a link to {target!r}, outside of it")

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._limits.bytes:
            raise self._unsafe(f"it holds more than {self._limits.bytes:,} bytes")

    def _unsafe(self, reason: str) -> UnsafeSources:
        return UnsafeSources(self._archive, reason)


def _members(archive: Path) -> Generator[_Member, None, None]:
    return _zip_members(archive) if zipfile.is_zipfile(archive) else _tar_members(archive)


def _tar_members(archive: Path) -> Generator[_Member, None, None]:
    kinds = {tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link", tarfile.DIRTYPE: "folder"}
    with tarfile.open(archive, "r:*") as tar:
        for info in tar:
            kind = "file" if info.isreg() else kinds.get(info.type)
            if kind is None:
                raise UnsafeSources(archive.name, f"{info.name!r} is neither a file nor a folder nor a link")
            content = partial(_tar_content, tar, info) if kind == "file" else None
            executable = bool(info.mode & 0o111)
            name = info.name.rstrip("/") or "."
            yield _Member(name, kind, info.size, executable, info.mtime, info.linkname, content)


def _tar_content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(info)
    assert content is not None  # it is a file
    return content


def _zip_members(archive: Path) -> Generator[_Member, None, None]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            time = 0.0
            if info.is_dir():
                yield _Member(info.filename.rstrip("/") or ".", "folder", 0, False, time, "", None)
            elif stat.S_ISLNK(mode):
                with opened.open(info) as stream:
                    target = stream.read(4096).decode("utf-8")
                yield _Member(info.filename, "link", 0, False, time, target, None)
            else:
                content = partial(opened.open, info)
                yield _Member(info.filename, "file", info.file_size, bool(mode & 0o111), time, "", content)


def _root(name: str, folder: Path) -> Path:
    """Return the one folder at the top (PEP 625), or for old archives what has the project's files."""
    entries = list(folder.iterdir())
    with contextlib.suppress(ValueError):
        (only,) = [entry for entry in entries if entry.name != "pax_global_header"]
        if only.is_dir() and not only.is_symlink():
            return only
    if not entries:
        raise UnsafeSources(name, "it is empty")
    return folder
