"""What an unpacked wheel consists of, so that it can be installed without looking at the wheel again."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rewheel.values import field, frozen

__all__ = ["Manifest", "StoredFile"]

_FORMAT = 1


class StoredFile(NamedTuple):
    """One file of an unpacked wheel."""

    name: str
    """Without its folder."""
    executable: bool
    size: int
    mtime_ns: int
    digest: str
    """As RECORD writes it: "sha256=…"."""


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
    folders: Mapping[str, tuple[StoredFile, ...]]
    digest: str = field(default="", compare=False)
    """The SHA-256 of the text it was read from, in hexadecimal: what was made from it names it."""

    def files(self) -> Iterator[tuple[str, StoredFile]]:
        """Yield every file with its path in the archive."""
        for folder, files in self.folders.items():
            prefix = f"{folder}/" if folder else ""
            for file in files:
                yield prefix + file.name, file

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads: a digest, then JSON."""
        document = {
            "format": _FORMAT,
            "dist_info": self.dist_info,
            "data_dir": self.data_dir,
            "root_is_purelib": self.root_is_purelib,
            "entry_points": self.entry_points,
            "folders": self.folders,
        }
        body = json.dumps(document, separators=(",", ":")).encode("ascii")
        return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read a manifest; raises ValueError if anything about it is not what `to_bytes` wrote."""
        said, _, body = data.partition(b"\n")
        digest = hashlib.sha256(body).hexdigest()
        if digest.encode("ascii") != said:
            msg = "the digest does not match"
            raise ValueError(msg)
        document = json.loads(body)
        if document.get("format") != _FORMAT:
            msg = "another format"
            raise ValueError(msg)
        return cls(
            dist_info=document["dist_info"],
            data_dir=document["data_dir"],
            root_is_purelib=document["root_is_purelib"],
            entry_points=document["entry_points"],
            folders={
                folder: tuple(map(StoredFile._make, files)) for folder, files in document["folders"].items()
            },
            digest=digest,
        )
