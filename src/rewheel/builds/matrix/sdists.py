"""Making a backend's source distribution the same for everybody, with the project's own pyproject.toml."""

import gzip
import io
import tarfile
from pathlib import Path, PurePosixPath

from rewheel.builds.errors import BuildFailed
from rewheel.builds.matrix.declaration import PYPROJECT, Declaration
from rewheel.errors import RewheelError
from rewheel.metadata import edit_metadata
from rewheel.wheels import replacing

__all__ = ["finish_sdist"]


def finish_sdist(archive: Path, output: Path, declaration: Declaration, *, epoch: int) -> Path:
    """Write a source distribution again into the folder `output`, and return its path.

    Members are sorted, with one time and without owners. pyproject.toml is that of the project again, and
    PKG-INFO tells the default extras. Raises `BuildFailed` if it is no archive that can be read.
    """
    target = output / archive.name
    try:
        with (
            tarfile.open(archive, "r:gz") as old,
            replacing(target) as file,
            gzip.GzipFile("", "wb", 9, file, mtime=epoch) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
        ):
            for member in sorted(old.getmembers(), key=lambda item: item.name):
                content = old.extractfile(member) if member.isreg() else None
                data = _content(member.name, content.read(), declaration) if content is not None else None
                new.addfile(_tidied(member, data, epoch), io.BytesIO(data) if data is not None else None)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BuildFailed(archive.name, f"its backend made no source distribution: {error}") from error
    except RewheelError as error:
        raise BuildFailed(archive.name, f"its PKG-INFO: {error}") from error
    return target


def _content(name: str, data: bytes, declaration: Declaration) -> bytes:
    """Return what a file is to hold: some backends were shown another pyproject.toml than the project has."""
    extras = declaration.default_extras
    parts = PurePosixPath(name).parts
    if len(parts) != 2 or not extras.path:
        return data
    if parts[1] == PYPROJECT and extras.is_foreign:
        return declaration.text.encode("utf-8")
    return edit_metadata(data, default_extras=extras.names) if parts[1] == "PKG-INFO" else data


def _tidied(member: tarfile.TarInfo, data: bytes | None, epoch: int) -> tarfile.TarInfo:
    """Return a member with nothing in it of the computer that it was made on."""
    fresh = tarfile.TarInfo(member.name)
    fresh.type, fresh.linkname, fresh.mtime = member.type, member.linkname, epoch
    fresh.size = len(data) if data is not None else 0
    fresh.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return fresh
