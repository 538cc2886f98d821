"""The distributions that are installed in an environment, read from their folders whatever their state."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.environments.errors import DamagedDistribution, InvalidTarget
from rewheel.values import frozen
from rewheel.variants import normalize_project

if TYPE_CHECKING:
    from rewheel.metadata import CoreMetadata
    from rewheel.wheels import RecordEntry

__all__ = ["InstalledDistribution", "scan"]

_LIMIT = 16 * 1024 * 1024  # bytes of any one file that describes a distribution
_EGG_NAME = r"(?P<name>.+?)-(?P<version>[^-]+)(?:-py\d[^-]*)?(?:-.*)?"
_HEADERS = 8192  # bytes; Name and Version stand at the top


@frozen(slots=False)
class InstalledDistribution:
    """One distribution as it is installed; `path` is its `*.dist-info` folder, or its old `*.egg-info`.

    Everything but these fields is read from disk when it is first asked for.
    """

    path: Path
    project: str
    """The name, normalised (PEP 503)."""
    version: str

    @cached_property
    def name(self) -> str:
        """The name as its author writes it."""
        return self._header("Name") or self.path.name.rpartition(".")[0].partition("-")[0]

    @cached_property
    def label(self) -> str:
        """The label of the installed variant; "" for a plain wheel and for unreadable variant metadata."""
        document = self._json("variant.json")
        variants = document.get("variants") if document is not None else None
        if not isinstance(variants, dict) or len(variants) != 1:
            return ""
        return str(next(iter(variants)))

    @cached_property
    def installer(self) -> str:
        """Who installed it: "pip", "rewheel", … or ""."""
        words = (self._text("INSTALLER") or "").split()
        return words[0] if words else ""

    @cached_property
    def wheel_tags(self) -> frozenset[str]:
        """The tags "python-abi-platform" of its wheel; empty for what never was one."""
        tags: set[str] = set()
        for line in (self._text("WHEEL") or "").splitlines():
            name, _, value = line.partition(":")
            parts = value.strip().split("-")
            if name.strip().lower() == "tag" and len(parts) == 3:
                pythons, abis, platforms = (part.split(".") for part in parts)
                tags.update(f"{p}-{a}-{q}" for p in pythons for a in abis for q in platforms)
        return frozenset(tags)

    @cached_property
    def requested(self) -> bool:
        """Whether it was asked for by name, and did not come as a dependency only."""
        return (self.path / "REQUESTED").exists()

    @cached_property
    def direct_url(self) -> Mapping[str, Any] | None:
        """Where it came from if not from an index (PEP 610)."""
        return self._json("direct_url.json")

    @property
    def editable(self) -> bool:
        """Whether it is the working copy of its source."""
        info = (self.direct_url or {}).get("dir_info")
        return isinstance(info, dict) and info.get("editable") is True

    @property
    def is_egg(self) -> bool:
        """Whether it is of the old kind that has no RECORD, so that nothing can uninstall it safely."""
        return self.path.name.endswith(".egg-info")

    @cached_property
    def damage(self) -> str:
        """What is missing, as a sentence fragment; "" for a distribution that is whole as far as one sees."""
        if self._metadata_file() is None:
            return f"{self.path.name} has no readable METADATA"
        if not self.is_egg and not (self.path / "RECORD").is_file():
            return f"{self.path.name} has no RECORD"
        return ""

    def metadata(self) -> "CoreMetadata":
        """Return its core metadata; raises DamagedDistribution or InvalidCoreMetadata."""
        from rewheel.metadata import CoreMetadata

        data = self._metadata_file()
        if data is None:
            raise DamagedDistribution(
                self.project,
                f"{self.path} has no readable METADATA",
                hint=f"install {self.project} again, or remove that folder",
            )
        return CoreMetadata.parse(data)

    def record(self) -> "list[RecordEntry]":
        """Return the entries of its RECORD, whose paths start at the folder that holds `path`.

        Raises DamagedDistribution when there is none or when it cannot be read.
        """
        from rewheel.wheels import WheelsError, parse_record

        text = self._text("RECORD")
        if text is None:
            reason = (
                "it has the old egg-info format" if self.is_egg else f"{self.path} has no readable RECORD"
            )
            raise DamagedDistribution(
                self.project, reason, hint="whoever installed it knows its files; remove it with that tool"
            )
        try:
            return list(parse_record(text))
        except WheelsError as error:
            raise DamagedDistribution(self.project, f"its RECORD cannot be read ({error})") from error

    def _metadata_file(self) -> bytes | None:
        if self.is_egg and self.path.is_file():
            return _read(self.path)
        return _read(self.path / ("PKG-INFO" if self.is_egg else "METADATA"))

    def _header(self, name: str) -> str:
        return _header((self._metadata_file() or b"")[:_HEADERS], name)

    def _text(self, name: str) -> str | None:
        data = _read(self.path / name)
        return data.decode("utf-8", "replace") if data is not None else None

    def _json(self, name: str) -> dict[str, Any] | None:
        data = _read(self.path / name)
        if data is None:
            return None
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None


def scan(folders: Iterable[Path]) -> list[InstalledDistribution]:
    """Return the distributions in these folders, sorted by project; a missing folder holds none.

    What pip leaves behind when it is killed (names starting with "~") is not installed. A project that is
    there twice is returned twice. Raises InvalidTarget when a folder cannot be read.
    """
    found = []
    seen = set()
    for folder in folders:
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            names = [path.name for path in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise InvalidTarget(f"cannot read {folder}: {error.strerror or error}") from error
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and not name.startswith(("~", "-", ".")):
                distribution = _distribution(folder / name)
                if distribution is not None:
                    found.append(distribution)
    return sorted(found, key=lambda each: (each.project, each.path.name))


def _distribution(path: Path) -> InstalledDistribution | None:
    """Return what a folder or file with such a name stands for, or None if it names no project at all."""
    stem = path.name.rpartition(".")[0]
    if path.name.endswith(".dist-info"):
        name, dash, version = stem.rpartition("-")
    else:
        parts = re.fullmatch(_EGG_NAME, stem)
        name, dash, version = (parts["name"], "-", parts["version"]) if parts else ("", "", "")
    # Only METADATA tells the version where the name has none, or one in which characters were replaced.
    if not dash or not name or "_" in version or not version[:1].isdigit():
        probe = InstalledDistribution(path, "", "")
        data = (probe._metadata_file() or b"")[:_HEADERS]  # noqa: SLF001
        name, version = (name, version) if dash else (stem, "")
        name = _header(data, "Name") or name
        version = _header(data, "Version") or version
        if not version:
            return None
    return InstalledDistribution(path, normalize_project(name), version)


def _header(data: bytes, name: str) -> str:
    prefix = name.lower() + ":"
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        if line.lower().startswith(prefix):
            return line[len(prefix) :].strip()
    return ""


def _read(path: Path) -> bytes | None:
    """Return the file's content, or None if it cannot be read or is larger than such a file may be."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError:
        return None
    return data if len(data) <= _LIMIT else None
