"""Bytecode in the store: compiled once per wheel and kind of interpreter, then linked with the sources.

It is valid by the time and size of the source, as Python itself makes it: Python notices when somebody edits
a module, which it would not with unchecked hashes, and need not read every source, as with checked ones.
Hard links share the source's time; a copy is given it.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from rewheel.installing.manifest import Files, unpack_folders
from rewheel.installing.store import Store, StoredWheel
from rewheel.progress import Reporter

__all__ = [
    "BytecodeMode",
    "bytecode_folders",
    "compile_later",
    "compile_now",
    "has_bytecode",
    "shared_modules",
]

_COMPILER = Path(__file__).with_name("compiler.py")
_FORMAT = 2
_MOST_PROCESSES = 8


class BytecodeMode(StrEnum):
    """What becomes of bytecode when something is installed."""

    NEVER = "never"
    """It is neither made nor linked."""
    AUTO = "auto"
    """What the store has is linked; what it lacks is made after the installation, which is not held up."""
    ALWAYS = "always"
    """What the store lacks is made first, so that everything is linked."""


def bytecode_folders(
    wheel: StoredWheel, tag: str, shared: Mapping[str, Collection[str]]
) -> tuple[StoredWheel, Mapping[str, Files]]:
    """Return where the wheel's bytecode lies in the store, and by folder of sources its files.

    Nothing is returned for modules in `shared`, or if the bytecode was made from other sources. What is
    damaged counts as missing.
    """
    entry = _place(wheel, tag)
    origin = StoredWheel(wheel.sha256, entry, wheel.manifest)
    found = _read(entry, wheel.manifest.digest)
    suffix = f".{tag.rpartition('-')[0]}.pyc"
    for folder in found.keys() & shared.keys():
        left_out = {name.removesuffix(".py") + suffix for name in shared[folder]}
        found[folder] = Files([file for file in found[folder] if file.name not in left_out])
    return origin, {folder: files for folder, files in found.items() if files.count}


def has_bytecode(wheel: StoredWheel, tag: str) -> bool:
    """Tell whether the store has bytecode of that form of a wheel."""
    return os.path.isdir(_place(wheel, tag))  # noqa: PTH112


def shared_modules(wheels: Iterable[StoredWheel]) -> dict[str, set[str]]:
    """Return, by their folder, the files that several wheels bring: which of them stays is decided later."""
    bringers: dict[str, list[Files]] = {}
    for wheel in wheels:
        for folder, files in wheel.manifest.folders.items():
            bringers.setdefault(folder, []).append(files)
    found: dict[str, set[str]] = {}
    for folder, several in bringers.items():
        if len(several) > 1:
            names = Counter(name for files in several for name in files.names)
            both = {name for name, count in names.items() if count > 1}
            if both:
                found[folder] = both
    return found


def compile_now(
    wheels: Sequence[StoredWheel], store: Store, python: Path, tag: str, reporter: Reporter
) -> None:
    """Compile wheels into the store, on all processors; whatever goes wrong is a warning."""
    import subprocess

    lacking = _lacking(wheels, store, tag)
    processes = []
    failure = ""
    for _ in range(min(os.cpu_count() or 1, len(lacking), _MOST_PROCESSES)):
        command = _command("now", store, python, tag, lacking)
        try:
            processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                )
            )
        except OSError as error:
            reporter.warning(f"cannot compile with {python}: {error.strerror or error}")
            break
    for process in processes:
        output, _ = process.communicate()
        if process.returncode:
            lines = output.decode("utf-8", "replace").strip().splitlines()
            failure = lines[-1][:200] if lines else f"exit status {process.returncode}"
    if failure:
        reporter.warning(f"compiling with {python} failed: {failure}")


def compile_later(wheels: Sequence[StoredWheel], store: Store, python: Path, tag: str) -> None:
    """Let a process of the lowest priority compile wheels into the store, and don't wait for it.

    It belongs to no terminal and may be killed; nothing that it fails at concerns anybody.
    """
    lacking = _lacking(wheels, store, tag)
    if not lacking:
        return
    import contextlib
    import subprocess

    with contextlib.suppress(OSError):
        process = subprocess.Popen(
            _command("idle", store, python, tag, lacking),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=store.root,
            start_new_session=True,
        )
        process.returncode = 0  # it is nobody's child any more: what is not waited for is not complained of


def _lacking(wheels: Sequence[StoredWheel], store: Store, tag: str) -> list[str]:
    """Name the entries without bytecode, large ones first, since one process compiles one wheel."""
    missing = [wheel for wheel in wheels if not has_bytecode(wheel, tag)]
    missing.sort(key=_weight, reverse=True)
    return [Path(wheel.entry).relative_to(store.root).as_posix() for wheel in missing]


def _weight(wheel: StoredWheel) -> int:
    return sum(file.size for path, file in wheel.manifest.files() if path.endswith(".py"))


def _command(mode: str, store: Store, python: Path, tag: str, entries: Sequence[str]) -> list[str]:
    return [str(python), "-I", "-S", str(_COMPILER), mode, str(store.root), tag, *entries]


def _place(wheel: StoredWheel, tag: str) -> str:
    return f"{wheel.entry}/bytecode/{tag}"


def _read(entry: str, manifest: str) -> dict[str, Files]:
    """Read what the compiler made of a wheel with this manifest; nothing if that is damaged."""
    try:
        with open(f"{entry}/manifest", "rb") as file:  # noqa: PTH123 - see StoredWheel
            _, header, folders = unpack_folders(file.read())
        return folders if (header["format"], header["manifest"]) == (_FORMAT, manifest) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
