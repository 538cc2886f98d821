"""Wheels that were built before, so that the same sources need not be built again."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewheel import __version__
from rewheel.errors import RewheelError
from rewheel.resolution import BuiltWheel
from rewheel.variants import WheelFilename

__all__ = ["BuildCache"]

_FACTS = "built.json"
"""The file that says what an entry holds; without it the entry is not complete."""


class BuildCache:
    """A folder of built wheels that processes share; an entry appears by one rename and never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def key(facts: Mapping[str, Any]) -> str:
        """Name an entry after everything that decides over the wheel; our own version is added."""
        text = json.dumps({**facts, "rewheel": __version__}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def get(self, key: str) -> BuiltWheel | None:
        """Return a wheel after checking that it is still the one that was put there; drop a damaged one."""
        entry = self._folder / key
        try:
            facts = json.loads((entry / _FACTS).read_bytes())
            path = entry / facts["filename"]
            filename = WheelFilename.parse(path.name)
            if path.parent == entry and _sha256(path) == facts["sha256"]:
                return BuiltWheel(path, facts["sha256"], filename)
        except FileNotFoundError:
            if not entry.exists():
                return None
        except (OSError, ValueError, KeyError, TypeError, RewheelError):
            pass
        shutil.rmtree(entry, ignore_errors=True)
        return None

    def put(self, key: str, wheel: Path, origin: str) -> None:
        """Keep a copy of a wheel; a full or read-only disk only means that it is built again some day.

        `origin` tells people who look into the folder what the wheel was made of.
        """
        entry = self._folder / key
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as workplace:
                draft = Path(workplace) / "entry"
                draft.mkdir()
                shutil.copyfile(wheel, draft / wheel.name)
                facts = {"filename": wheel.name, "sha256": _sha256(draft / wheel.name), "origin": origin}
                with (draft / _FACTS).open("w", encoding="utf-8") as file:
                    json.dump(facts, file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(entry)
        except OSError:
            return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
