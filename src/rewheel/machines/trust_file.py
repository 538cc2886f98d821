"""What the trust file says: entries of consent, read strictly and written for people."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from rewheel.machines.errors import MachinesError
from rewheel.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "ALL_NAMESPACES",
    "TrustEntry",
    "TrustError",
    "format_entries",
    "is_namespace",
    "is_package",
    "normalized",
    "read_entries",
    "read_entry",
]

ALL_NAMESPACES = "*"

Entries = dict[tuple[str, str], "TrustEntry"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9_]+|\*")
_PIN = re.compile(r"\s*(?P<name>[A-Za-z0-9._-]+)\s*==\s*(?P<version>[A-Za-z0-9.!+_-]+)\s*")
_HASH = re.compile(r"[a-z0-9_]+:[0-9a-f]{32,128}")
_HEADER = """\
# Providers of variant properties that may run on this computer.
# Written by rewheel and safe to edit: delete a [[trusted]] table to take consent back.
# "resolved" and "hashes" pin what was agreed to; without them the next run pins what it finds.
"""


class TrustError(MachinesError, ValueError):
    """The trust file cannot be read, understood or written; `key` names the place in it, if any."""

    def __init__(self, path: Path, problem: str, *, key: str = "") -> None:
        place = f"{path}: {key}" if key else f"{path}"
        super().__init__(f"{place}: {problem}", hint=f"correct the file or delete it: {path}")
        self.path = path
        self.key = key


@frozen
class TrustEntry:
    """Consent to run the plugin of one distribution for one namespace, or for all of them ("*").

    `resolved` lists what was installed for it when consent was given, each as "name==version", `hashes`
    the digests by normalised name, as "sha256:…". An entry without pins is consent to whatever the next
    run resolves to; that run pins it.
    """

    package: str
    namespace: str = ALL_NAMESPACES
    resolved: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    date: str = ""

    @property
    def is_pinned(self) -> bool:
        """Tell whether the consent is bound to particular files."""
        return bool(self.resolved)

    @property
    def versions(self) -> Mapping[str, str]:
        """The pinned versions by normalised name."""
        return dict(_pin(text) for text in self.resolved)

    def pins_exactly(self, versions: Mapping[str, str], hashes: Mapping[str, str]) -> bool:
        """Tell whether the pins are these versions and digests, by normalised name."""
        return self.versions == versions and self.hashes == hashes


def is_package(text: str) -> bool:
    """Tell whether a text can be the name of a distribution."""
    return _NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Tell whether a text is a namespace, or "*" for all."""
    return _NAMESPACE.fullmatch(text) is not None


def read_entries(path: Path, data: bytes) -> Entries:
    """Read the content of the file at `path`; raises TrustError."""
    import tomllib

    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        raise TrustError(path, f"is not TOML: {reason}") from error
    return _Reader(path).document(document)


def read_entry(path: Path, table: Mapping[str, Any]) -> TrustEntry:
    """Check one entry that is about to be written to the file at `path`; raises TrustError."""
    return _Reader(path).entry(table, "new entry")


def format_entries(entries: Mapping[tuple[str, str], TrustEntry]) -> str:
    """Write the content of a trust file, always the same for the same entries."""
    import tomli_w

    tables = [_table(entry) for _, entry in sorted(entries.items())]
    return f"{_HEADER}\n{tomli_w.dumps({'trusted': tables})}" if tables else _HEADER


class _Reader:
    """Turns the parsed document into entries; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def document(self, document: Mapping[str, Any]) -> Entries:
        for key in document:
            if key != "trusted":
                self._refuse(key, 'is not known; entries are tables named "trusted"')
        tables = document.get("trusted", [])
        if not isinstance(tables, list):
            self._refuse("trusted", "must be a list of tables: write [[trusted]]")
        entries: Entries = {}
        for number, table in enumerate(tables, start=1):
            place = f"trusted[{number}]"
            if not isinstance(table, dict):
                self._refuse(place, "must be a table")
            entry = self.entry(table, place)
            if entries.setdefault((entry.package, entry.namespace), entry) != entry:
                self._refuse(place, f"contradicts an earlier entry for {entry.package} and {entry.namespace}")
        return entries

    def entry(self, table: Mapping[str, Any], place: str) -> TrustEntry:
        for key in table:
            if key not in ("package", "namespace", "date", "resolved", "hashes"):
                self._refuse(f"{place}.{key}", "is not known")
        package = self._text(table, "package", place, _NAME, "the name of a distribution")
        namespace = self._text(table, "namespace", place, _NAMESPACE, 'a namespace, or "*" for all')
        resolved = self._resolved(table.get("resolved", []), f"{place}.resolved")
        hashes = self._hashes(table.get("hashes", {}), f"{place}.hashes", dict(resolved))
        return TrustEntry(
            package=normalized(package),
            namespace=namespace,
            resolved=tuple(f"{name}=={version}" for name, version in resolved),
            hashes=MappingProxyType(hashes),
            date=self._date(table.get("date", ""), f"{place}.date"),
        )

    def _text(
        self, table: Mapping[str, Any], key: str, place: str, form: re.Pattern[str], meaning: str
    ) -> str:
        if key not in table:
            self._refuse(f"{place}.{key}", "is missing")
        value = table[key]
        if not isinstance(value, str) or not form.fullmatch(value.strip()):
            self._refuse(f"{place}.{key}", f"must be {meaning}, not {_shown(value)}")
        return value.strip()

    def _resolved(self, value: object, place: str) -> list[tuple[str, str]]:
        if not isinstance(value, list):
            self._refuse(place, f'must be a list of "name==version", not {_shown(value)}')
        pins: dict[str, str] = {}
        for item in value:
            if not isinstance(item, str) or not _PIN.fullmatch(item):
                self._refuse(place, f'must list "name==version", not {_shown(item)}')
            name, version = _pin(item)
            if not _is_version(version):
                self._refuse(place, f"pins {name} to {version!r}, which is not a version")
            if pins.setdefault(name, version) != version:
                self._refuse(place, f"pins {name} to two versions")
        return sorted(pins.items())

    def _hashes(self, value: object, place: str, pins: Mapping[str, str]) -> dict[str, str]:
        if not isinstance(value, dict):
            self._refuse(place, f"must be a table, not {_shown(value)}")
        hashes: dict[str, str] = {}
        for name, digest in value.items():
            key = normalized(name)
            if key not in pins:
                self._refuse(f"{place}.{name}", "is the digest of something that is not in resolved")
            if not isinstance(digest, str) or not _HASH.fullmatch(digest.strip().lower()):
                self._refuse(f"{place}.{name}", f'must be a digest like "sha256:…", not {_shown(digest)}')
            if hashes.setdefault(key, digest.strip().lower()) != digest.strip().lower():
                self._refuse(f"{place}.{name}", "is given twice")
        return dict(sorted(hashes.items()))

    def _date(self, value: object, place: str) -> str:
        import datetime as dt

        if isinstance(value, dt.date):  # TOML has dates of its own; datetime is a subclass
            return value.isoformat()
        if not isinstance(value, str) or len(value) > 40 or not value.isprintable():
            self._refuse(place, f"must be a date, not {_shown(value)}")
        return value

    def _refuse(self, key: str, problem: str) -> NoReturn:
        raise TrustError(self._path, problem, key=key)


def _table(entry: TrustEntry) -> dict[str, Any]:
    table: dict[str, Any] = {"package": entry.package, "namespace": entry.namespace}
    if entry.date:
        table["date"] = entry.date
    if entry.resolved:
        table["resolved"] = list(entry.resolved)
    if entry.hashes:
        table["hashes"] = dict(entry.hashes)
    return table


def _pin(text: str) -> tuple[str, str]:
    name, _, version = text.partition("==")
    return normalized(name), version.strip()


def _is_version(text: str) -> bool:
    from packaging.version import Version

    try:
        Version(text)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return False
    return True


def normalized(name: str) -> str:
    """Normalise the name of a distribution."""
    from rewheel.variants import normalize_project

    return normalize_project(name.strip())


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."
