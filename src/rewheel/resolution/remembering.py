"""Answers of earlier resolutions: a hint that is verified before it is believed.

An answer is kept with every page that it was made from, each by the hash of what it said. It holds for the
same question as long as all of those pages say the same: fresh ones are looked up in the cache, others are
asked for again. Kept are only answers that nothing but pages and wheels of indexes went into: where variants
are offered, where something was built, or where there was something to warn of, it is thought about anew.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewheel.indexes import File, IndexSource
from rewheel.metadata import CoreMetadata
from rewheel.resolution.choice import Choice, Status, WheelVerdict
from rewheel.resolution.resolved import Resolution, ResolvedPackage
from rewheel.values import replace
from rewheel.variants import InvalidFilename, WheelFilename

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, Source, Sources
    from rewheel.metadata import Requirement
    from rewheel.resolution.resolver import Resolver
    from rewheel.resolution.search import Likely

__all__ = ["RememberingResolver", "question_of"]

_FORMAT = 1
_KIND = "answers"
_FILE_FIELDS = (
    "filename", "url", "hashes", "requires_python", "yanked", "size", "upload_time", "core_metadata",
)  # fmt: skip


def question_of(
    target: "Target", installed: "Iterable[InstalledDistribution]", said: Iterable[object]
) -> str:
    """Return the hash of everything that an answer depends on, pages apart.

    `said` is what else the answer depends on: versions of this tool, settings, flags.
    """
    parts = [repr(each) for each in said]
    parts += [repr(sorted(target.markers.items())), "\n".join(target.tags)]
    for each in installed:
        parts.append(f"{each.project} {each.version} {each.label} {_stamp(each)}")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


class RememberingResolver:
    """Answers like the resolver that `make` makes, which is made only if there is no answer yet."""

    def __init__(
        self,
        make: "Callable[[], Resolver]",
        *,
        question: str,
        sources: "Sources",
        client: "Client",
        target: "Target",
        warnings: Callable[[], int],
    ) -> None:
        """`question` is of `question_of`, `warnings` counts what the user was warned of so far."""
        self._make = make
        self._question = question
        self._sources = sources
        self._client = client
        self._target = target
        self._warnings = warnings
        self._resolver: Resolver | None = None
        self.pages: Sequence[tuple[str, str, str]] = ()
        """What the last answer was made from, as the client lists pages; empty if there is more to it."""

    def resolve(
        self,
        requirements: "Sequence[Requirement]",
        constraints: "Sequence[Requirement]" = (),
        *,
        likely: "Likely | None" = None,
    ) -> Resolution:
        """Do as `Resolver.resolve` does."""
        key = self._key(requirements, constraints)
        if self._resolver is None and key and (known := self._recall(key)) is not None:
            return known
        before = self._warnings()
        is_first = self._resolver is None
        resolution = self._real.resolve(requirements, constraints, likely=likely)
        if key and is_first and self._warnings() == before:
            self._keep(key, resolution)
        return resolution

    def reject(self, package: ResolvedPackage, reason: str) -> None:
        """Do as `Resolver.reject` does."""
        self._real.reject(package, reason)

    @property
    def _real(self) -> "Resolver":
        if self._resolver is None:
            self._resolver = self._make()
        return self._resolver

    def _key(self, requirements: "Sequence[Requirement]", constraints: "Sequence[Requirement]") -> str:
        """Name the question; empty where what is offered can't be told to be the same as it was."""
        if not all(isinstance(source, IndexSource) for source in self._sources):
            return ""
        if any(requirement.url for requirement in (*requirements, *constraints)):
            return ""
        places = [(source.name, source.location, source.group) for source in self._sources]
        asked = ([str(each) for each in requirements], [str(each) for each in constraints])
        return hashlib.sha256(f"{self._question}\n{places!r}\n{asked!r}".encode()).hexdigest()

    # Keeping and recalling

    def _keep(self, key: str, resolution: Resolution) -> None:
        if resolution.is_settled or self._real.saw_variants():
            return
        rows = [_row(package) for package in resolution.packages]
        if all(row is not None for row in rows):
            self.pages = self._client.pages_seen()
            document = {"format": _FORMAT, "pages": self.pages, "packages": rows}
            self._client.cache.put(_KIND, key, {}, json.dumps(document, separators=(",", ":")).encode())

    def _recall(self, key: str) -> Resolution | None:
        entry = self._client.cache.get(_KIND, key)
        if entry is None:
            return None
        try:
            document = json.loads(entry.body)
            if document["format"] != _FORMAT:
                return None
            pages = [(url, accept, digest) for url, accept, digest in document["pages"]]
            if not self._client.are_unchanged(pages):
                return None
            restored = self._restored(document["packages"])
        except (ValueError, KeyError, TypeError, AttributeError, InvalidFilename):
            return None
        self.pages = pages
        return restored

    def _restored(self, rows: Sequence[Mapping[str, Any]]) -> Resolution:
        installed = {found.project: found for found in self._target.installed()}
        sources: dict[str, Source] = {source.name: source for source in self._sources}
        packages = []
        for row in rows:
            package = ResolvedPackage(
                project=row["project"],
                version=row["version"],
                metadata=_metadata(row["metadata"]),
                extras=tuple(row["extras"]),
                requires=tuple(row["requires"]),
                requested=row["requested"],
                pinned=row["pinned"],
            )
            if row["file"] is None:
                kept = installed[package.project]
                packages.append(replace(package, kept=kept, metadata=kept.metadata()))
                continue
            source = row["source"]
            file = File(**row["file"], source=sources[source])
            verdict = WheelVerdict(
                file, WheelFilename.parse(file.filename), Status.SELECTED, row["reason"], 0
            )
            choice = Choice(package.project, package.version, source, row["machine"], (verdict,))
            packages.append(replace(package, choice=choice))
        return Resolution(tuple(packages))


def _row(package: ResolvedPackage) -> Mapping[str, Any] | None:
    """Return what has to be known of a package, None if it is more than can be kept."""
    file, choice = package.file, package.choice
    if package.direct_url is not None or (choice is not None and choice.sources is not None):
        return None
    if package.kept is None and (file is None or file.is_local or file.digest is None or file.rim):
        return None
    if file is not None and (file.digest is None or not file.digest.is_strong or package.label):
        return None
    metadata = package.metadata
    return {
        "project": package.project,
        "version": package.version,
        "extras": package.extras,
        "requires": package.requires,
        "requested": package.requested,
        "pinned": package.pinned,
        "machine": choice.machine if choice is not None else "",
        "reason": choice.verdicts[0].reason if choice is not None else "",
        "metadata": [
            metadata.name, metadata.version, metadata.metadata_version, metadata.requires_python,
            metadata.requires, metadata.extras, metadata.default_extras,
        ],
        "source": file.source.name if file is not None else "",
        "file": {name: getattr(file, name) for name in _FILE_FIELDS} if file is not None else None,
    }  # fmt: skip


def _metadata(row: Sequence[Any]) -> CoreMetadata:
    name, version, form, python, requires, extras, defaults = row
    return CoreMetadata(name, version, form, python, tuple(requires), tuple(extras), tuple(defaults))


def _stamp(installed: "InstalledDistribution") -> str:
    try:
        status = (installed.path / "METADATA").stat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_size}"
