"""From a reference to a source tree on disk: fetched, held against hashes, unpacked or checked out."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urldefrag

from rewheel.builds.errors import BuildsError, InvalidProject
from rewheel.builds.git import GitReference
from rewheel.builds.unpacking import unpack_sources
from rewheel.indexes.urls import local_path, split_credentials
from rewheel.installing import DigestMismatch, HashesMissing

if TYPE_CHECKING:
    from rewheel.indexes import Client, File
    from rewheel.resolution import Buildable

__all__ = ["SourceTree", "obtain"]


@dataclass(frozen=True, slots=True)
class SourceTree:
    """Sources on disk."""

    root: Path
    """The folder with pyproject.toml or setup.py."""
    direct_url: Mapping[str, Any] | None = None
    """What PEP 610 records of it; `None` for what an index offers."""
    identity: Mapping[str, Any] | None = None
    """What stays the same only as long as the sources do; `None` for a folder, which may change any time."""
    is_archive: bool = False


def obtain(
    sources: "Buildable",
    client: "Client",
    workplace: Path,
    *,
    environ: Mapping[str, str],
    allowed_hashes: Collection[str] | None = None,
    require_hashes: bool = False,
) -> SourceTree:
    """Put sources on disk, below the workplace unless they are a folder; no code of theirs runs.

    `allowed_hashes` are digests, as `"sha256:…"`, of which an archive must have one. Raises `RewheelError`.
    """
    if sources.file is not None:
        return _archive(
            sources.file, sources.url, client, workplace, allowed_hashes, require_hashes=require_hashes
        )
    if require_hashes or allowed_hashes:
        raise HashesMissing([f"{sources.place} (only files have hashes)"])
    if sources.url.startswith("git+"):
        if sources.editable:  # the command line has cloned those that it was asked for
            raise BuildsError(
                f"{sources.place} can't be installed as it stands: it is a repository elsewhere",
                hint="clone it, and name the folder with -e",
            )
        return _repository(sources.url, workplace, environ)
    return _folder(sources)


def _folder(sources: "Buildable") -> SourceTree:
    url, fragment = urldefrag(sources.url)
    path = local_path(url)
    if path is None or not path.is_dir():
        raise BuildsError(f"{sources.place}: there is no such folder")
    root = _inside(path, _subdirectory(fragment), sources.place)
    document: dict[str, Any] = {"url": url, "dir_info": {"editable": True} if sources.editable else {}}
    return SourceTree(root, _with_subdirectory(document, fragment))


def _repository(url: str, workplace: Path, environ: Mapping[str, str]) -> SourceTree:
    reference = GitReference.parse(url)
    tree = workplace / "repository"
    commit = reference.check_out(tree, environ)
    document = reference.direct_url(commit)
    root = _inside(tree, reference.subdirectory, reference.shown)
    identity = {"git": document["url"], "commit": commit, "subdirectory": reference.subdirectory}
    return SourceTree(root, document, identity)


def _archive(
    file: "File",
    url: str,
    client: "Client",
    workplace: Path,
    allowed_hashes: Collection[str] | None,
    *,
    require_hashes: bool,
) -> SourceTree:
    path, sha256 = client.retrieve(file, workplace / "archive")
    if require_hashes and allowed_hashes is None:
        raise HashesMissing([file.filename])
    if allowed_hashes is not None:
        _check_hash(path, sha256, allowed_hashes)
    tree = unpack_sources(path, workplace / "tree")
    path.unlink(missing_ok=True)
    fragment = urldefrag(url).fragment
    subdirectory = _subdirectory(fragment)
    document: dict[str, Any] | None = None
    if url:
        info = {"hash": f"sha256={sha256}", "hashes": {"sha256": sha256}}
        document = {"url": split_credentials(urldefrag(url).url)[0], "archive_info": info}
        document = _with_subdirectory(document, fragment)
    identity = {"sha256": sha256, "subdirectory": subdirectory}
    return SourceTree(_inside(tree, subdirectory, file.filename), document, identity, is_archive=True)


def _check_hash(path: Path, sha256: str, allowed: Collection[str]) -> None:
    """Hold an archive against the hashes that the user allows, before anything of it is looked at."""
    for algorithm in sorted({entry.partition(":")[0] for entry in allowed}):
        with path.open("rb") as file:
            if f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}" in allowed:
                return
    raise DigestMismatch(path.name, " or ".join(sorted(allowed)), sha256)


def _subdirectory(fragment: str) -> str:
    return parse_qs(fragment).get("subdirectory", [""])[0]


def _with_subdirectory(document: dict[str, Any], fragment: str) -> dict[str, Any]:
    subdirectory = _subdirectory(fragment)
    return {**document, "subdirectory": subdirectory} if subdirectory else document


def _inside(tree: Path, subdirectory: str, place: str) -> Path:
    """Return a folder of the tree, and never one outside of it."""
    if not subdirectory:
        return tree
    root = (tree / subdirectory).resolve() if "\0" not in subdirectory else tree.parent
    if not root.is_relative_to(tree.resolve()) or not root.is_dir():
        raise InvalidProject(f"{place} has no folder {subdirectory!r}")
    return root
