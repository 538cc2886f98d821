"""The little that an index has to know of a source distribution."""

import tarfile
import zipfile
import zlib
from pathlib import Path

from rewheel.publishing.errors import InvalidSdist

__all__ = ["read_pkg_info"]

_METADATA_LIMIT = 16 << 20
"""Bytes of PKG-INFO that are read; real ones hold a few hundred kilobytes at most."""

_SCAN_LIMIT = 2 << 30
"""Unpacked bytes that are passed over in search of PKG-INFO: a small file must not keep us busy for hours."""


def read_pkg_info(path: Path) -> bytes:
    """Return the `PKG-INFO` at the top of a `.tar.gz` or `.zip` source distribution.

    Raises InvalidSdist when the archive is broken or has none.
    """
    try:
        found = _from_zip(path) if path.suffix == ".zip" else _from_tar(path)
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
    if found is None:
        raise InvalidSdist("holds no PKG-INFO")
    if len(found) > _METADATA_LIMIT:
        raise InvalidSdist(f"its PKG-INFO is larger than {_METADATA_LIMIT >> 20} MiB")
    return found


def _is_pkg_info(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == 2 and parts[1] == "PKG-INFO"


def _from_tar(path: Path) -> bytes | None:
    passed = 0
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            if member.isfile() and _is_pkg_info(member.name):
                stream = archive.extractfile(member)
                return stream.read(_METADATA_LIMIT + 1) if stream else None
            passed += member.size
            if passed > _SCAN_LIMIT:
                return None
    return None


def _from_zip(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _is_pkg_info(name):
                with archive.open(name) as stream:
                    return stream.read(_METADATA_LIMIT + 1)
    return None
