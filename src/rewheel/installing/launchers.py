"""The programs that start Python scripts on Windows: those of `distlib`, which pip uses as well.

A launcher is followed by a line that names the interpreter and by a zip archive with `__main__.py`. It finds
both at its own end, and has the interpreter run the archive.
"""

import io
import os
import zipfile
from functools import lru_cache
from pathlib import Path

__all__ = ["launcher"]

_ARCHITECTURES = {"amd64": "64", "x86_64": "64", "arm64": "64-arm", "aarch64": "64-arm"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can name; equal commands are to become equal files."""


def launcher(body: bytes, python: Path, machine: str, *, graphical: bool) -> bytes | None:
    """Return the program that has `python` run a script, for the architecture `machine`.

    Returns None where distlib is not installed, as may be when wheels for Windows are unpacked elsewhere.
    """
    program = _program(f"{'w' if graphical else 't'}{_ARCHITECTURES.get(machine.lower(), '32')}.exe")
    if program is None:
        return None
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("__main__.py", _EPOCH), body)
    path = os.fspath(python)
    quoted = f'"{path}"' if " " in path else path
    return program + b"#!" + quoted.encode("utf-8") + b"\r\n" + archive.getvalue()


@lru_cache
def _program(name: str) -> bytes | None:
    from importlib import resources

    try:
        return (resources.files("distlib") / name).read_bytes()
    except (ImportError, OSError):
        return None
