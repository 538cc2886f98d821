"""One installation: from the resolver's answer to files that are checked and in the store, to the change."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rewheel.cli.narration import choice_lines, collecting_line
from rewheel.cli.requirements_file import Asked
from rewheel.cli.session import Session
from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.environments import Target
    from rewheel.installing import InstallItem, Report
    from rewheel.resolution import Resolution, ResolvedPackage, Resolver

__all__ = ["Done", "Installation"]

_MOST_ATTEMPTS = 50


class _Fetched(NamedTuple):
    """A package, the SHA-256 of its wheel, and what is wrong with the wheel, if anything."""

    package: "ResolvedPackage"
    sha256: str
    problem: str


class Done(NamedTuple):
    """What was found, what was changed, and the SHA-256 of each wheel by project."""

    resolution: "Resolution"
    report: "Report"
    digests: Mapping[str, str]


@dataclass(slots=True)
class Installation:
    """Carries out what a resolver finds, in one session, for one target."""

    session: Session
    resolver: "Resolver"
    asked: Asked
    target: "Target"
    is_quiet: bool = False

    def resolve(self) -> "Resolution":
        """Find the answer and tell how each wheel was chosen; raises ResolutionError."""
        resolution = self.resolver.resolve(self.asked.requirements, self.asked.constraints)
        self._require_hashes(resolution)
        for package in resolution.packages:
            if package.choice is not None:
                for line in choice_lines(package.choice):
                    self._say(line)
        return resolution

    def run(self) -> Done:
        """Resolve, fetch and install.

        A wheel that is not what its index says is taken out, and another answer is sought. Raises
        RewheelError; the environment is then as it was.
        """
        from rewheel.resolution import WheelRejected

        for _ in range(_MOST_ATTEMPTS):
            resolution = self.resolve()
            fetched = self._fetch(resolution)
            untruthful = [each for each in fetched if each.problem]
            if not untruthful:
                digests = {each.package.project: each.sha256 for each in fetched}
                return Done(resolution, self._change(fetched), digests)
            for each in untruthful:
                self._give_up(each)
        raise WheelRejected("too many wheels are not what their index says")

    def _say(self, line: str) -> None:
        if self.is_quiet:
            self.session.output.detail(line)
        else:
            self.session.output.say(line)

    def _give_up(self, fetched: _Fetched) -> None:
        """Take a wheel out of the search, or stop if the user named this very version or file."""
        from rewheel.resolution import WheelRejected

        package = fetched.package
        assert package.file is not None
        assert package.choice is not None
        what = f"{package.file.filename} from {package.choice.source}"
        if package.pinned:
            raise WheelRejected(
                f"{what} cannot be used: {fetched.problem}",
                hint="ask the index's operator to repair it, or ask for another version",
            )
        self.session.reporter.warning(f"{what} is ignored: {fetched.problem}")
        self.resolver.reject(package, fetched.problem)

    def _fetch(self, resolution: "Resolution") -> list[_Fetched]:
        """Put all wheels into the store, several at a time."""
        wanted = [package for package in resolution.packages if package.wheel is not None]
        for package in wanted:
            self._say(collecting_line(package))
        if not wanted:
            return []
        parent = self.session.cache_dir / "downloads"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as folder:
                return self.session.client.map(lambda package: self._fetch_one(package, Path(folder)), wanted)
        except OSError as error:
            raise RewheelError(
                f"{error.filename or parent}: {error.strerror or error}",
                hint="choose another place with --cache-dir, or go without with --no-cache",
            ) from error

    def _fetch_one(self, package: "ResolvedPackage", folder: Path) -> _Fetched:
        file = package.file
        assert file is not None
        store = self.session.store
        sha256 = file.hashes.get("sha256", "").lower()
        stored = store.get(sha256) if sha256 else None
        if stored is None or self._has_other_hashes(package, sha256):
            retrieved = self.session.client.retrieve(file, folder / package.project)
            problem = self._wrong_hash(package, retrieved.path)
            if problem:
                return _Fetched(package, retrieved.sha256, problem)
            sha256 = retrieved.sha256
            problem = _check_wheel(retrieved.path, package)
            if not problem:
                store.add(retrieved.path, sha256)
            retrieved.path.unlink(missing_ok=True)
            return _Fetched(package, sha256, problem)
        return _Fetched(package, sha256, _check_tree(stored.tree, package))

    def _has_other_hashes(self, package: "ResolvedPackage", sha256: str) -> bool:
        """Tell whether the wheel has to be read again, for a hash that the index does not give."""
        allowed = self.asked.hashes.get(package.project)
        return allowed is not None and f"sha256:{sha256}" not in allowed

    def _wrong_hash(self, package: "ResolvedPackage", path: Path) -> str:
        import hashlib

        allowed = self.asked.hashes.get(package.project)
        if allowed is None:
            return ""
        for algorithm in sorted({entry.partition(":")[0] for entry in allowed}):
            with path.open("rb") as stream:
                if f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}" in allowed:
                    return ""
        return "its hash is not among those allowed"

    def _require_hashes(self, resolution: "Resolution") -> None:
        if not self.session.settings.require_hashes:
            return
        lacking = [
            f"{package.project}=={package.version}"
            for package in resolution.packages
            if package.wheel is not None and package.project not in self.asked.hashes
        ]
        if lacking:
            raise RewheelError(
                f"hashes are required, but there is none for {', '.join(lacking)}, which something needs",
                hint="add these to the requirements file, with their hashes",
            )

    def _change(self, fetched: Sequence[_Fetched]) -> "Report":
        from rewheel.installing import InstallItem, LinkMode, Plan, apply

        items = []
        for package, sha256, _ in fetched:
            assert package.wheel is not None
            items.append(
                InstallItem(
                    filename=package.wheel.filename,
                    sha256=sha256,
                    requested=package.requested,
                    direct_url=package.direct_url,
                    extras=frozenset(package.extras),
                )
            )
        settings = self.session.settings
        return apply(
            Plan(install=tuple(items)),
            self.target,
            self.session.store,
            link_mode=LinkMode(settings.link_mode),
            compile_bytecode=bool(settings.compile),
            reporter=self.session.reporter,
            refetch=self._refetcher(fetched),
        )

    def _refetcher(self, fetched: Sequence[_Fetched]) -> "Callable[[InstallItem], Path]":
        """Return what fetches a wheel anew when the store lost or damaged it meanwhile."""
        files = {each.sha256: each.package.file for each in fetched}

        def refetch(item: "InstallItem") -> Path:
            file = files[item.sha256]
            assert file is not None
            folder = self.session.temporary_folder()
            return self.session.client.download(file, folder)

        return refetch


def _check_wheel(path: Path, package: "ResolvedPackage") -> str:
    """Say in what a wheel is not what its index says, or why it cannot be read at all."""
    from rewheel.resolution import disagreement
    from rewheel.wheels import Wheel

    assert package.wheel is not None
    if not package.label:
        return ""
    try:
        with Wheel.open(path) as wheel:
            return disagreement(wheel.variant_json(), package.wheel)
    except RewheelError as error:
        return str(error)


def _check_tree(tree: Path, package: "ResolvedPackage") -> str:
    """Do as `_check_wheel` for a wheel that is unpacked already."""
    from rewheel.resolution import disagreement

    assert package.wheel is not None
    if not package.label:
        return ""
    document = next(tree.glob("*.dist-info/variant.json"), None)
    return disagreement(document.read_bytes() if document is not None else None, package.wheel)
