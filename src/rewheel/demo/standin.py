"""A stand-in for a package that is too large for a demo: a few lines of Python in a wheel of its own."""

import base64
import hashlib
import zipfile
from pathlib import Path

__all__ = ["write_standin"]

_EPOCH = (2025, 1, 1, 0, 0, 0)
_MODULE = '''\
"""A stand-in for {name}, made by the demo of rewheel. It holds no code of the real package."""

__version__ = "{version}"
'''
_METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: A stand-in for {name}, made by the demo of rewheel; it holds no code of the real package
"""
_WHEEL = """\
Wheel-Version: 1.0
Generator: rewheel-demo
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write_standin(directory: Path, name: str, version: str) -> Path:
    """Write a plain wheel, the same bytes every time, that any Python can install; return its path."""
    info = f"{name}-{version}.dist-info"
    members = {
        f"{name}/__init__.py": _MODULE.format(name=name, version=version),
        f"{info}/METADATA": _METADATA.format(name=name, version=version),
        f"{info}/WHEEL": _WHEEL,
    }
    rows = [f"{member},sha256={_digest(text)},{len(text.encode())}" for member, text in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            entry = zipfile.ZipInfo(member, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return path


def _digest(text: str) -> str:
    """Return the digest as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
