"""From requirements to files in a folder: resolve, fetch, check, and install nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rewheel.installing.errors import HashesMissing, InstallingError
from rewheel.installing.gathering import check_hash
from rewheel.installing.installation import give_up
from rewheel.progress import SILENT, Reporter
from rewheel.resolution import disagreement
from rewheel.values import frozen
from rewheel.wheels import FileSource, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewheel.indexes import Client
    from rewheel.metadata import Requirement
    from rewheel.resolution import Resolution, ResolvedPackage, Resolver, WheelBuilder

__all__ = ["Downloaded", "Downloader"]


@frozen
class Downloaded:
    """What requirements need, and the file of each package."""

    resolution: "Resolution"
    files: Mapping[str, Path]
    """By project."""


class Downloader:
    """Puts into one folder the wheels of what requirements need, and sources where only these would do."""

    def __init__(
        self,
        *,
        resolver: "Resolver",
        client: "Client",
        allowed_hashes: Mapping[str, frozenset[str]] | None = None,
        require_hashes: bool = False,
        builder: "WheelBuilder | None" = None,
        reporter: Reporter = SILENT,
    ) -> None:
        """Take a resolver that keeps nothing installed; `builder` is its own, None where only wheels count.

        `allowed_hashes` maps projects to digests, as `"sha256:…"`, one of which the file must have.
        """
        self._resolver = resolver
        self._client = client
        self._allowed_hashes = allowed_hashes or {}
        self._require_hashes = require_hashes
        self._builder = builder
        self._reporter = reporter

    def download(
        self,
        requirements: "Sequence[Requirement]",
        constraints: "Sequence[Requirement]",
        folder: Path,
        *,
        tell: "Callable[[Resolution], None]" = lambda _: None,
    ) -> Downloaded:
        """Fetch what the requirements need; `tell` hears of the resolution first.

        A file appears in the folder complete and checked. A variant wheel that is not what its index says is
        passed over for the next best, unless a requirement names exactly that wheel (PEP 825, variant
        metadata). Raises `RewheelError`.
        """
        while True:
            resolution = self._resolver.resolve(requirements, constraints)
            if self._require_hashes:
                lacking = [p for p in resolution.packages if p.project not in self._allowed_hashes]
                if lacking:
                    raise HashesMissing([f"{p.project}=={p.version}" for p in lacking])
            tell(resolution)
            fetched = self._client.map(lambda package: self._fetch(package, folder), resolution.packages)
            untrue = [found for found in fetched if found.problem]
            if not untrue:
                return Downloaded(resolution, {found.package.project: found.path for found in fetched})
            for found in untrue:
                give_up(found.package, found.problem, self._resolver, self._reporter)

    def _fetch(self, package: "ResolvedPackage", folder: Path) -> "_Fetched":
        sources = package.sources
        if sources is not None and (sources.file is None or sources.url):
            return _Fetched(package, self._build(package, folder), "")
        file = sources.file if sources is not None else package.file
        assert file is not None
        was_there = (folder / file.filename).exists()
        path, sha256 = self._client.retrieve(file, folder)
        allowed = self._allowed_hashes.get(package.project)
        is_good = False
        try:
            if allowed is not None:
                check_hash(path, sha256, allowed)
            problem = ""
            if package.wheel is not None:
                with Wheel.over(FileSource(path), package.wheel.filename) as wheel:
                    problem = disagreement(wheel.variant_json(), package.wheel)
            is_good = not problem
        finally:
            if not (is_good or was_there):
                path.unlink(missing_ok=True)
        return _Fetched(package, path, problem)

    def _build(self, package: "ResolvedPackage", folder: Path) -> Path:
        """Make a wheel of a folder or repository, as pip does: neither is a file that could be kept."""
        import shutil

        assert self._builder is not None
        assert package.sources is not None
        built = self._builder.build(package.sources)
        path = folder / str(built.filename)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(built.path, path)
        except OSError as error:
            raise InstallingError(f"{path}: cannot be written: {error.strerror or error}") from error
        return path


class _Fetched(NamedTuple):
    package: "ResolvedPackage"
    path: Path
    problem: str
    """In what the wheel is not what its index says."""
