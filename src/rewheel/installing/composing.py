"""What one wheel becomes in one environment: its linked files, the files written for it, and its RECORD."""

import json
import posixpath
from collections.abc import Collection, Mapping

from rewheel.environments import Target
from rewheel.installing.bytecode import bytecode_folders
from rewheel.installing.entry_points import read_commands
from rewheel.installing.errors import InstallingError, UnsafePath
from rewheel.installing.layout import Layout
from rewheel.installing.manifest import Files, record_row
from rewheel.installing.plan import InstallItem
from rewheel.installing.scripts import adapt_script, command_files
from rewheel.installing.store import StoredWheel
from rewheel.values import field, frozen, mutable
from rewheel.variants import normalize_project
from rewheel.wheels import digest_of

__all__ = ["Composition", "Linked", "Written", "compose", "without_traces"]

_TRACES = frozenset({
    "INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "RECORD.jws", "RECORD.p7s",
})  # fmt: skip
"""Files of a dist-info folder that tell of an installation and not of a wheel."""


@frozen
class Linked:
    """Files of one folder of a stored wheel that go into one folder of the environment."""

    origin: StoredWheel
    source: str
    folder: str
    files: Files


@frozen
class Written:
    """A file that is made for this environment."""

    content: bytes
    executable: bool = False


@mutable
class Composition:
    """Everything that one wheel brings; paths are relative to the environment's root."""

    item: InstallItem
    stored: StoredWheel
    library: str
    """The folder that holds the dist-info folder, at which RECORD's paths start."""
    linked: list[Linked] = field(default_factory=list)
    written: dict[str, Written] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The distribution's name, for messages."""
        return self.item.filename.distribution

    @property
    def dist_info(self) -> str:
        """The dist-info folder."""
        return posixpath.join(self.library, self.stored.manifest.dist_info)

    def is_as_archived(self, linked: Linked) -> bool:
        """Tell whether files lie below the library as they do in the archive."""
        data_dir = self.stored.manifest.data_dir
        return linked.source != data_dir and not linked.source.startswith(f"{data_dir}/")

    def digest(self, folder: str, name: str) -> str:
        """Return what RECORD says of the content of a file: nothing of bytecode."""
        written = self.written.get(f"{folder}/{name}" if folder else name)
        if written is not None:
            return _digest(written.content)
        return next(
            file.digest
            for each in self.linked
            if each.folder == folder
            for file in each.files
            if file.name == name
        )


def compose(
    item: InstallItem,
    stored: StoredWheel,
    layout: Layout,
    target: Target,
    *,
    bytecode: str = "",
    shared: Mapping[str, Collection[str]] | None = None,
) -> Composition:
    """Say what a stored wheel becomes in this environment; nothing is touched.

    The `bytecode` of that form is linked where the store has it, save that of modules in `shared`. Raises
    UnsafePath, InvalidEntryPoints, or DamagedEntry.
    """
    manifest = stored.manifest
    result = Composition(item, stored, layout.library(manifest))
    name, dash, _ = manifest.dist_info.removesuffix(".dist-info").rpartition("-")
    if not dash or normalize_project(name) != item.filename.project:
        raise InstallingError(f"{item.filename} holds another project: {manifest.dist_info}")
    scripts = f"{manifest.data_dir}/scripts"
    for source, files in manifest.folders.items():
        folder = layout.destination(manifest, source, result.owner)
        if source == scripts or source.startswith(f"{scripts}/"):
            _add_scripts(result, source, folder, files, target)
            continue
        if source == manifest.dist_info:
            files = without_traces(files)  # noqa: PLW2901
        result.linked.append(Linked(stored, source, folder, files))
    if bytecode:
        _add_bytecode(result, layout, bytecode, shared or {})
    for command in read_commands(manifest.entry_points, result.owner):
        started = command_files(
            command,
            target.python,
            windows=target.is_windows,
            machine=target.markers["platform_machine"],
        )
        for name, content in started.items():
            _write(result, posixpath.join(layout.scripts, name), Written(content, executable=True))
    _describe(result)
    _check(result, layout)
    _record(result)
    return result


def without_traces(files: Files) -> Files:
    """Return the files of a dist-info folder that tell of a wheel and not of its installation."""
    if _TRACES.isdisjoint(files.names):
        return files
    return Files([file for file in files if file.name not in _TRACES])


def _add_bytecode(
    result: Composition, layout: Layout, tag: str, shared: Mapping[str, Collection[str]]
) -> None:
    manifest = result.stored.manifest
    origin, folders = bytecode_folders(result.stored, tag, shared)
    for source, files in folders.items():
        folder = layout.destination(
            manifest, f"{source}/__pycache__" if source else "__pycache__", result.owner
        )
        result.linked.append(Linked(origin, source, folder, files))


def _add_scripts(result: Composition, source: str, folder: str, files: Files, target: Target) -> None:
    for file in files:
        content = result.stored.read(f"{source}/{file.name}", file)
        adapted = adapt_script(
            file.name,
            content,
            target.python,
            windows=target.is_windows,
            machine=target.markers["platform_machine"],
        )
        for name, text in adapted.items():
            _write(result, posixpath.join(folder, name), Written(text, executable=True))


def _write(result: Composition, path: str, written: Written) -> None:
    if result.written.setdefault(path, written) != written:
        raise UnsafePath(result.owner, path, "is both a script of the wheel and a command that it declares")


def _describe(result: Composition) -> None:
    """Add the files that tell how the distribution came here (recording installed projects, PEP 610)."""
    result.written[f"{result.dist_info}/INSTALLER"] = Written(b"rewheel\n")
    if result.item.requested:
        result.written[f"{result.dist_info}/REQUESTED"] = Written(b"")
    if result.item.direct_url is not None:
        text = json.dumps(dict(result.item.direct_url), sort_keys=True)
        result.written[f"{result.dist_info}/direct_url.json"] = Written(text.encode("utf-8"))


def _check(result: Composition, layout: Layout) -> None:
    """Refuse files that would change what the environment is."""
    written: dict[str, set[str]] = {}
    for path in result.written:
        folder, _, name = path.rpartition("/")
        written.setdefault(folder, set()).add(name)
        if layout.is_protected(path):
            raise UnsafePath(result.owner, path, "is a part of the environment itself")
    suspicious = {"", layout.scripts, *layout.libraries, *written}
    for linked in result.linked:
        if linked.folder not in suspicious:
            continue
        prefix = f"{linked.folder}/" if linked.folder else ""
        in_library = linked.folder in layout.libraries
        ours = written.get(linked.folder, ())
        for file in linked.files:
            path = prefix + file.name
            if file.name in ours:
                raise UnsafePath(result.owner, path, "is also written by the installer")
            if in_library and file.name.endswith((".dist-info", ".egg-info", ".egg-link")):
                raise UnsafePath(result.owner, path, "would look like another distribution that is installed")
            if layout.is_protected(path):
                raise UnsafePath(result.owner, path, "is a part of the environment itself")


def _record(result: Composition) -> None:
    """Add RECORD, which tells the hash and size of what is really there."""
    rows = [_rows(linked, result) for linked in result.linked]
    for path, written in result.written.items():
        folder, _, name = path.rpartition("/")
        name = _from_library(folder, result.library) + name
        rows.append(record_row(name, _digest(written.content), len(written.content)))
    rows.append(record_row(_from_library(result.dist_info, result.library) + "RECORD", "", 0))
    result.written[f"{result.dist_info}/RECORD"] = Written("".join(rows).encode())


def _rows(linked: Linked, result: Composition) -> str:
    ready = linked.files.rows if result.is_as_archived(linked) else None
    if ready is not None:
        return ready
    folder = _from_library(linked.folder, result.library)
    return "".join([record_row(folder + file.name, file.digest, file.size) for file in linked.files])


def _from_library(folder: str, library: str) -> str:
    """Return the prefix of a folder's files as RECORD writes it: relative to the library, "" or "…/"."""
    if folder == library:
        return ""
    inside = f"{library}/" if library else ""
    if folder.startswith(inside):
        return f"{folder[len(inside) :]}/"
    relative = posixpath.relpath(f"/{folder}", f"/{library}")
    return "" if relative == "." else f"{relative}/"


def _digest(content: bytes) -> str:
    return f"sha256={digest_of(content)}"
