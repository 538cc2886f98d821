"""The little that an index has to know of a source distribution."""

import posixpath
import tarfile
import zipfile
import zlib
from pathlib import Path

from rewheel.publishing.errors import InvalidSdist
from rewheel.publishing.findings import Collector

__all__ = ["read_pkg_info"]

_METADATA_LIMIT = 16 << 20
"""Bytes of PKG-INFO that are read; real ones hold a few hundred kilobytes at most."""

_MOST_TOLD = 20
"""Members of one archive that are told of."""

_SCAN_LIMIT = 2 << 30
"""Unpacked bytes that are passed over in search of PKG-INFO: a small file must not keep us busy for hours."""


def read_pkg_info(path: Path, found: Collector | None = None) -> bytes:
    """Return the `PKG-INFO` at the top of a `.tar.gz` or `.zip` source distribution.

    Members that would be unpacked outside the folder are told to `found`; with it the archive is read to its
    end. Raises InvalidSdist when the archive is broken or has none.
    """
    unsafe: list[str] = []
    try:
        found_info = _from_zip(path, unsafe) if path.suffix == ".zip" else _from_tar(path, unsafe, found)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InvalidSdist(f"cannot be read as a source distribution: {error}") from error
    if found is not None:
        for name in unsafe[:_MOST_TOLD]:
            found.add("RW164", f"{name[:200]!a} would be written outside the folder", name[:200])
    if found_info is None:
        raise InvalidSdist("holds no PKG-INFO")
    if len(found_info) > _METADATA_LIMIT:
        raise InvalidSdist(f"its PKG-INFO is larger than {_METADATA_LIMIT >> 20} MiB")
    return found_info


def _is_pkg_info(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == 2 and parts[1] == "PKG-INFO"


def _leads_out(name: str, target: str = "") -> bool:
    """Tell whether a member, or a link below its folder to `target`, leaves the folder it is unpacked to."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target) if target else name)
    return "\\" in name or path.startswith(("/", "../")) or path == ".." or ":" in path.split("/")[0]


def _from_tar(path: Path, unsafe: list[str], found: Collector | None) -> bytes | None:
    passed = 0
    content = None
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            target = member.linkname if member.issym() else ""
            if _leads_out(member.name, target) or (member.islnk() and _leads_out(member.linkname)):
                unsafe.append(member.name)
            if content is None and member.isfile() and _is_pkg_info(member.name):
                stream = archive.extractfile(member)
                content = stream.read(_METADATA_LIMIT + 1) if stream else None
                if found is None:
                    break
            passed += member.size
            if passed > _SCAN_LIMIT:
                break
    return content


def _from_zip(path: Path, unsafe: list[str]) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        unsafe += [name for name in names if _leads_out(name)]
        for name in names:
            if _is_pkg_info(name):
                with archive.open(name) as stream:
                    return stream.read(_METADATA_LIMIT + 1)
    return None
