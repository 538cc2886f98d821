"""All wheels of a project: built side by side, finished ones kept, failures told at the end."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.builds.errors import BuildsError, ConflictingWheels
from rewheel.builds.matrix.declaration import Declaration
from rewheel.builds.matrix.freezing import build_providers
from rewheel.builds.matrix.journal import Journal
from rewheel.builds.matrix.labelled import LabelledBuild, Settings
from rewheel.builds.matrix.products import Outcome, Product
from rewheel.builds.matrix.trees import digest_of_tree
from rewheel.builds.processes import Stopped
from rewheel.builds.unpacking import unpack_sources
from rewheel.errors import RewheelError
from rewheel.variants import NULL_LABEL
from rewheel.wheels import replacing

if TYPE_CHECKING:
    from rewheel.builds.project import BuildSystem
    from rewheel.builds.workshop import Workshop

__all__ = ["Matrix"]


def _to_nobody(product: Product) -> None:
    del product


@dataclass(frozen=True, slots=True)
class Matrix:
    """Builds labels for interpreters into a folder, in which nothing is ever half written."""

    root: Path
    """The source tree."""
    name: str
    """The project, as messages call it."""
    declaration: Declaration
    system: "BuildSystem"
    workshops: "Sequence[Workshop]"
    """One for each interpreter."""
    output: Path
    journals: Path
    """The folder in which it is remembered what was finished."""
    settings: Settings
    jobs: int = 1
    """How many builds may run at a time."""
    rebuild: bool = False
    """Whether what was finished by earlier runs is built again."""
    told: Callable[[Product], None] = _to_nobody
    """Hears of each product when it is there."""
    installing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Held while a build's environment is filled: one installation uses all connections already."""

    def run(self, labels: Sequence[str], *, sdist: bool) -> list[Product]:
        """Build the labels, an empty one being the plain wheel, in their order.

        With `sdist`, the source distribution is made first and the wheels of it, as their users would; if it
        fails, nothing else is tried. Failures are among the products. Raises `RewheelError` only for what
        concerns all of them.
        """
        with tempfile.TemporaryDirectory(prefix="rewheel-matrix-", ignore_cleanup_errors=True) as folder:
            workplace = Path(folder)
            products: list[Product] = []
            tree, without = self.root, [self.output]
            if sdist:
                made = self._sdist(workplace)
                products.append(made)
                self.told(made)
                if made.path is None:
                    return products
                tree, without = unpack_sources(made.path, workplace / "sources"), []
            run = _Run(self, workplace, tree, without)
            return products + run.all(labels)

    def _sdist(self, workplace: Path) -> Product:
        build = self.build(("",), self.root, digest_of_tree(self.root), 0, [self.output])
        try:
            made = build.run_sdist(workplace / "sdist")
            return Product("(sdist)", Outcome.BUILT, path=_publish(made, self.output))
        except RewheelError as error:
            return Product("(sdist)", Outcome.FAILED, error=error, log=getattr(error, "log", None))

    def build(
        self, labels: tuple[str, ...], tree: Path, digest: str, which: int, without: Sequence[Path]
    ) -> LabelledBuild:
        """Return how labels are built with one of the interpreters."""
        return LabelledBuild(
            labels,
            tree,
            digest,
            self.name,
            self.declaration,
            self.system,
            self.workshops[which],
            self.settings,
            without,
            self.installing,
        )


class _Run:
    """One run: which builds there are, what they became, and which wheels are there already."""

    def __init__(self, matrix: Matrix, workplace: Path, tree: Path, without: Sequence[Path]) -> None:
        self._matrix = matrix
        self._workplace = workplace
        self._tree = tree
        self._without = without
        self._digest = digest_of_tree(tree)
        self._journal = Journal(matrix.journals, matrix.output)
        self._lock = threading.Lock()
        self._made: dict[str, str] = {}
        """The digest of each wheel that was made in this run, by file name."""

    def all(self, labels: Sequence[str]) -> list[Product]:
        builds = [
            (which, group)
            for which in range(len(self._matrix.workshops))
            for group in _groups(labels, self._matrix.declaration)
        ]
        pool = ThreadPoolExecutor(max_workers=max(1, self._matrix.jobs))
        try:
            waiting = [pool.submit(self._products, which, group) for which, group in builds]
            found = [product for future in waiting for product in future.result()]
        except BaseException:
            for workshop in self._matrix.workshops:
                workshop.processes.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        pool.shutdown()
        order = {_named(label): position for position, label in enumerate(labels)}
        pythons = [_version(workshop) for workshop in self._matrix.workshops]
        return sorted(found, key=lambda item: (pythons.index(item.python), order[item.name]))

    def _products(self, which: int, labels: tuple[str, ...]) -> list[Product]:
        found = self._attempt(which, labels)
        for product in found:
            self._matrix.told(product)
        return found

    def _attempt(self, which: int, labels: tuple[str, ...]) -> list[Product]:
        matrix = self._matrix
        build = matrix.build(labels, self._tree, self._digest, which, self._without)
        python = _version(build.workshop)

        def product(label: str, outcome: Outcome, **more: object) -> Product:
            return Product(_named(label), outcome, python, **more)  # type: ignore[arg-type]

        if not build.recipe.admits(python):
            return [product(label, Outcome.SKIPPED) for label in labels]
        keys = {label: build.key(label) for label in labels}
        kept = {label: self._finished(key) for label, key in keys.items()}
        if all(kept.values()):
            return [product(label, Outcome.KEPT, path=kept[label]) for label in labels]
        folder = Path(tempfile.mkdtemp(dir=self._workplace))
        try:
            wheels, log = build.run(folder)
            published = [self._publish(wheel) for wheel in wheels]
        except Stopped as stopped:
            error: RewheelError = BuildsError(f"the build of {build.what} was stopped")
            error.__cause__ = stopped
            return [product(label, Outcome.FAILED, error=error) for label in labels]
        except RewheelError as error:
            log = getattr(error, "log", None)
            return [product(label, Outcome.FAILED, error=error, log=log) for label in labels]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for key, path in zip(keys.values(), published, strict=True):
            if key is not None:
                with self._lock:
                    self._journal.note(key, path)
        return [
            product(label, Outcome.BUILT, path=path, log=log)
            for label, path in zip(labels, published, strict=True)
        ]

    def _finished(self, key: str | None) -> Path | None:
        if key is None or self._matrix.rebuild:
            return None
        with self._lock:
            return self._journal.finished(key)

    def _publish(self, wheel: Path) -> Path:
        """Put a wheel into the output folder; two interpreters may well make the same one, but not two."""
        digest = _sha256(wheel)
        with self._lock:
            other = self._made.setdefault(wheel.name, digest)
        if other != digest:
            raise ConflictingWheels(wheel.name)
        return _publish(wheel, self._matrix.output)


def _groups(labels: Sequence[str], declaration: Declaration) -> list[tuple[str, ...]]:
    """Return which labels come of one build: the plain wheel and `null` do, if neither needs more for it."""
    is_simple = declaration.recipe(NULL_LABEL).is_empty and not build_providers(declaration.metadata)
    shared = is_simple and "" in labels and NULL_LABEL in labels
    groups = [(label,) for label in labels if not (shared and label in {"", NULL_LABEL})]
    return [*([("", NULL_LABEL)] if shared else []), *groups]


def _named(label: str) -> str:
    return label or "(plain)"


def _version(workshop: "Workshop") -> str:
    return ".".join(map(str, workshop.target.version))


def _publish(path: Path, output: Path) -> Path:
    """Copy a finished file to where it belongs; it appears there complete or not at all."""
    target = output / path.name
    with path.open("rb") as source, replacing(target) as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return target


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
