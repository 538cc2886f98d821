"""The journal of a change: what is done to an environment in which order, and how each step is undone.

Every step is one rename (or one that can be told from the disk whether it happened), so whoever finds a
journal knows how far its writer came. All paths are relative to the environment's root.
"""

import contextlib
import hashlib
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Any

from rewheel.installing.errors import DamagedJournal
from rewheel.rows import NamedTuple

__all__ = ["Journal", "Kind", "Operation", "sync"]

_FORMAT = 1


class Kind(StrEnum):
    """What one operation does."""

    REMOVE = "remove"
    """Move a file into the backup."""
    CLEAR = "clear"
    """Remove a folder that is empty by then."""
    REPLACE = "replace"
    """Keep a file in the backup and let a new one take its place, in one step."""
    PLACE = "place"
    """Move a new file or a whole new folder to where nothing is."""


class Operation(NamedTuple):
    """One step of a change."""

    kind: Kind
    path: str

    def do(self, root: str, new: str, old: str) -> None:
        """Do it; `new` is the folder of what comes, `old` the backup, both laid out like the root."""
        there, coming, kept = f"{root}/{self.path}", f"{new}/{self.path}", f"{old}/{self.path}"
        if self.kind is Kind.PLACE:
            os.rename(coming, there)  # noqa: PTH104 - thousands of these: text is cheaper than paths
        elif self.kind is Kind.CLEAR:
            os.rmdir(there)  # noqa: PTH106
        elif self.kind is Kind.REMOVE:
            os.makedirs(os.path.dirname(kept), exist_ok=True)  # noqa: PTH103, PTH120
            os.rename(there, kept)  # noqa: PTH104
        else:
            os.makedirs(os.path.dirname(kept), exist_ok=True)  # noqa: PTH103, PTH120
            try:
                os.link(there, kept, follow_symlinks=False)
            except (OSError, NotImplementedError):
                # Without links there is a moment in which the file has no name; the backup has it.
                os.rename(there, kept)  # noqa: PTH104
            os.replace(coming, there)  # noqa: PTH105

    def undo(self, root: str, new: str, old: str) -> None:
        """Undo it if it was done, wholly or in part; does nothing otherwise, however often it is called."""
        there, coming, kept = f"{root}/{self.path}", f"{new}/{self.path}", f"{old}/{self.path}"
        if self.kind is Kind.PLACE:
            if not os.path.lexists(coming) and os.path.lexists(there):
                os.rename(there, coming)  # noqa: PTH104
        elif self.kind is Kind.CLEAR:
            with contextlib.suppress(FileExistsError):
                os.mkdir(there)  # noqa: PTH102
        elif os.path.lexists(kept):
            os.replace(kept, there)  # noqa: PTH105


class Journal(NamedTuple):
    """The whole change, as it is written down before its first step."""

    operations: tuple[Operation, ...]
    folders: tuple[str, ...]
    """What is removed at the end if it is empty then, deepest first."""

    def write(self, path: Path) -> None:
        """Put the journal on disk in one step, and make sure that it has arrived."""
        document = {"format": _FORMAT, "operations": self.operations, "folders": self.folders}
        body = json.dumps(document, separators=(",", ":")).encode("ascii")
        temporary = path.with_name(path.name + ".new")
        with temporary.open("wb") as file:
            file.write(hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)

    @classmethod
    def read(cls, path: Path) -> "Journal | None":
        """Read a journal, None if there is none; raises DamagedJournal if it is not what was written."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedJournal(str(path), error.strerror or str(error)) from error
        digest, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode("ascii") != digest:
            raise DamagedJournal(str(path), "it is damaged")
        try:
            document: dict[str, Any] = json.loads(body)
            if document["format"] != _FORMAT:
                raise DamagedJournal(str(path), "another version of this tool wrote it")
            operations = tuple(Operation(Kind(kind), _inside(name)) for kind, name in document["operations"])
            return cls(operations, tuple(map(_inside, document["folders"])))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedJournal(str(path), f"it makes no sense ({error})") from error


def sync(folder: Path) -> None:
    """Make sure that the names in a folder are on disk, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _inside(path: object) -> str:
    """Return a path that cannot lead out of the root; raises ValueError for another."""
    if not isinstance(path, str) or not path or path.startswith("/") or ("\\" in path and os.sep == "\\"):
        raise ValueError(f"{path!r} is no path inside the environment")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise ValueError(f"{path!r} is no path inside the environment")
    return path
