"""Getting wheels into the store, and beginning with it before it is certain which are needed."""

import hashlib
import re
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from rewheel.installing.crew import Crew
from rewheel.installing.errors import DamagedEntry, DigestMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewheel.indexes import Client, File
    from rewheel.indexes.downloads import Retrieved
    from rewheel.installing.store import Store, StoredWheel
    from rewheel.pool import Job, Pool
    from rewheel.resolution import BuiltWheel, ResolvedPackage, WheelBuilder, WheelVerdict

__all__ = ["Gathered", "Gathering", "check_hash"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 8
"""Downloads at the same time: enough to fill any line, and few enough to leave the resolver its own."""
_THREADS = 64
"""Threads for wheels: most wait until somebody unpacks theirs, while others go on with downloading."""
_LIKELY_LIMIT = 64 * 1024 * 1024
"""Bytes of a wheel that is fetched before it is certain that it is needed; a mistake must not cost much."""


class Gathered(NamedTuple):
    """A package, the SHA-256 of its wheel, and in what the wheel is not what its index says."""

    package: "ResolvedPackage"
    sha256: str
    problem: str
    built: "BuiltWheel | None" = None


class Gathering:
    """Fetches and unpacks the wheels of one installation; a context manager."""

    def __init__(
        self,
        client: "Client",
        store: "Store",
        folder: Path,
        *,
        allowed_hashes: Mapping[str, frozenset[str]],
        require_hashes: bool,
        present: Collection[tuple[str, str]],
        builder: "WheelBuilder | None",
        crew: Crew | None = None,
    ) -> None:
        """Use `folder`, which is nobody else's, for what is on its way; `present` is what is installed.

        The crew is sent home in the end.
        """
        self._client = client
        self._store = store
        self._folder = folder
        self._allowed_hashes = allowed_hashes
        self._require_hashes = require_hashes
        self._present = present
        self._builder = builder
        self._crew = crew or Crew(store, split=True)  # before there are threads
        self._line = threading.Semaphore(_AT_ONCE)
        self._pool: Pool | None = None
        self._likely: dict[str, Job[StoredWheel]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            # What is still on its way is of no use any more, and ends when the client hangs up.
            self._pool.close(wait=False)
        self._crew.close()

    def expect(self, project: str, verdict: "WheelVerdict") -> None:
        """Begin to fetch a wheel that is probably needed; whatever goes wrong counts only if it is."""
        file = verdict.file
        sha256 = file.hashes.get("sha256", "").lower()
        if (
            verdict.label  # has to be held against the index's word first
            or file.is_local
            or sha256 in self._likely
            or (project, verdict.filename.version) in self._present
            or not self._is_allowed(project, sha256)
            or (self._require_hashes and project not in self._allowed_hashes)
            or not 0 < (file.size or 0) <= _LIKELY_LIMIT
            or self._store.has(sha256)
        ):
            return
        self._crew.prepare()

        def fetch(file: "File") -> "StoredWheel":
            path, actual = self._retrieve(file, f"{project}-{sha256[:16]}")
            stored = self._crew.add(path, actual, verdict.filename)
            path.unlink(missing_ok=True)
            return stored

        self._likely[sha256] = self._begin(fetch, file)

    def gather(self, packages: "Sequence[ResolvedPackage]") -> list[Gathered]:
        """Put the packages' wheels into the store; threads are only for those that are not there.

        Raises the first failure in the packages' order.
        """
        found = {package.project: self._find(package) for package in packages}
        lacking = [package for package in packages if found[package.project] is None]
        if len(lacking) == 1:
            found[lacking[0].project] = self._fetch(lacking[0])
        elif lacking:
            largest_first = sorted(lacking, key=_size, reverse=True)
            started = {package.project: self._begin(self._fetch, package) for package in largest_first}
            for package in lacking:
                found[package.project] = started[package.project].result()
        return [gathered for gathered in found.values() if gathered is not None]

    def _begin(self, function: "Callable[[Item], Result]", item: "Item") -> "Job[Result]":
        if self._pool is None:
            from rewheel.pool import Pool

            self._pool = Pool(_THREADS, "rewheel-wheel")
        job = self._pool.begin(function, item)
        assert job is not None  # it is closed when nobody begins anything any more
        return job

    def _retrieve(self, file: "File", name: str) -> "Retrieved":
        """Fetch a file into a folder of its own, when it is its turn."""
        with self._line:
            return self._client.retrieve(file, self._folder / name)

    def _is_allowed(self, project: str, sha256: str) -> bool:
        allowed = self._allowed_hashes.get(project)
        return bool(_SHA256.fullmatch(sha256)) and (allowed is None or f"sha256:{sha256}" in allowed)

    def _find(self, package: "ResolvedPackage") -> Gathered | None:
        """Find a package's wheel in the store, or in what was begun."""
        if package.sources is not None or package.wheel is None:
            return None
        sha256 = package.wheel.file.hashes.get("sha256", "").lower()
        begun = self._likely.get(sha256)
        if begun is not None and not package.label:
            begun.result()
        if self._is_allowed(package.project, sha256):
            problem = self._problem_in_store(package, sha256)
            if problem is not None:
                return Gathered(package, sha256, problem)
        return None

    def _fetch(self, package: "ResolvedPackage") -> Gathered:
        """Put a package's wheel into the store, if it is what its index says."""
        if package.sources is not None:
            return self._build(package)
        assert package.wheel is not None
        file, filename = package.wheel.file, package.wheel.filename
        allowed = self._allowed_hashes.get(package.project)
        path, sha256 = self._retrieve(file, package.project)
        if allowed is not None:
            check_hash(path, sha256, allowed)
        problem = _problem_of(package, path)
        if not problem:
            self._crew.add(path, sha256, filename)
        path.unlink(missing_ok=True)
        return Gathered(package, sha256, problem)

    def _build(self, package: "ResolvedPackage") -> Gathered:
        """Put the wheel that a package's sources become into the store."""
        assert self._builder is not None
        assert package.sources is not None
        built = self._builder.build(package.sources)
        self._store.add(built.path, built.sha256, filename=built.filename)
        return Gathered(package, built.sha256, "", built)

    def _problem_in_store(self, package: "ResolvedPackage", sha256: str) -> str | None:
        """Hold a stored wheel against the index's word; `None` if the store has none, or a damaged one."""
        assert package.wheel is not None
        stored = self._store.get(sha256)
        if stored is None:
            return None
        if not package.label:
            return ""  # there is nothing that the index could have said wrongly
        from rewheel.resolution import disagreement

        try:
            return disagreement(_stored_variant(stored), package.wheel)
        except DamagedEntry:
            self._store.discard(sha256)
            return None


def _problem_of(package: "ResolvedPackage", path: Path) -> str:
    """Say in what a wheel is not what its index says; a plain one cannot be anything else."""
    if not package.label:
        return ""
    from rewheel.resolution import disagreement
    from rewheel.wheels import FileSource, Wheel

    assert package.wheel is not None
    with Wheel.over(FileSource(path), package.wheel.filename) as wheel:
        return disagreement(wheel.variant_json(), package.wheel)


def _size(package: "ResolvedPackage") -> int:
    return (package.file.size or 0) if package.file is not None else 0


def _stored_variant(stored: "StoredWheel") -> bytes | None:
    path = f"{stored.manifest.dist_info}/variant.json"
    described = stored.manifest.find(path)
    return stored.read(path, described) if described is not None else None


def check_hash(path: Path, sha256: str, allowed: frozenset[str]) -> None:
    """Hold a file against the hashes that the user allows, whatever the index advertised."""
    for algorithm in sorted({entry.partition(":")[0] for entry in allowed}):
        with path.open("rb") as file:
            if f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}" in allowed:
                return
    raise DigestMismatch(path.name, " or ".join(sorted(allowed)), sha256)
