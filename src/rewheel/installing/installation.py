"""From requirements to a changed environment: resolve, fetch, check, apply."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rewheel.installing.applying import apply, recover, refuse_managed
from rewheel.installing.bytecode import BytecodeMode
from rewheel.installing.errors import DamagedEntry, DigestMismatch, HashesMissing
from rewheel.installing.linking import LinkMode
from rewheel.installing.plan import InstallItem, Plan, Report
from rewheel.progress import SILENT, Reporter
from rewheel.wheels import FileSource, Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client
    from rewheel.installing.store import Store, StoredWheel
    from rewheel.metadata import Requirement
    from rewheel.resolution import (
        BuiltWheel,
        RememberingResolver,
        Resolution,
        ResolvedPackage,
        Resolver,
        WheelBuilder,
    )

__all__ = ["Installation", "Installer", "check_hash", "give_up"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Installation:
    """What an installation comes to: the whole resolution, and what has to change for it."""

    resolution: "Resolution"
    new: "tuple[ResolvedPackage, ...]"
    """The packages whose wheels are to be installed; the others are there already."""
    report: Report = field(default_factory=Report)
    """What was changed; nothing in a plan."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each wheel that was installed, in hexadecimal, by project."""


class Installer:
    """Puts into one environment what requirements need."""

    def __init__(
        self,
        *,
        resolver: "Resolver | RememberingResolver",
        client: "Client",
        target: "Target",
        store: "Store",
        allowed_hashes: Mapping[str, frozenset[str]] | None = None,
        require_hashes: bool = False,
        reinstall: bool = False,
        builder: "WheelBuilder | None" = None,
        link_mode: LinkMode = LinkMode.AUTO,
        bytecode: BytecodeMode = BytecodeMode.NEVER,
        reporter: Reporter = SILENT,
    ) -> None:
        """`allowed_hashes` maps projects to digests, as `"sha256:…"`, one of which the file must have.

        `builder` is the resolver's own, and `None` where only wheels count.
        """
        self._resolver = resolver
        self._client = client
        self._target = target
        self._store = store
        self._allowed_hashes = allowed_hashes or {}
        self._require_hashes = require_hashes
        self._reinstall = reinstall
        self._builder = builder
        self._link_mode = link_mode
        self._bytecode = bytecode
        self._reporter = reporter

    def plan(
        self, requirements: "Sequence[Requirement]", constraints: "Sequence[Requirement]" = ()
    ) -> Installation:
        """Find out what would be installed. Raises `ResolutionError`, `IndexesError` or `HashesMissing`."""
        installed = {found.project: found for found in self._target.installed()}
        resolution = self._resolver.resolve(requirements, constraints)
        new = tuple(
            package
            for package in resolution.packages
            if self._is_new(package, installed.get(package.project))
        )
        if self._require_hashes:
            lacking = [f"{p.project}=={p.version}" for p in new if p.project not in self._allowed_hashes]
            if lacking:
                raise HashesMissing(lacking)
        return Installation(resolution, new)

    def install(
        self,
        requirements: "Sequence[Requirement]",
        constraints: "Sequence[Requirement]" = (),
        *,
        tell: Callable[[Installation], None] = lambda _: None,
    ) -> Installation:
        """Install what the requirements need, all of it or nothing; `tell` hears of the plan first.

        A wheel that turns out, once it is here, not to be what its index says is passed over for the next
        best with a warning, and there is a new plan, unless a requirement names exactly that wheel (PEP 825,
        variant metadata). Raises `RewheelError`; the environment is then as it was.
        """
        refuse_managed(self._target)  # before anything is fetched in vain
        recover(self._target, reporter=self._reporter)
        with self._store.workplace() as folder:
            while True:
                planned = self.plan(requirements, constraints)
                tell(planned)
                fetched = self._gather(planned.new, folder)
                untrue = [found for found in fetched if found.problem]
                if not untrue:
                    return self._apply(planned, fetched, folder)
                for found in untrue:
                    give_up(found.package, found.problem, self._resolver, self._reporter)

    def _is_new(self, package: "ResolvedPackage", installed: "InstalledDistribution | None") -> bool:
        if package.kept is not None:
            return False
        if installed is None or installed.damage or self._reinstall or package.direct_url is not None:
            return True
        return (installed.version, installed.label) != (package.version, package.label)

    def _gather(self, packages: "Sequence[ResolvedPackage]", folder: Path) -> "list[_Fetched]":
        """Put the packages' wheels into the store; threads are only for those that are not there."""
        found = {package.project: self._find(package) for package in packages}
        lacking = [package for package in packages if found[package.project] is None]
        for fetched in self._client.map(lambda package: self._fetch(package, folder), lacking):
            found[fetched.package.project] = fetched
        return [fetched for fetched in found.values() if fetched is not None]

    def _find(self, package: "ResolvedPackage") -> "_Fetched | None":
        """Find a package's wheel in the store."""
        if package.sources is not None or package.wheel is None:
            return None
        sha256 = package.wheel.file.hashes.get("sha256", "").lower()
        allowed = self._allowed_hashes.get(package.project)
        if _SHA256.fullmatch(sha256) and (allowed is None or f"sha256:{sha256}" in allowed):
            problem = self._problem_in_store(package, sha256)
            if problem is not None:
                return _Fetched(package, sha256, problem)
        return None

    def _fetch(self, package: "ResolvedPackage", folder: Path) -> "_Fetched":
        """Put a package's wheel into the store, if it is what its index says."""
        from rewheel.resolution import disagreement

        if package.sources is not None:
            return self._build(package)
        assert package.wheel is not None
        file = package.wheel.file
        allowed = self._allowed_hashes.get(package.project)
        path, sha256 = self._client.retrieve(file, folder / package.project)
        if allowed is not None:
            check_hash(path, sha256, allowed)
        with Wheel.over(FileSource(path), package.wheel.filename) as wheel:
            problem = disagreement(wheel.variant_json(), package.wheel)
        if not problem:
            self._store.add(path, sha256, filename=package.wheel.filename, is_verified=True)
        path.unlink(missing_ok=True)
        return _Fetched(package, sha256, problem)

    def _build(self, package: "ResolvedPackage") -> "_Fetched":
        """Put the wheel that a package's sources become into the store."""
        assert self._builder is not None
        assert package.sources is not None
        built = self._builder.build(package.sources)
        self._store.add(built.path, built.sha256, filename=built.filename)
        return _Fetched(package, built.sha256, "", built)

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

    def _apply(self, planned: Installation, fetched: "Sequence[_Fetched]", folder: Path) -> Installation:
        if not fetched:
            return planned
        installed = {found.project: found for found in self._target.installed()}
        items = [_item(found, installed.get(found.package.project)) for found in fetched]
        by_digest = {found.sha256: found for found in fetched}

        def refetch(item: InstallItem) -> Path:
            found = by_digest[item.sha256]
            if found.built is not None:
                return found.built.path
            file = found.package.file
            assert file is not None
            return self._client.download(file, folder / "again")

        report = apply(
            Plan(install=tuple(items)),
            self._target,
            self._store,
            link_mode=self._link_mode,
            bytecode=self._bytecode,
            reporter=self._reporter,
            refetch=refetch,
        )
        digests = {found.package.project: found.sha256 for found in fetched}
        return Installation(planned.resolution, planned.new, report, digests)


class _Fetched(NamedTuple):
    """A package, the SHA-256 of its wheel, and in what the wheel is not what its index says."""

    package: "ResolvedPackage"
    sha256: str
    problem: str
    built: "BuiltWheel | None" = None


def _item(found: _Fetched, installed: "InstalledDistribution | None") -> InstallItem:
    package = found.package
    if found.built is not None:
        filename = found.built.filename
    else:
        assert package.wheel is not None
        filename = package.wheel.filename
    return InstallItem(
        filename=filename,
        sha256=found.sha256,
        requested=package.requested or (installed is not None and installed.requested),
        direct_url=_direct_url(found),
        extras=frozenset(package.extras),
    )


def _direct_url(found: _Fetched) -> Mapping[str, Any] | None:
    """Return where the package came from (PEP 610), with the hash of a wheel that was fetched from there."""
    document = found.package.direct_url
    if document is not None and found.built is None and not document.get("archive_info", {}).get("hashes"):
        return {**document, "archive_info": {"hashes": {"sha256": found.sha256}}}
    return document


def _stored_variant(stored: "StoredWheel") -> bytes | None:
    path = f"{stored.manifest.dist_info}/variant.json"
    described = next((file for name, file in stored.manifest.files() if name == path), None)
    return stored.read(path, described) if described is not None else None


def give_up(
    package: "ResolvedPackage", problem: str, resolver: "Resolver | RememberingResolver", reporter: Reporter
) -> None:
    """Take a wheel out of the search, or stop if the user named this very version or file."""
    assert package.file is not None
    assert package.choice is not None
    where = f"{package.file.filename} from {package.choice.source}"
    if package.pinned:
        from rewheel.resolution import WheelRejected

        raise WheelRejected(
            f"{where} can't be installed: {problem}",
            hint="ask the index's operator to repair it, or ask for another version",
        )
    reporter.warning(f"{where} is ignored: {problem}")
    resolver.reject(package, problem)


def check_hash(path: Path, sha256: str, allowed: frozenset[str]) -> None:
    """Hold a file against the hashes that the user allows, whatever the index advertised."""
    for algorithm in sorted({entry.partition(":")[0] for entry in allowed}):
        with path.open("rb") as file:
            if f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}" in allowed:
                return
    raise DigestMismatch(path.name, " or ".join(sorted(allowed)), sha256)
