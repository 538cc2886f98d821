"""The answers of interpreters, kept on disk until something about the interpreter changes."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import rewheel
from rewheel.environments.errors import InterpreterError
from rewheel.environments.interpreter import Interpreter, query

__all__ = ["InterpreterCache"]

_FORMAT = "2"


class InterpreterCache:
    """Facts and wheel tags of interpreters, in the folder `directory`; with None nothing is kept.

    An entry holds while the interpreter's file, its `pyvenv.cfg`, the kernel, the C library and this tool
    stay what they were. Whatever is wrong with the folder or with an entry costs only the time to ask again.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory / "interpreters" if directory is not None else None

    def interpreter(self, executable: Path) -> Interpreter:
        """Return what the interpreter at `executable` says about itself; raises InterpreterError."""
        stamp = _stamp(executable)
        text = self._read(executable, ".json", stamp)
        if text is not None:
            try:
                return Interpreter.from_facts(json.loads(text), name=str(executable))
            except (ValueError, InterpreterError):
                pass
        facts = query(executable)
        interpreter = Interpreter.from_facts(facts, name=str(executable))
        self._write(executable, ".json", stamp, json.dumps(facts))
        return interpreter

    def tags(self, interpreter: Interpreter) -> Mapping[str, int]:
        """Return the wheel tags that the interpreter can use, each with its rank, best first."""
        stamp = _stamp(interpreter.executable) + _packaging_stamp()
        text = self._read(interpreter.executable, ".tags", stamp)
        if text is None:
            from rewheel.environments.tags import interpreter_tags

            found = interpreter_tags(interpreter)
            self._write(interpreter.executable, ".tags", stamp, "\n".join(found))
            return found
        lines = text.split("\n")
        return dict(zip(lines, range(len(lines)), strict=True))

    def _path(self, executable: Path, suffix: str) -> Path | None:
        if self._directory is None:
            return None
        # The name as given, since all environments of one Python may share the real file.
        key = hashlib.sha256(os.fsencode(os.path.abspath(executable)))  # noqa: PTH100
        return self._directory / (key.hexdigest()[:32] + suffix)

    def _read(self, executable: Path, suffix: str, stamp: str) -> str | None:
        path = self._path(executable, suffix)
        if path is None:
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        head, _, body = text.partition("\n")
        return body if head == _seal(stamp, body) else None

    def _write(self, executable: Path, suffix: str, stamp: str, body: str) -> None:
        path = self._path(executable, suffix)
        if path is None:
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(f"{_seal(stamp, body)}\n{body}", encoding="utf-8")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True) if path.parent.is_dir() else None


def _seal(stamp: str, body: str) -> str:
    """Return one line that is right only for this stamp and this undamaged body."""
    return hashlib.sha256(f"{stamp}\0{body}".encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(executable: Path) -> str:
    """Return a text that changes when the interpreter may answer differently."""
    folder = executable.absolute().parent
    files = (executable, folder / "pyvenv.cfg", folder.parent / "pyvenv.cfg")
    parts = [_FORMAT, rewheel.__version__, sys.platform, os.path.realpath(executable)]
    parts += [_file_stamp(file) for file in files]
    if hasattr(os, "uname"):
        uname = os.uname()
        parts += [uname.release, uname.version, uname.machine]
    try:
        parts.append(os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (AttributeError, OSError, ValueError):
        parts.append("")
    return "\0".join(parts)


def _packaging_stamp() -> str:
    """Return a text that changes with the library that computes tags, without importing it."""
    from importlib.util import find_spec

    spec = find_spec("packaging")
    return f"\0{spec.origin}\0{_file_stamp(Path(spec.origin))}" if spec and spec.origin else "\0"


def _file_stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}:{status.st_size}"
