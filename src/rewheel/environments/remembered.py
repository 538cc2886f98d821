"""The answers of interpreters, kept on disk until something about the interpreter changes."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rewheel
from rewheel.environments.errors import InterpreterError
from rewheel.environments.interpreter import Interpreter, query
from rewheel.environments.siblings import adopt, family_of, generalise, witnesses

__all__ = ["InterpreterCache"]

_FORMAT = "2"


class InterpreterCache:
    """Facts and wheel tags of interpreters, in the folder `directory`; with None nothing is kept.

    An entry holds while the interpreter's file, its `pyvenv.cfg`, the kernel, the C library and this tool
    stay what they were. An environment that nobody asked yet may have siblings (`siblings`). Whatever is
    wrong with the folder or with an entry costs only the time to ask again.
    """

    def __init__(self, directory: Path | None, *, meanwhile: Callable[[], None] | None = None) -> None:
        """Call `meanwhile` while an interpreter that has to be asked thinks."""
        self._directory = directory / "interpreters" if directory is not None else None
        self._meanwhile = meanwhile

    def interpreter(self, executable: Path) -> Interpreter:
        """Return what the interpreter at `executable` says about itself; raises InterpreterError."""
        stamp = _stamp(executable)
        text = self._read(self._path(executable, ".json"), stamp)
        if text is not None:
            try:
                return Interpreter.from_facts(json.loads(text), name=str(executable))
            except (ValueError, InterpreterError):
                pass
        family = family_of(executable)
        facts = self._inherit(executable, family) if family else None
        if facts is None:
            facts = query(executable, meanwhile=self._meanwhile)
            self._write(self._path(executable, ".json"), stamp, json.dumps(facts))
            if family:
                self._bequeath(executable, family, facts)
        return Interpreter.from_facts(facts, name=str(executable))

    def tags(self, interpreter: Interpreter) -> Mapping[str, int]:
        """Return the wheel tags that the interpreter can use, each with its rank, best first."""
        # They depend on how the interpreter was built, and not on where it lies.
        facts = (interpreter.implementation, interpreter.version, interpreter.build, *_system())
        stamp = f"{facts!r}{_packaging_stamp()}"
        path = self._named(stamp, ".tags")
        text = self._read(path, stamp)
        if text is None:
            from rewheel.environments.tags import interpreter_tags

            found = interpreter_tags(interpreter)
            self._write(path, stamp, "\n".join(found))
            return found
        lines = text.split("\n")
        return dict(zip(lines, range(len(lines)), strict=True))

    def _inherit(self, executable: Path, family: str) -> dict[str, Any] | None:
        """Conclude what the interpreter would say from what one of its family said; None in any doubt."""
        text = self._read(self._named(family, ".family"), _family_stamp(executable, family))
        if text is None:
            return None
        try:
            document = json.loads(text)
            if document["witnesses"] != [
                [name, _file_stamp(Path(name))] for name, _ in document["witnesses"]
            ]:
                return None
            facts = adopt(document["facts"], executable)
            if facts is not None:
                Interpreter.from_facts(facts)
        except (ValueError, KeyError, TypeError, InterpreterError):
            return None
        return facts

    def _bequeath(self, executable: Path, family: str, facts: Mapping[str, Any]) -> None:
        general = generalise(facts, executable)
        if general is not None:
            seen = [[str(path), _file_stamp(path)] for path in witnesses(facts)]
            document = json.dumps({"facts": general, "witnesses": seen})
            self._write(self._named(family, ".family"), _family_stamp(executable, family), document)

    def _path(self, executable: Path, suffix: str) -> Path | None:
        # The name as given, since all environments of one Python may share the real file.
        return self._named(os.path.abspath(executable), suffix)  # noqa: PTH100

    def _named(self, name: str, suffix: str) -> Path | None:
        if self._directory is None:
            return None
        key = hashlib.sha256(name.encode("utf-8", "surrogateescape"))
        return self._directory / (key.hexdigest()[:32] + suffix)

    def _read(self, path: Path | None, stamp: str) -> str | None:
        if path is None:
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        head, _, body = text.partition("\n")
        return body if head == _seal(stamp, body) else None

    def _write(self, path: Path | None, stamp: str, body: str) -> None:
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
    return "\0".join([os.path.realpath(executable), *map(_file_stamp, files), *_system()])


def _family_stamp(executable: Path, family: str) -> str:
    """Return a text that changes when all interpreters of a family may answer differently."""
    return "\0".join([family, _file_stamp(executable), *_system()])


def _system() -> list[str]:
    """Return what changes with this tool, the kernel and the C library."""
    parts = [_FORMAT, rewheel.__version__, sys.platform]
    if hasattr(os, "uname"):
        uname = os.uname()
        parts += [uname.release, uname.version, uname.machine]
    try:
        parts.append(os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (AttributeError, OSError, ValueError):
        parts.append("")
    return parts


def _packaging_stamp() -> str:
    """Return a text that changes with the library that computes tags, without importing it."""
    for folder in sys.path:
        stamp = _file_stamp(Path(folder, "packaging", "tags.py"))
        if stamp != "-":
            return f"\0{folder}\0{stamp}"
    return "\0"


def _file_stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}:{status.st_size}"
