"""Where each folder of a wheel goes in an environment; everything is named relative to its root."""

import os
import posixpath
import re
from pathlib import Path

from rewheel.environments import Target
from rewheel.installing.errors import UnsafePath
from rewheel.installing.manifest import Manifest
from rewheel.values import frozen

__all__ = ["STAGING", "Layout"]

STAGING = ".rewheel-transaction"
"""The folder in an environment's root in which a change is prepared; it exists only during a change."""

_KEYS = ("purelib", "platlib", "scripts", "data", "headers")
_INTERPRETERS = re.compile(r"pythonw?(\d(\.\d+)?t?)?(\.exe)?", re.IGNORECASE)
_ACTIVATION = frozenset({
    "activate", "activate.bat", "activate.csh", "activate.fish", "activate.nu", "activate.ps1",
    "activate_this.py", "deactivate.bat",
})  # fmt: skip


@frozen
class Layout:
    """The folders of a target, relative to its root with forward slashes; "" is the root itself."""

    root: Path
    """Without symbolic links on the way."""
    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    is_plain_folder: bool

    @classmethod
    def of(cls, target: Target) -> "Layout":
        """Return the layout of a target, whose folders need not exist yet.

        Links that the environment's creator made (`lib64` for `lib`) are resolved. A folder that then lies
        outside of the root is remembered as such and refused when something is to go there.
        """
        root = Path(os.path.realpath(target.root))
        folders = {key: _relative(root, getattr(target.scheme, key)) for key in _KEYS}
        return cls(root, **folders, is_plain_folder=target.is_directory_target)

    @property
    def fixed(self) -> frozenset[str]:
        """The folders that belong to the environment itself, even when they are empty."""
        found = {""}
        if not self.is_plain_folder:
            for folder in (self.purelib, self.platlib, self.scripts, self.headers.partition("/")[0]):
                while folder:
                    found.add(folder)
                    folder = posixpath.dirname(folder)  # noqa: PLW2901 - climbs
        return frozenset(found)

    @property
    def libraries(self) -> tuple[str, ...]:
        """The folders of importable packages, each once."""
        return (self.purelib,) if self.purelib == self.platlib else (self.purelib, self.platlib)

    def library(self, manifest: Manifest) -> str:
        """Return the folder that the root of a wheel's archive becomes."""
        return self.purelib if manifest.root_is_purelib else self.platlib

    def destination(self, manifest: Manifest, folder: str, owner: str) -> str:
        """Return where a folder of a wheel goes; raises UnsafePath when it must not go anywhere.

        `owner` is the name of the distribution, for its headers and for errors.
        """
        found = self._mapped(manifest, folder, owner)
        if found == ".." or found.startswith(("../", "/")):
            raise UnsafePath(owner, folder, f"would be installed outside the environment {self.root}")
        top, _, _ = found.partition("/")
        if top == STAGING:
            raise UnsafePath(owner, folder, "is a name that is reserved while an environment is changed")
        for library in self.libraries:
            inside = found.removeprefix(f"{library}/" if library else "")
            if library and inside == found:
                continue
            info = inside.partition("/")[0]
            if info.endswith((".dist-info", ".egg-info")) and info != manifest.dist_info:
                raise UnsafePath(owner, folder, "would look like another distribution that is installed")
        return found

    def is_protected(self, path: str) -> bool:
        """Whether a file makes the environment what it is, so that no distribution may bring or take it."""
        if self.is_plain_folder:
            return False
        folder, _, name = path.rpartition("/")
        if folder == self.scripts:
            return _INTERPRETERS.fullmatch(name) is not None or name.lower() in _ACTIVATION
        return path == "pyvenv.cfg"

    def _mapped(self, manifest: Manifest, folder: str, owner: str) -> str:
        if folder != manifest.data_dir and not folder.startswith(f"{manifest.data_dir}/"):
            return _join(self.library(manifest), folder)
        key, _, rest = folder[len(manifest.data_dir) + 1 :].partition("/")
        if key not in _KEYS:
            raise UnsafePath(owner, folder, f"is none of the data folders {', '.join(_KEYS)}")
        base: str = getattr(self, key)
        return _join(_join(base, owner), rest) if key == "headers" else _join(base, rest)


def _relative(root: Path, folder: Path) -> str:
    relative = os.path.relpath(os.path.realpath(folder), root).replace(os.sep, "/")
    return "" if relative == "." else relative


def _join(first: str, second: str) -> str:
    return f"{first}/{second}" if first and second else first or second
