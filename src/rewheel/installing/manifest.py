"""What an unpacked wheel consists of, so that it can be installed without looking at the wheel again."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rewheel.rows import NamedTuple
from rewheel.values import field, frozen

__all__ = ["Files", "Manifest", "StoredFile", "pack_folders", "record_row", "unpack_folders"]

_FORMAT = 2
_ODD = re.compile(r'[",\r\n]')


class StoredFile(NamedTuple):
    """One file of an unpacked wheel."""

    name: str
    """Without its folder."""
    executable: bool
    size: int
    mtime_ns: int
    digest: str
    """As RECORD writes it: "sha256=…"; "" where RECORD has none."""


class Files:
    """The files of one folder, read from the manifest's text when somebody looks at one of them.

    Most installations put whole folders where nothing else is, and take no more of them than their rows of
    RECORD, which the text has as well.
    """

    __slots__ = ("_files", "_rows", "_text", "count")

    def __init__(self, files: Sequence[StoredFile]) -> None:
        self._files: tuple[StoredFile, ...] | None = tuple(files)
        self._rows: bytes | None = None
        self._text = b""
        self.count = len(self._files)

    @classmethod
    def later(cls, count: int, rows: bytes, text: bytes) -> "Files":
        """Return the files that `text` describes, as many as `count`, with their rows."""
        found = cls(())
        found._files, found._rows, found._text, found.count = None, rows, text, count
        return found

    @property
    def rows(self) -> str | None:
        """The files' rows of RECORD, if they lie in the library as archived; None if not known."""
        return self._rows.decode() if self._rows is not None else None

    @property
    def names(self) -> list[str]:
        """The files' names."""
        return [file.name for file in self]

    def __iter__(self) -> Iterator[StoredFile]:
        """Yield every file."""
        if self._files is None:
            self._files = tuple(map(StoredFile._make, json.loads(self._text)))
        return iter(self._files)

    def __eq__(self, other: object) -> bool:
        """Compare the files."""
        return isinstance(other, Files) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """Return a hash of the files."""
        return hash(tuple(self))


@frozen
class Manifest:
    """The folders and files of one unpacked wheel.

    `folders` maps the path of each folder that holds files, relative to the archive's root ("" for the root
    itself), to its files; a folder comes after those that contain it.
    """

    dist_info: str
    data_dir: str
    root_is_purelib: bool
    entry_points: str
    folders: Mapping[str, Files]
    digest: str = field(default="", compare=False)
    """The SHA-256 of the text it was read from, in hexadecimal: what was made from it names it."""

    def files(self) -> Iterator[tuple[str, StoredFile]]:
        """Yield every file with its path in the archive."""
        for folder, files in self.folders.items():
            prefix = f"{folder}/" if folder else ""
            for file in files:
                yield prefix + file.name, file

    def find(self, path: str) -> StoredFile | None:
        """Return the file with this path in the archive, if there is one."""
        folder, _, name = path.rpartition("/")
        return next((file for file in self.folders.get(folder, ()) if file.name == name), None)

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        header = {
            "format": _FORMAT,
            "dist_info": self.dist_info,
            "data_dir": self.data_dir,
            "root_is_purelib": self.root_is_purelib,
            "entry_points": self.entry_points,
        }
        return pack_folders(header, self.folders)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read a manifest; raises ValueError if anything about it is not what `to_bytes` wrote."""
        digest, header, folders = unpack_folders(data)
        if header.get("format") != _FORMAT:
            msg = "another format"
            raise ValueError(msg)
        return cls(
            dist_info=header["dist_info"],
            data_dir=header["data_dir"],
            root_is_purelib=header["root_is_purelib"],
            entry_points=header["entry_points"],
            folders=folders,
            digest=digest,
        )


def pack_folders(header: Mapping[str, object], folders: Mapping[str, Iterable[StoredFile]]) -> bytes:
    """Return a header, with the files of folders, as text.

    It is the SHA-256 of the rest, a line of JSON, and then for each folder the rows of RECORD and the files
    as JSON, whose lengths in bytes the line has.
    """
    table, blocks = [], []
    for folder, each in folders.items():
        files = tuple(each)
        prefix = f"{folder}/" if folder else ""
        rows = "".join([record_row(prefix + file.name, file.digest, file.size) for file in files]).encode()
        text = json.dumps(files, separators=(",", ":")).encode("ascii")
        table.append([folder, len(files), len(rows), len(text)])
        blocks += [rows, text]
    head = json.dumps({**header, "folders": table}, separators=(",", ":")).encode("ascii")
    body = b"".join([head, b"\n", *blocks])
    return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body


def unpack_folders(data: bytes) -> tuple[str, Mapping[str, Any], dict[str, Files]]:
    """Return the digest, the header and the folders that `pack_folders` wrote; raises ValueError."""
    said, _, body = data.partition(b"\n")
    digest = hashlib.sha256(body).hexdigest()
    if digest.encode("ascii") != said:
        msg = "the digest does not match"
        raise ValueError(msg)
    head, _, blocks = body.partition(b"\n")
    header = json.loads(head)
    folders = {}
    begin = 0
    for folder, count, rows, text in header["folders"]:
        middle = begin + rows
        end = middle + text
        folders[folder] = Files.later(count, blocks[begin:middle], blocks[middle:end])
        begin = end
    return digest, header, folders


def record_row(path: str, digest: str, size: int) -> str:
    """Return a file's row of RECORD, where the size without a digest is left out, too."""
    if _ODD.search(path) is not None:
        doubled = path.replace('"', '""')
        path = f'"{doubled}"'
    return f"{path},{digest},{size}\n" if digest else f"{path},,\n"
