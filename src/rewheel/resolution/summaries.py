"""What resolving needs of wheels' core metadata, kept in a few bytes each, so that METADATA is read once.

An entry is a JSON list: name, version, metadata version, Requires-Python, extras, default extras, and the
dependencies, each as the whole specifier, its marker alone, and the extras without which that is not true.
All of it was valid when it was written. It is good for the file that an index lists under one URL with one
strong hash. Of wheels with a label there are none, since their `variant.json` is to be looked at, and of
files on this computer neither.
"""

import json
from typing import TYPE_CHECKING, Any

from rewheel.indexes.claims import identity_of
from rewheel.indexes.hashes import best_digest
from rewheel.metadata import CoreMetadata, Requirement
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rewheel.indexes import Client, File

__all__ = ["Need", "Summaries", "Summary", "needs_of"]

_KIND = "summaries-2"
"""Of entries in the cache; the number changes with their form, and with what is read from METADATA."""


class Need(NamedTuple):
    """A dependency: the whole specifier, and its marker, which tells whether the specifier matters at all."""

    text: str
    marker: str
    """Empty if there is none."""
    extras: tuple[str, ...] = ()
    """Normalised; unless this is empty, the dependency is of no concern where none of them is asked for."""

    def is_ruled_out(self, extras: "Collection[str]") -> bool:
        """Tell whether the extras that are asked for, normalised, rule it out, without reading the marker."""
        return bool(self.extras) and not any(extra in extras for extra in self.extras)


class Summary(NamedTuple):
    """What a wheel says of itself, as far as it matters; its headers may be missing."""

    metadata: CoreMetadata
    needs: tuple[Need, ...]


def needs_of(metadata: CoreMetadata) -> tuple[Need, ...]:
    """Part the dependencies from their markers. Raises InvalidRequirement."""
    parsed = ((text, Requirement.parse(text).marker) for text in metadata.requires)
    return tuple(
        Need(text, str(marker), tuple(sorted(marker.extras))) if marker is not None else Need(text, "")
        for text, marker in parsed
    )


class Summaries:
    """The summaries in the cache. Whatever is wrong with an entry, it counts as missing."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def find(self, file: "File") -> Summary | None:
        """Give the summary of a wheel, if there is one."""
        key = _key(file)
        entry = self._client.cache.get(_KIND, key) if key else None
        if entry is None:
            return None
        try:
            name, version, form, python, extras, defaults, needs = json.loads(entry.body)
            found = tuple(_need(*each) for each in needs)
            requires = tuple(need.text for need in found)
            _texts((name, version, form, python))
            metadata = CoreMetadata(name, version, form, python, requires, _texts(extras), _texts(defaults))
            return Summary(metadata, found)
        except (ValueError, TypeError, RecursionError):
            return None

    def keep(self, file: "File", summary: Summary) -> None:
        """Keep the summary of a wheel, if it is told from every other one."""
        key = _key(file)
        if key:
            metadata = summary.metadata
            row = [
                metadata.name, metadata.version, metadata.metadata_version, metadata.requires_python,
                metadata.extras, metadata.default_extras, summary.needs,
            ]  # fmt: skip
            self._client.cache.put(_KIND, key, {}, json.dumps(row, separators=(",", ":")).encode())


def _key(file: "File") -> str:
    """Name what an index says that a wheel and its metadata are; empty where that leaves doubts."""
    whole = identity_of(file.digest)
    if not whole or file.is_local or file.rim is not None:
        return ""
    offered = file.core_metadata
    beside = str(offered) if isinstance(offered, bool) else identity_of(best_digest(offered))
    return f"{file.url}\n{whole}\n{beside}"


def _need(text: str, marker: str, extras: "Iterable[Any]") -> Need:
    _texts((text, marker))
    return Need(text, marker, _texts(extras))


def _texts(found: "Iterable[Any]") -> tuple[str, ...]:
    texts = tuple(found)
    if not all(type(text) is str for text in texts):
        raise TypeError(texts)
    return texts
