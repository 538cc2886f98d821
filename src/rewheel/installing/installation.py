"""From requirements to a changed environment: resolve, fetch, check, apply."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rewheel.installing.applying import apply, recover
from rewheel.installing.errors import DigestMismatch
from rewheel.installing.linking import LinkMode
from rewheel.installing.plan import InstallItem, Plan, Report
from rewheel.progress import SILENT, Reporter
from rewheel.resolution import WheelRejected, disagreement
from rewheel.variants import WheelFilename
from rewheel.wheels import FileSource, Wheel

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client
    from rewheel.installing.store import Store
    from rewheel.metadata import Requirement
    from rewheel.resolution import Resolution, ResolvedPackage, Resolver

__all__ = ["Installation", "Installer"]

_STRONGER = frozenset({"sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Installation:
    """What an installation came to: the whole resolution, and what had to change for it."""

    resolution: "Resolution"
    changed: "tuple[ResolvedPackage, ...]"
    """The packages that were, or in a dry run would be, installed; the others were there already."""
    report: Report = field(default_factory=Report)
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each wheel that was installed, in hexadecimal, by project."""


class Installer:
    """Puts into one environment what requirements need."""

    def __init__(
        self,
        *,
        resolver: "Resolver",
        client: "Client",
        target: "Target",
        store: "Store",
        allowed_hashes: Mapping[str, frozenset[str]] | None = None,
        reinstall: bool = False,
        link_mode: LinkMode = LinkMode.AUTO,
        compile_bytecode: bool = False,
        reporter: Reporter = SILENT,
    ) -> None:
        """`allowed_hashes` maps projects to digests, as `"sha256:…"`, one of which the file must have."""
        self._resolver = resolver
        self._client = client
        self._target = target
        self._store = store
        self._allowed_hashes = allowed_hashes or {}
        self._reinstall = reinstall
        self._link_mode = link_mode
        self._compile_bytecode = compile_bytecode
        self._reporter = reporter

    def plan(
        self, requirements: "Sequence[Requirement]", constraints: "Sequence[Requirement]" = ()
    ) -> Installation:
        """Find out what would be installed. Raises `ResolutionError` or `IndexesError`."""
        installed = {found.project: found for found in self._target.installed()}
        resolution = self._resolver.resolve(requirements, constraints)
        changed = tuple(
            package
            for package in resolution.packages
            if self._is_new(package, installed.get(package.project))
        )
        return Installation(resolution, changed)

    def install(
        self, requirements: "Sequence[Requirement]", constraints: "Sequence[Requirement]" = ()
    ) -> Installation:
        """Install what the requirements need, all of it or nothing.

        A wheel that turns out, once it is here, not to be what its index says is passed over for the next
        best with a warning, unless a requirement names exactly it (PEP 825, variant metadata). Raises
        `RewheelError`; the environment is then as it was.
        """
        recover(self._target, reporter=self._reporter)
        with tempfile.TemporaryDirectory(prefix="rewheel-", ignore_cleanup_errors=True) as folder:
            while True:
                planned = self.plan(requirements, constraints)
                items = self._acquire(planned.changed, Path(folder))
                if items is not None:
                    break
            digests = {item.filename.project: item.sha256 for item in items}
            return Installation(planned.resolution, planned.changed, self._apply(items), digests)

    def _is_new(self, package: "ResolvedPackage", installed: "InstalledDistribution | None") -> bool:
        if package.kept is not None:
            return False
        if installed is None or self._reinstall or package.direct_url is not None:
            return True
        return (installed.version, installed.label) != (package.version, package.label)

    def _acquire(self, packages: "Sequence[ResolvedPackage]", folder: Path) -> list[InstallItem] | None:
        """Fetch and check the wheels; `None` if one had to be rejected, so that another must be found."""
        installed = {found.project: found for found in self._target.installed()}
        items = self._client.map(lambda package: self._item(package, folder), packages)
        for package, item in zip(packages, items, strict=True):
            problem = self._problem(package, item)
            if problem:
                assert package.file is not None
                assert package.choice is not None
                where = f"{package.file.filename} from {package.choice.source}"
                if package.pinned:
                    raise WheelRejected(f"{where} can't be installed: {problem}")
                self._reporter.warning(f"{where} is ignored: {problem}")
                self._resolver.reject(package, problem)
                return None
        return [
            InstallItem(
                filename=item.filename,
                sha256=item.sha256,
                wheel=item.wheel,
                requested=package.requested or _was_requested(installed.get(package.project)),
                direct_url=package.direct_url,
                extras=frozenset(package.extras),
            )
            for package, item in zip(packages, items, strict=True)
        ]

    def _item(self, package: "ResolvedPackage", folder: Path) -> "_Acquired":
        """Take the wheel from the store or from disk, else fetch it."""
        assert package.wheel is not None
        file, filename = package.wheel.file, package.wheel.filename
        known = file.hashes.get("sha256", "").lower()
        stored = self._store.get(known) if known else None
        if stored is not None:
            path = f"{stored.manifest.dist_info}/variant.json"
            described = next((found for name, found in stored.manifest.files() if name == path), None)
            return _Acquired(filename, known, None, stored.read(path, described) if described else None)
        retrieved = self._client.retrieve(file, folder)
        with Wheel.over(FileSource(retrieved.path), filename) as wheel:
            return _Acquired(filename, retrieved.sha256, retrieved.path, wheel.variant_json())

    def _problem(self, package: "ResolvedPackage", acquired: "_Acquired") -> str:
        assert package.wheel is not None
        allowed = self._allowed_hashes.get(package.project)
        if allowed is not None:
            self._check_hash(acquired, allowed)
        return disagreement(acquired.variant_json, package.wheel)

    def _check_hash(self, acquired: "_Acquired", allowed: frozenset[str]) -> None:
        """Hold the file against the hashes that the user allows, whatever the index advertised."""
        if f"sha256:{acquired.sha256}" in allowed:
            return
        for entry in allowed:
            algorithm, _, digest = entry.partition(":")
            if algorithm in _STRONGER and acquired.wheel is not None:
                with acquired.wheel.open("rb") as file:
                    if hashlib.file_digest(file, algorithm).hexdigest() == digest.lower():
                        return
        expected = ", ".join(sorted(allowed))
        raise DigestMismatch(str(acquired.filename), expected, f"sha256:{acquired.sha256}")

    def _apply(self, items: Sequence[InstallItem]) -> Report:
        if not items:
            return Report()
        return apply(
            Plan(install=tuple(items)),
            self._target,
            self._store,
            link_mode=self._link_mode,
            compile_bytecode=self._compile_bytecode,
            reporter=self._reporter,
        )


class _Acquired(NamedTuple):
    """A wheel that is at hand, in the store or as a file."""

    filename: WheelFilename
    sha256: str
    wheel: Path | None
    variant_json: bytes | None


def _was_requested(installed: "InstalledDistribution | None") -> bool:
    return installed is not None and installed.requested
