"""The trust store: which third-party providers the user lets run, pinned, in a file that people can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.machines.trust_file import (
    ALL_NAMESPACES,
    TrustEntry,
    TrustError,
    format_entries,
    is_namespace,
    is_package,
    normalized,
    read_entries,
    read_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rewheel.machines.trust_file import Entries

__all__ = ["ALL_NAMESPACES", "TrustEntry", "TrustError", "TrustStore"]

_SIZE_LIMIT = 1024 * 1024  # bytes; thousands of entries fit


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
        entries, name = self._read(), normalized(package)
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
        if not is_package(package):
            raise UsageError(f"{package!r} is not the name of a distribution")
        if not is_namespace(namespace):
            raise UsageError(f"{namespace!r} is not a namespace")
        table = {
            "package": package,
            "namespace": namespace,
            "date": date or _today(),
            "resolved": list(resolved),
            "hashes": dict(hashes or {}),
        }
        entry = read_entry(self.path, table)
        entries = self._read()
        entries[entry.package, entry.namespace] = entry
        self._write(entries)
        return entry

    def revoke(self, package: str, namespace: str | None = None) -> tuple[TrustEntry, ...]:
        """Take consent back: the entry of that very namespace ("*" is one), or with None all of the package.

        Returns what was removed; nothing is written when there was nothing.
        """
        entries, name = self._read(), normalized(package)
        gone = [key for key in sorted(entries) if key[0] == name and namespace in (None, key[1])]
        removed = tuple(entries.pop(key) for key in gone)
        if removed:
            self._write(entries)
        return removed

    def _read(self) -> Entries:
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
        return read_entries(self.path, data)

    def _write(self, entries: Mapping[tuple[str, str], TrustEntry]) -> None:
        import os
        import tempfile
        from pathlib import Path

        text = format_entries(entries)
        try:
            target = Path(os.path.realpath(self.path))  # a linked file stays a link
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


def _today() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).date().isoformat()
