"""The trust store: which third-party providers the user lets run, pinned, in a file that people can read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from rewheel.errors import UsageError
from rewheel.machines.errors import MachinesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["ALL_NAMESPACES", "TrustEntry", "TrustError", "TrustStore"]

ALL_NAMESPACES = "*"

_SIZE_LIMIT = 1024 * 1024  # bytes; thousands of entries fit
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


@dataclass(frozen=True, slots=True)
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


class TrustStore:
    """The entries of one trust file, read anew for every question so that edits count at once.

    Every method raises TrustError when the file makes no sense; nothing is ever written over such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> tuple[TrustEntry, ...]:
        """List all entries, sorted by package and namespace; a missing file has none."""
        return tuple(entry for _, entry in sorted(self._read().items()))

    def entry(self, package: str, namespace: str) -> TrustEntry | None:
        """Find the consent for a namespace of a package: its own entry, else the one for all namespaces."""
        entries, name = self._read(), _normalized(package)
        return entries.get((name, namespace)) or entries.get((name, ALL_NAMESPACES))

    def trusted(self, package: str, namespace: str) -> bool:
        """Tell whether the plugin of a package may run for a namespace, as far as its pins allow."""
        return self.entry(package, namespace) is not None

    def pins(self, package: str, namespace: str) -> Mapping[str, str]:
        """Tell the versions agreed to, by normalised name; empty when unpinned or not trusted."""
        entry = self.entry(package, namespace)
        return entry.versions if entry else {}

    def grant(
        self,
        package: str,
        namespace: str = ALL_NAMESPACES,
        *,
        resolved: Iterable[str] = (),
        hashes: Mapping[str, str] | None = None,
        date: str = "",
    ) -> TrustEntry:
        """Record consent, in place of an earlier one for the same package and namespace.

        `resolved` and `hashes` pin it (see TrustEntry); `date` defaults to today's, in UTC. Raises UsageError
        when `package` or `namespace` cannot be one.
        """
        if not _NAME.fullmatch(package):
            raise UsageError(f"{package!r} is not the name of a distribution")
        if not _NAMESPACE.fullmatch(namespace):
            raise UsageError(f"{namespace!r} is not a namespace")
        table = {
            "package": package,
            "namespace": namespace,
            "date": date or _today(),
            "resolved": list(resolved),
            "hashes": dict(hashes or {}),
        }
        entry = _Reader(self.path).entry(table, "grant")
        entries = self._read()
        entries[entry.package, entry.namespace] = entry
        self._write(entries)
        return entry

    def revoke(self, package: str, namespace: str | None = None) -> tuple[TrustEntry, ...]:
        """Take consent back: the entry of that very namespace ("*" is one), or with None all of the package.

        Returns what was removed; nothing is written when there was nothing.
        """
        entries, name = self._read(), _normalized(package)
        gone = [key for key in sorted(entries) if key[0] == name and namespace in (None, key[1])]
        removed = tuple(entries.pop(key) for key in gone)
        if removed:
            self._write(entries)
        return removed

    def _read(self) -> dict[tuple[str, str], TrustEntry]:
        import tomllib

        try:
            if not self.path.is_file():
                if self.path.exists():
                    raise TrustError(self.path, "is not a file")
                return {}
            with self.path.open("rb") as stream:
                data = stream.read(_SIZE_LIMIT + 1)
        except OSError as error:
            raise TrustError(self.path, f"cannot be read: {error.strerror or error}") from error
        if len(data) > _SIZE_LIMIT:
            raise TrustError(self.path, f"is larger than {_SIZE_LIMIT} bytes")
        try:
            document = tomllib.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
            reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
            raise TrustError(self.path, f"is not TOML: {reason}") from error
        return _Reader(self.path).document(document)

    def _write(self, entries: Mapping[tuple[str, str], TrustEntry]) -> None:
        import os
        import tempfile
        from pathlib import Path

        import tomli_w

        tables = [_table(entry) for _, entry in sorted(entries.items())]
        text = f"{_HEADER}\n{tomli_w.dumps({'trusted': tables})}" if tables else _HEADER
        try:
            target = self.path.resolve()  # a linked file stays a link
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise TrustError(self.path, f"cannot be written: {error.strerror or error}") from error


class _Reader:
    """Turns the parsed document into entries; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def document(self, document: Mapping[str, Any]) -> dict[tuple[str, str], TrustEntry]:
        for key in document:
            if key != "trusted":
                self._refuse(key, 'is not known; entries are tables named "trusted"')
        tables = document.get("trusted", [])
        if not isinstance(tables, list):
            self._refuse("trusted", "must be a list of tables: write [[trusted]]")
        entries: dict[tuple[str, str], TrustEntry] = {}
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
            package=_normalized(package),
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
            if pins.setdefault(name, version) != version:
                self._refuse(place, f"pins {name} to two versions")
        return sorted(pins.items())

    def _hashes(self, value: object, place: str, pins: Mapping[str, str]) -> dict[str, str]:
        if not isinstance(value, dict):
            self._refuse(place, f"must be a table, not {_shown(value)}")
        hashes: dict[str, str] = {}
        for name, digest in value.items():
            key = _normalized(name)
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
    return _normalized(name), version.strip()


def _normalized(name: str) -> str:
    from rewheel.variants import normalize_project

    return normalize_project(name.strip())


def _today() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).date().isoformat()


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."
