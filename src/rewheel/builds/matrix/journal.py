"""What was finished by earlier runs, so that after a failure only what is missing is built again."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from rewheel.wheels import replacing

__all__ = ["Journal"]

_MOST = 2000
"""Wheels that are remembered of one folder; the oldest are forgotten."""


class Journal:
    """Remembers of one output folder which wheel is of which inputs. Not thread-safe.

    A wheel counts as finished while it lies in the folder as it was written. The journal itself lies
    elsewhere: in a folder of wheels there are only wheels.
    """

    def __init__(self, folder: Path, output: Path) -> None:
        """Keep the journal below `folder`, for the folder `output`."""
        self._output = output
        name = hashlib.sha256(os.path.realpath(output).encode("utf-8", "surrogatepass")).hexdigest()[:24]
        self._path = folder / f"{name}.json"
        self._entries = self._read()

    def finished(self, key: str) -> Path | None:
        """Return the wheel of these inputs if it is still there, unchanged."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        path = self._output / entry["filename"]
        try:
            with path.open("rb") as file:
                is_same = hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"]
        except OSError:
            return None
        return path if is_same else None

    def note(self, key: str, path: Path) -> None:
        """Remember a wheel that is finished, at once; a full disk only means that it is built again."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._entries.pop(key, None)
        self._entries[key] = {"filename": path.name, "sha256": digest}
        kept = dict(list(self._entries.items())[-_MOST:])
        try:
            with replacing(self._path) as file:
                file.write(json.dumps(kept, indent=1).encode())
        except Exception:  # noqa: BLE001, S110 - whatever it is, the wheel is there
            pass

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found: Any = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        entries = found.items() if isinstance(found, dict) else ()
        return {
            str(key): {name: str(entry[name]) for name in ("filename", "sha256")}
            for key, entry in entries
            if isinstance(entry, dict)
            and {"filename", "sha256"} <= set(entry)
            and Path(str(entry["filename"])).name == entry["filename"]
        }
