"""From requirements to a changed environment: resolve, fetch, check, apply."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.installing.applying import apply, recover, refuse_managed
from rewheel.installing.bytecode import BytecodeMode
from rewheel.installing.gathering import Gathered, Gathering
from rewheel.installing.linking import LinkMode
from rewheel.installing.plan import InstallItem, Plan
from rewheel.installing.planning import Installation, Planner
from rewheel.progress import SILENT, Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client
    from rewheel.installing.crew import Crew
    from rewheel.installing.store import Store
    from rewheel.metadata import Requirement
    from rewheel.resolution import RememberingResolver, ResolvedPackage, Resolver, WheelBuilder

__all__ = ["Installer", "give_up"]


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
        crew: "Crew | None" = None,
    ) -> None:
        """`allowed_hashes` maps projects to digests, as `"sha256:…"`, one of which the file must have.

        `builder` is the resolver's own, and `None` where only wheels count. `crew` unpacks the wheels of the
        first installation; without one, somebody is found.
        """
        self._planner = Planner(
            resolver=resolver,
            target=target,
            allowed_hashes=allowed_hashes,
            require_hashes=require_hashes,
            reinstall=reinstall,
        )
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
        self._crew = crew

    def plan(
        self, requirements: "Sequence[Requirement]", constraints: "Sequence[Requirement]" = ()
    ) -> Installation:
        """Find out what would be installed, as `Planner.plan` does."""
        return self._planner.plan(requirements, constraints)

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
        with self._store.workplace() as folder, self._gathering(folder) as gathering:
            while True:
                planned = self._planner.plan(requirements, constraints, gathering.expect)
                tell(planned)
                fetched = gathering.gather(planned.new)
                untrue = [found for found in fetched if found.problem]
                if not untrue:
                    return self._apply(planned, fetched, folder)
                for found in untrue:
                    give_up(found.package, found.problem, self._resolver, self._reporter)

    def _gathering(self, folder: Path) -> Gathering:
        crew, self._crew = self._crew, None
        present = set() if self._reinstall else {(f.project, f.version) for f in self._target.installed()}
        return Gathering(
            self._client,
            self._store,
            folder,
            allowed_hashes=self._allowed_hashes,
            require_hashes=self._require_hashes,
            present=present,
            builder=self._builder,
            crew=crew,
        )

    def _apply(self, planned: Installation, fetched: "Sequence[Gathered]", folder: Path) -> Installation:
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


def _item(found: Gathered, installed: "InstalledDistribution | None") -> InstallItem:
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


def _direct_url(found: Gathered) -> Mapping[str, Any] | None:
    """Return where the package came from (PEP 610), with the hash of a wheel that was fetched from there."""
    document = found.package.direct_url
    if document is not None and found.built is None and not document.get("archive_info", {}).get("hashes"):
        return {**document, "archive_info": {"hashes": {"sha256": found.sha256}}}
    return document


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
