"""The files by which commands are started: written from entry points, or taken from a wheel's scripts.

On Windows a command `foo` becomes `foo.exe`. Where there is no launcher to make that of, it becomes
`foo-script.py` (`.pyw` for a graphical one) and a `foo.cmd` that starts it.
"""

import os
import re
import sys
from pathlib import Path

from rewheel.installing.entry_points import Command
from rewheel.installing.errors import InstallingError

__all__ = ["adapt_script", "command_files", "shebang"]

_LONGEST_SHEBANG = 512 if sys.platform == "darwin" else 127  # bytes, "#!" included; older Linux cuts the rest
_TEMPLATE = """\
import sys
from {module} import {first}

if __name__ == "__main__":
    sys.exit({attribute}())
"""
_WINDOWS_TEMPLATE = """\
import re
import sys
from {module} import {first}

if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\\.pyw?|\\.exe)$", "", sys.argv[0])
    sys.exit({attribute}())
"""


def command_files(command: Command, python: Path, *, windows: bool, machine: str = "") -> dict[str, bytes]:
    """Return the files, by name, that start a command with the interpreter `python`; all are executable.

    `machine` is the architecture that a launcher for Windows is to be of.
    """
    first = command.attribute.partition(".")[0]
    template = _WINDOWS_TEMPLATE if windows else _TEMPLATE
    body = template.format(module=command.module, first=first, attribute=command.attribute).encode("utf-8")
    if not windows:
        return {command.name: shebang(python) + body}
    return _windows_files(command.name, body, python, machine, graphical=command.graphical)


def adapt_script(
    name: str, content: bytes, python: Path, *, windows: bool, machine: str = ""
) -> dict[str, bytes]:
    """Return the files, by name, that a script of a wheel becomes.

    A first line that starts with `#!python` is made to name this interpreter (binary distribution format);
    any other script stays as it is.
    """
    found = re.match(rb"#!python(w?)[^\r\n]*(\r\n|\r|\n|\Z)", content)
    if found is None:
        return {name: content}
    body = content[found.end() :]
    if windows:
        return _windows_files(re.sub(r"\.pyw?$", "", name), body, python, machine, graphical=bool(found[1]))
    return {name: shebang(python) + body}


def shebang(python: Path) -> bytes:
    """Return the first lines of a script that is to be run by `python`.

    The kernel takes neither spaces nor long paths, so the shell starts such an interpreter: what is a command
    to it is a string to Python. Raises InstallingError for a path that not even the shell can be told.
    """
    path = os.fsencode(python)
    if re.search(rb"[\x00-\x1f'\"$`\\]", path):
        raise InstallingError(
            f"scripts cannot name the interpreter {os.fspath(python)!r}",
            hint="create the environment in a folder whose path has no quotes, '$', '`' or backslashes",
        )
    if b" " in path or b"\t" in path or len(path) + 3 > _LONGEST_SHEBANG:
        return b"#!/bin/sh\n'''exec' \"" + path + b'" "$0" "$@"\n' + b"' '''\n"
    return b"#!" + path + b"\n"


def _windows_files(
    name: str, body: bytes, python: Path, machine: str, *, graphical: bool
) -> dict[str, bytes]:
    program = f"{name}-script.{'pyw' if graphical else 'py'}"
    interpreter = str(python)
    if graphical:
        interpreter = re.sub(r"(?i)python(\.exe)?$", r"pythonw\1", interpreter)
    if '"' in interpreter:
        raise InstallingError(f"scripts cannot name the interpreter {interpreter!r}")
    from rewheel.installing.launchers import launcher

    executable = launcher(body, Path(interpreter), machine, graphical=graphical)
    if executable is not None:
        return {f"{name}.exe": executable}
    # In a batch file a per cent sign is doubled, whether in quotes or not.
    start = (
        f'@"{interpreter}" "%~dp0{program}" %*\r\n'
        if not graphical
        else (f'@start "" "{interpreter}" "%~dp0{program}" %*\r\n')
    )
    quoted = start.replace(interpreter, interpreter.replace("%", "%%"))
    return {program: body, f"{name}.cmd": quoted.encode("utf-8")}
